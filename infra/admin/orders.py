"""Orders: look one up, list them. Codes are never shown: nothing here can open one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import click
import msgspec

from infra.admin.command import Group, Target
from infra.admin.output import answer, columns, facts, minor, moment, tell
from infra.admin.stack import Deployment, connect
from scrip.chance import now_ms
from scrip.contracts.merchant import PAGE_LIMIT, MerchantOrderView, OrdersQuery
from scrip.contracts.merchant_views import merchant_order_view
from scrip.domain.errors import OrderUnknown
from scrip.domain.order import OrderState
from scrip.flows.list_orders import list_orders, read_merchant_order

MAX_LISTED = 10_000


@click.group(cls=Group)
def order() -> None:
    """What was bought."""


@order.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("order_id", metavar="ORDER")
@click.pass_obj
def show(target: Target, merchant_id: str, order_id: str) -> None:
    """An order: who bought what, where it stands, how it was paid."""
    record = read_merchant_order(merchant_id, order_id, orders=connect(target).orders)
    view = merchant_order_view(record)
    answer(target, order_json(merchant_id, view), facts(_told(merchant_id, view)))


@order.command(name="follow-up")
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("order_id", metavar="ORDER")
@click.pass_obj
def follow_up(target: Target, merchant_id: str, order_id: str) -> None:
    """Do within a minute what is left to do at its payment provider, as if it were new.

    For an order that was given up on. It does no harm to any other.
    """
    if not connect(target).follow_ups.add(merchant_id, order_id, now_ms()):
        raise OrderUnknown(order_id)
    answer(target, {"order_id": order_id}, [f"{order_id} is followed up within a minute"])


class When(click.ParamType[int]):
    """A UTC time as milliseconds since 1970: a date, a date and time, or the milliseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int) or value.isdecimal():
            return int(value)
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail("a time like 2026-11-22 or 2026-11-22T03:00:00Z (UTC)", param, ctx)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return int(at.timestamp() * 1000)


@order.command(name="list")
@click.argument("merchant_id", metavar="[MERCHANT]", required=False)
@click.option("--state", type=click.Choice(get_args(OrderState)), help="Only orders in this state.")
@click.option("--from", "from_ms", type=When(), help="Placed at this time or later (UTC).")
@click.option("--to", "to_ms", type=When(), help="Placed before this time (UTC).")
@click.option(
    "--limit", type=click.IntRange(1, MAX_LISTED), default=50, show_default=True, help="Per shop."
)
@click.option("--cursor", help="Go on after an answer's next_cursor.")
@click.pass_obj
def list_some(
    target: Target,
    merchant_id: str | None,
    state: OrderState | None,
    from_ms: int | None,
    to_ms: int | None,
    limit: int,
    cursor: str | None,
) -> None:
    """Orders, newest first: of one shop, or of every shop."""
    if cursor and not merchant_id:
        raise click.UsageError("--cursor goes with a MERCHANT")
    deployed = connect(target)
    if merchant_id:
        deployed.merchants.get(merchant_id)
    found: list[dict[str, Any]] = []
    next_cursor = None
    for each in [merchant_id] if merchant_id else sorted(deployed.merchants.ids()):
        views, next_cursor = _listed(
            deployed, each, OrdersQuery(state, from_ms, to_ms, cursor=cursor), limit
        )
        found += [order_json(each, view) for view in views]
    page = {"orders": found, "next_cursor": next_cursor if merchant_id else None}
    answer(target, page, _table(found))
    if merchant_id and next_cursor:
        tell(f"more: --cursor '{next_cursor}'")


def _listed(
    deployed: Deployment, merchant_id: str, query: OrdersQuery, limit: int
) -> tuple[list[MerchantOrderView], str | None]:
    """Up to `limit` orders: a filtered page may hold few or none and still go on."""
    found: list[MerchantOrderView] = []
    while True:
        query.limit = min(PAGE_LIMIT, limit - len(found))
        page = list_orders(merchant_id, query, orders=deployed.orders)
        found += [merchant_order_view(record) for record in page.records]
        query.cursor = page.next_cursor
        if page.next_cursor is None or len(found) >= limit:
            return found, page.next_cursor


def order_json(merchant_id: str, view: MerchantOrderView) -> dict[str, Any]:
    return {"merchant_id": merchant_id, **msgspec.to_builtins(view)}


def _table(found: list[dict[str, Any]]) -> list[str]:
    rows = [
        (
            moment(each["placed_at_ms"]),
            each["merchant_id"],
            each["order_id"],
            each["state"],
            minor(each["amount_minor"], each["currency"]),
            minor(each["refund_due_minor"], each["currency"]) if each["refund_due_minor"] else "",
        )
        for each in found
    ]
    return columns(("PLACED", "MERCHANT", "ORDER", "STATE", "AMOUNT", "REFUND DUE"), rows)


def _told(merchant_id: str, view: MerchantOrderView) -> Iterator[tuple[str, object]]:
    yield "merchant", merchant_id
    yield "order", view.order_id
    yield "state", view.state
    yield "amount", minor(view.amount_minor, view.currency)
    if view.refund_due_minor:
        yield "refund due", minor(view.refund_due_minor, view.currency)
    yield "e-mail", view.email
    for line in view.lines:
        unit = minor(line.unit_price_minor, view.currency)
        yield "line", f"{line.quantity} x {line.variant_id} at {unit}"
        if line.top_ups:
            yield "top-ups", ", ".join(f"{n}: {fate}" for n, fate in enumerate(line.top_ups))
    yield "placed", moment(view.placed_at_ms)
    yield "expires", moment(view.expires_at_ms)
    if view.delivered_at_ms:
        yield "delivered", moment(view.delivered_at_ms)
    yield "payment", view.payment_ref
    if view.transaction_id:
        yield "transaction", view.transaction_id
    for stray in view.stray_payments:
        paid = minor(stray.amount_minor, stray.currency)
        yield (
            "paid besides",
            f"{stray.stray_id}, {paid}: {stray.case.value}, {stray.action.value}",
        )
    if view.refunded_minor:
        yield "refunded", minor(view.refunded_minor, view.currency)
    for refund in view.refunds:
        back = minor(refund.amount_minor, refund.currency)
        where = "in its console" if refund.foreign else "by us"
        told = f", {moment(refund.told_at_ms)}" if refund.told_at_ms else ""
        facts = f"{refund.refund_id}, {back} of {refund.transaction_id}: {refund.state.value}{told}"
        yield "refund", f"{refund.provider} {where} {facts}"
    if view.frozen:
        yield "frozen", "nothing of it is shown or moved"
    for dispute in view.disputes:
        disputed = minor(dispute.amount_minor, dispute.currency)
        facts = f"{dispute.dispute_id}, {disputed}: {dispute.state.value}, {dispute.reason}"
        yield "dispute", f"{dispute.provider} {facts}, {moment(dispute.told_at_ms)}"
