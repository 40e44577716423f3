"""What happened to an order, in the words that a bank or a payment provider asks for when a buyer
disputes having had it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from scrip.domain.day import moment_of
from scrip.domain.order import OrderRecord, SettledOrder


class Entry(NamedTuple):
    """One act of an order's audit trail. `by`: buyer, mail or an API key's id. `source`: from which
    address."""

    at_ms: int
    act: str
    by: str
    source: str


class Happening(NamedTuple):
    """`by` and `source` are empty where nobody asked for it."""

    at_ms: int
    what: str
    by: str = ""
    source: str = ""

    @property
    def text(self) -> str:
        by = f", by {self.by}" if self.by else ""
        source = f", from {self.source}" if self.source else ""
        return f"{moment_of(self.at_ms)} UTC  {self.what}{by}{source}"


ACTS: Mapping[str, str] = {
    "revealed": "codes shown in plain text",
    "masked_view": "codes shown masked, to staff",
    "replaced": "a bad code replaced",
    "returned": "codes taken back, unseen",
    "frozen": "order frozen by the shop",
    "thawed": "order let go on by the shop",
    "money_refund": "money besides: to be given back",
    "money_deliver": "money besides: to be delivered for",
    "money_nothing": "money besides: dealt with elsewhere",
    "refund_due": "the shop said what is to be given back",
}
"""An act that is not here is told by its own name."""


def happenings_of(record: OrderRecord, trail: Iterable[Entry]) -> list[Happening]:
    """Oldest first. Some providers tell whole seconds: of the same one, as it must have come."""
    order = record.order
    found = [Happening(order.placed_at_ms, f"order placed for {order.email}")]
    if isinstance(order, SettledOrder):
        payment = order.payment
        found.append(
            Happening(payment.succeeded_at_ms, f"paid, {payment.provider} {payment.transaction_id}")
        )
        found += _delivered(order)
    for payment, case, action in record.strays:
        besides = f"paid besides ({case.value}), {payment.provider} {payment.transaction_id}"
        found.append(Happening(payment.succeeded_at_ms, f"{besides}: {action.value}"))
    for refund in record.refunds:
        about, money = f"refund {refund.refund_id}", refund.money
        began = f"{about} begun, {money.amount_minor} {money.currency} minor"
        found.append(Happening(refund.begun_at_ms, began))
        if refund.told_at_ms:
            found.append(Happening(refund.told_at_ms, f"{about} {refund.state.value}"))
    found += [
        Happening(entry.at_ms, ACTS.get(entry.act, entry.act), entry.by, entry.source)
        for entry in trail
    ]
    found += [
        Happening(each.at_ms, f"dispute {each.dispute_id} {each.state.value}: {each.reason}")
        for each in record.disputes
    ]
    return sorted(found, key=lambda each: each.at_ms // 1000)


def _delivered(order: SettledOrder) -> list[Happening]:
    """Codes, and what suppliers delivered of each line once all has ended: of top-ups their account
    shows that they were had."""
    found = []
    own = [line for line in order.lines if line.has_codes and not line.fates]
    if own:
        units = sum(line.units_claimed for line in own)
        found.append(Happening(order.codes_at_ms, f"delivered, units: {units}"))
    for line in order.lines:
        if line.fates and not order.in_progress:
            account = ", ".join(value for _, value in line.filled)
            how = "bought" if line.has_codes else "charged to"
            units = line.units_charged
            done = f"{f'{how} {account}'.rstrip()}, units of {line.variant_id}: {units}"
            found.append(Happening(order.delivered_at_ms, done))
    return found


def access_log(happenings: Sequence[Happening]) -> str:
    """A line each, as it can be pasted into a provider's form."""
    return "\n".join(each.text for each in happenings)
