"""Open a reseller's account, change its secrets, and write down the money it paid ahead."""

from typing import Protocol

from scrip.domain.asking import Asking
from scrip.domain.errors import IdempotencyKeyReused, RequestInvalid
from scrip.domain.merchant import Merchant
from scrip.domain.money import Money
from scrip.domain.reseller import MOST_MOVED_MINOR, Entry, Movement, Reseller
from scrip.steps.write_down import Audit, write_down

ACT = "reseller_credit"


class Merchants(Protocol):
    def get(self, merchant_id: str) -> Merchant: ...


class Resellers(Protocol):
    def sealed(self, merchant_id: str, reseller_id: str, *secrets: str) -> bytes: ...
    def secrets(self, reseller: Reseller) -> tuple[str, ...]: ...
    def create(self, reseller: Reseller) -> None: ...
    def get(self, merchant_id: str, reseller_id: str, *, consistent: bool = False) -> Reseller: ...
    def swap_secrets(self, reseller: Reseller, sealed: bytes) -> bool: ...


class Book(Protocol):
    def write(self, entry: Entry) -> bool: ...
    def find(self, entry: Entry) -> Entry | None: ...


def open_reseller(
    merchant_id: str,
    reseller_id: str,
    *,
    name: str,
    currency: str,
    secret: str,
    now_ms: int,
    merchants: Merchants,
    resellers: Resellers,
) -> Reseller:
    """With nothing on its balance. Raises MerchantUnknown, ResellerExists."""
    merchants.get(merchant_id)
    reseller = Reseller(
        merchant_id=merchant_id,
        reseller_id=reseller_id,
        name=name,
        currency=Money(0, currency).currency,
        created_at_ms=now_ms,
        sealed=resellers.sealed(merchant_id, reseller_id, secret),
    )
    resellers.create(reseller)
    return reseller


def rotate_secrets(
    merchant_id: str, reseller_id: str, *, secret: str, resellers: Resellers
) -> Reseller:
    """A new secret, and the newest of those before stays valid beside it. Raises ResellerUnknown,
    RequestInvalid, SealBroken."""
    reseller = resellers.get(merchant_id, reseller_id, consistent=True)
    kept = resellers.secrets(reseller)[0]
    if not resellers.swap_secrets(
        reseller, resellers.sealed(merchant_id, reseller_id, secret, kept)
    ):
        raise RequestInvalid("somebody else changed its secrets at this moment")
    return reseller


def credit_reseller(
    merchant_id: str,
    reseller_id: str,
    amount_minor: int,
    key: str,
    asking: Asking,
    *,
    resellers: Resellers,
    book: Book,
    audit: Audit,
) -> tuple[Entry, bool]:
    """The entry, and whether this very call wrote it. `amount_minor` below nothing: it was paid
    out. `key`: under which it is done once.

    Raises ResellerUnknown, RequestInvalid, BalanceInsufficient, IdempotencyKeyReused.
    """
    if not 0 < abs(amount_minor) <= MOST_MOVED_MINOR:
        raise RequestInvalid(f"amount: not 0, and at most {MOST_MOVED_MINOR}")
    resellers.get(merchant_id, reseller_id)
    entry = Entry(
        merchant_id,
        reseller_id,
        Movement.CREDIT,
        key,
        amount_minor,
        asking.at_ms,
        asking.reason,
    )
    about = f"reseller#{reseller_id}"
    write_down(audit, merchant_id, about, ACT, asking, amount_minor=amount_minor, key=key)
    if book.write(entry):
        return entry, True
    known = book.find(entry)
    if known is None or known.amount_minor != amount_minor:
        raise IdempotencyKeyReused("another amount was written under this key")
    return known, False
