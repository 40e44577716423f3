"""Queue messages, and the events behind them. Messages carry ids only: no code, no token, no
address. An event is what the merchant's own systems will be told: it may be sent as it is."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

import msgspec


class OrderReady(msgspec.Struct, forbid_unknown_fields=True):
    """Tell the buyer that an order can be read. `trace_id`: 32 hex digits."""

    merchant_id: str
    order_id: str
    trace_id: str

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        return msgspec.structs.asdict(self)


class StockWarned(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="stock_warned"):
    """Tell the merchant of an event about its stock."""

    merchant_id: str
    event_id: str

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        return msgspec.structs.asdict(self)


class MoneyMoved(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="money_moved"):
    """Tell the merchant of an event about money that wants a person."""

    merchant_id: str
    event_id: str

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        return msgspec.structs.asdict(self)


class SupplierWarned(
    msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="supplier_warned"
):
    """Tell the merchant of an event about its suppliers."""

    merchant_id: str
    event_id: str

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        return msgspec.structs.asdict(self)


Message = OrderReady | StockWarned | MoneyMoved | SupplierWarned


class StockFacts(msgspec.Struct):
    """How a variant's stock stood. `ending` codes end at `until_ms` or before, where the event is
    about that. `days_left` at `sold_per_day`; null where nothing is sold. `as_of_ms`: of the last
    level that its supplier told, where the event is about that."""

    variant_id: str
    title: str
    available: int
    sold_per_day: float
    days_left: int | None
    ending: int | None = None
    until_ms: int | None = None
    as_of_ms: int | None = None


class StockEvent(msgspec.Struct):
    """`event_id` is unique within the merchant: who gets an event twice knows it by that."""

    event_id: str
    type: Literal["stock.ending", "stock.low", "stock.sold_out", "stock.unsynced"]
    merchant_id: str
    at_ms: int
    data: StockFacts


class MoneyFacts(msgspec.Struct, omit_defaults=True):
    """The money that an event is about: what came, goes back or is disputed; of `refund.due` all
    that the order owes. `transaction_id`: of the payment. `stray_id`, `case` and `action` stand in
    `payment.` events, `refund_id` in those of a refund, `dispute_id` in those of a dispute,
    `top_up` (`<line>.<unit>`, from 0) in those of a top-up."""

    order_id: str
    provider: str
    transaction_id: str
    amount_minor: int
    currency: str
    stray_id: str | None = None
    case: str | None = None
    action: str | None = None
    refund_id: str | None = None
    dispute_id: str | None = None
    top_up: str | None = None


class MoneyEventBody(msgspec.Struct):
    """`type`: see `domain.money_event`. `event_id` is unique within the merchant: who gets an event
    twice knows it by that. `at_ms`: when it was noticed."""

    event_id: str
    type: str
    merchant_id: str
    at_ms: int
    data: MoneyFacts


class SupplierFacts(msgspec.Struct, omit_defaults=True):
    """`supplier`: the shop's account, and what it holds, in `supplier.` events. `why`
    (`availability`, `price`, `balance`) none of its suppliers can deliver a variant, in
    `variant.halted`; nothing in `variant.resumed`."""

    supplier: str | None = None
    balance_minor: int | None = None
    currency: str | None = None
    variant_id: str | None = None
    title: str | None = None
    why: list[str] = []


class SupplierEvent(msgspec.Struct):
    """`type`: see `domain.supplier_warning`. `event_id` is unique within the merchant: who gets an
    event twice knows it by that."""

    event_id: str
    type: str
    merchant_id: str
    at_ms: int
    data: SupplierFacts


class _Kind(msgspec.Struct):
    kind: str = "order_ready"


SHAPES: dict[str, type[Message]] = {
    "order_ready": OrderReady,
    "stock_warned": StockWarned,
    "money_moved": MoneyMoved,
    "supplier_warned": SupplierWarned,
}


def encode_message(message: Message) -> str:
    return msgspec.json.encode(message).decode()


def decode_message(body: bytes) -> Message:
    """Raises msgspec.ValidationError, msgspec.DecodeError."""
    kind = msgspec.json.decode(body, type=_Kind).kind
    if kind not in SHAPES:
        raise msgspec.ValidationError(f"no message of kind {kind}")
    found: Message = msgspec.json.decode(body, type=SHAPES[kind])
    return found


def read_messages(event: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Message]]]:
    """Each message's id and how to decode it: one that does not fit must not stop the others."""
    for record in event["Records"]:
        yield record["messageId"], partial(decode_message, record["body"].encode())
