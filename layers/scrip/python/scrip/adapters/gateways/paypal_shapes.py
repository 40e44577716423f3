"""What PayPal's API answers, as far as it is read here. A shape that does not fit is no answer.

Sources: developer.paypal.com/docs/api/orders/v2, /payments/v2, /customer-disputes/v1,
/transaction-search/v1.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from scrip.adapters.gateways.paypal_amounts import minor_of
from scrip.domain.money import Money
from scrip.domain.refund import RefundState

Moment = Annotated[datetime, Meta(tz=True)]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,40}\Z")]
"""Goes into paths of ours: nothing in it may lead elsewhere."""

PENDING = "PENDING"
TAKEN = frozenset({"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED", PENDING})
"""States of a capture whose money came, whatever became of it, or may still come."""

CLOSED = "closed"
"""The third part of a tag: this order is never captured any more."""

REFUND_STATES = {
    "COMPLETED": RefundState.SUCCEEDED,
    "PENDING": RefundState.PENDING,
    "FAILED": RefundState.FAILED,
    "CANCELLED": RefundState.FAILED,
}


class Amount(Struct, frozen=True):
    """Signed in statements of the account."""

    currency_code: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    value: str

    def __post_init__(self) -> None:
        minor_of(self.value, self.currency_code)  # a ValueError is a shape that does not fit

    @property
    def minor(self) -> int:
        return minor_of(self.value, self.currency_code)

    @property
    def money(self) -> Money:
        return Money(abs(self.minor), self.currency_code)


class Tag(Struct, frozen=True):
    """Our own words on an order of PayPal's (`custom_id`): whose it is."""

    merchant_id: str
    order_id: str
    mark: str = ""

    @classmethod
    def read(cls, custom_id: str) -> "Tag | None":
        """None for what another shop of the same account wrote."""
        parts = custom_id.split("/")
        return cls(*parts) if len(parts) in (2, 3) and all(parts) else None

    def __str__(self) -> str:
        return "/".join(filter(None, (self.merchant_id, self.order_id, self.mark)))


class Link(Struct, frozen=True):
    rel: str
    href: str


class Payee(Struct, frozen=True):
    merchant_id: str = ""


class Capture(Struct, frozen=True):
    """Money taken from the buyer, or being taken."""

    id: Id
    status: str
    amount: Amount
    create_time: Moment
    update_time: Moment | None = None
    custom_id: str = ""
    invoice_id: str = ""
    payee: Payee = Payee()

    @property
    def succeeded_at_ms(self) -> int:
        """A capture may be pending for days. Once it is refunded, its update is the refund's."""
        updated = self.update_time if self.status == "COMPLETED" else None
        return millis(updated or self.create_time)


class Refund(Struct, frozen=True):
    id: Id
    status: str
    amount: Amount
    create_time: Moment
    update_time: Moment | None = None
    invoice_id: str = ""
    links: tuple[Link, ...] = ()

    @property
    def capture_id(self) -> str:
        """What it gives back: where the link leads up to. Empty if there is none."""
        return "".join(link.href.rpartition("/")[2] for link in self.links if link.rel == "up")

    @property
    def state(self) -> RefundState:
        return REFUND_STATES.get(self.status, RefundState.STUCK)

    @property
    def at_ms(self) -> int:
        return millis(self.update_time or self.create_time)


class Payments(Struct, frozen=True):
    captures: tuple[Capture, ...] = ()
    refunds: tuple[Refund, ...] = ()


class Unit(Struct, frozen=True):
    custom_id: str = ""
    payee: Payee = Payee()
    payments: Payments = Payments()


class Order(Struct, frozen=True):
    """An order of ours has one unit."""

    id: Id
    status: str
    purchase_units: Annotated[tuple[Unit, ...], Meta(min_length=1)]
    links: tuple[Link, ...] = ()
    update_time: str = ""

    @property
    def unit(self) -> Unit:
        return self.purchase_units[0]

    @property
    def tag(self) -> Tag | None:
        return Tag.read(self.unit.custom_id)

    @property
    def capture(self) -> Capture | None:
        """The one that took the money, or may still; else the last that failed."""
        captures = sorted(self.unit.payments.captures, key=lambda each: each.status in TAKEN)
        return captures[-1] if captures else None

    @property
    def page(self) -> str | None:
        """Where the buyer approves it, while that can be done."""
        pages = [link.href for link in self.links if link.rel in ("approve", "payer-action")]
        return pages[0] if pages else None

    @property
    def ended(self) -> bool:
        """No capture can come any more: not by PayPal's rules or not by ours."""
        return self.status in ("COMPLETED", "VOIDED") or (
            self.tag is not None and self.tag.mark == CLOSED
        )


class Outcome(Struct, frozen=True):
    outcome_code: str = ""


class Disputed(Struct, frozen=True):
    seller_transaction_id: Id


class WireDispute(Struct, frozen=True):
    dispute_id: Id
    status: str
    dispute_amount: Amount
    disputed_transactions: Annotated[tuple[Disputed, ...], Meta(min_length=1)]
    create_time: Moment
    update_time: Moment | None = None
    reason: str = ""
    dispute_outcome: Outcome = Outcome()

    @property
    def at_ms(self) -> int:
        return millis(self.update_time or self.create_time)


class Turnover(Struct, frozen=True):
    """A line of the account's statement. `custom_field` is the tag that we gave."""

    transaction_id: str
    transaction_event_code: str
    transaction_status: str
    transaction_initiation_date: Moment
    transaction_amount: Amount
    fee_amount: Amount | None = None
    invoice_id: str = ""
    custom_field: str = ""
    paypal_reference_id: str = ""


class Detail(Struct, frozen=True):
    transaction_info: Turnover


class Statement(Struct, frozen=True):
    total_pages: int
    last_refreshed_datetime: Moment
    transaction_details: tuple[Detail, ...] = ()


def millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
