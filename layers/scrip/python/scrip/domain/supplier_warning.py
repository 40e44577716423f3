"""What a merchant is told of its suppliers: once for each change."""

from dataclasses import dataclass
from enum import Enum

from scrip.domain.catalogue import Variant
from scrip.domain.money import Money
from scrip.domain.route import Barred, Halt
from scrip.domain.standing import Known, Low


class SupplierAbout(Enum):
    """What a warning is about."""

    LOW = "supplier.balance_low"
    HALTED = "variant.halted"
    RESUMED = "variant.resumed"


@dataclass(frozen=True, slots=True)
class SupplierWarning:
    """`event_id` is the same however often it is told. `account` and `balance` where it is about
    those; `variant_id`, `title` and `why` where it is about what is sold."""

    merchant_id: str
    event_id: str
    about: SupplierAbout
    at_ms: int
    account: str = ""
    balance: Money | None = None
    variant_id: str = ""
    title: str = ""
    why: tuple[Barred, ...] = ()


def balance_low(merchant_id: str, account: str, balance: Known, low: Low) -> SupplierWarning:
    return SupplierWarning(
        merchant_id,
        event_id=f"{account}.{low.since_ms}.balance_low",
        about=SupplierAbout.LOW,
        at_ms=low.since_ms,
        account=account,
        balance=balance.money,
    )


def sale_changed(variant: Variant, halt: Halt) -> SupplierWarning:
    about = SupplierAbout.HALTED if halt.why else SupplierAbout.RESUMED
    return SupplierWarning(
        variant.merchant_id,
        event_id=f"{variant.variant_id}.{halt.since_ms}.{about.value.partition('.')[2]}",
        about=about,
        at_ms=halt.since_ms,
        variant_id=variant.variant_id,
        title=variant.title,
        why=halt.why,
    )
