"""What suppliers deliver: what waits for a person, all that is known of it, and what they say."""

from collections.abc import Iterator

import click

from infra.admin.command import Group, Target
from infra.admin.output import answer, columns, facts, minor, moment, tell
from infra.admin.refunds import BY, followed_up
from infra.admin.stack import connect
from scrip.chance import now_ms, random_id
from scrip.contracts.merchant_top_ups import (
    TopUpsView,
    TopUpView,
    top_up_decided,
    top_ups_view,
)
from scrip.domain.asking import Asking
from scrip.domain.attempt import Verdict
from scrip.domain.top_up import TopUp, Unit, all_units, fate_of, waits_for_a_person
from scrip.flows.decide_top_up import decide_top_up
from scrip.flows.read_top_ups import read_top_ups


@click.group(cls=Group, name="top-up")
def top_up() -> None:
    """Units that suppliers deliver."""


@top_up.command(name="list")
@click.pass_obj
def list_waiting(target: Target) -> None:
    """Units of all shops' orders that wait for a person, those asked longest ago first."""
    deployed = connect(target)
    waiting: list[TopUp] = []
    for record in followed_up(deployed, now_ms()):
        units = all_units(record.order)
        found = deployed.top_ups.find_many(units) if units else {}
        waiting += [
            each
            for unit, each in found.items()
            if waits_for_a_person(fate_of(record.order, unit), each)
        ]
    waiting.sort(key=lambda each: each.moved_at_ms)
    rows = [
        (
            moment(each.moved_at_ms),
            each.unit.merchant_id,
            each.unit.order_id,
            f"{each.unit.line}",
            f"{each.unit.unit}",
            each.attempt.reference,
            each.attempt.reason,
        )
        for each in waiting
    ]
    names = ("CALLED", "MERCHANT", "ORDER", "LINE", "UNIT", "REFERENCE", "WHY")
    told = [
        {"merchant_id": each.unit.merchant_id, "top_up": top_up_decided(each)} for each in waiting
    ]
    answer(target, {"waiting": told}, columns(names, rows))


@top_up.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("order_id", metavar="ORDER")
@click.pass_obj
def show(target: Target, merchant_id: str, order_id: str) -> None:
    """All that is known of the units that suppliers deliver of an order."""
    deployed = connect(target)
    found = read_top_ups(merchant_id, order_id, orders=deployed.orders, top_ups=deployed.top_ups)
    view = top_ups_view(*found)
    answer(target, view, facts(_told(view)))


@top_up.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("order_id", metavar="ORDER")
@click.argument("line", type=int, metavar="LINE")
@click.argument("unit", type=int, metavar="UNIT")
@click.argument("verdict", type=click.Choice([each.value for each in Verdict]))
@click.option("--reason", required=True, help="For the audit trail: how it is known.")
@click.pass_obj
def decide(
    target: Target,
    merchant_id: str,
    order_id: str,
    line: int,
    unit: int,
    verdict: str,
    reason: str,
) -> None:
    """Say what became of a unit that waits for a person.

    succeeded: the account was charged, or its code is here. failed: it never will be, and its
    price is given back. ask_again: the supplier is asked again, for as long as at first.
    """
    deployed = connect(target)
    decided = decide_top_up(
        Unit(merchant_id, order_id, line, unit),
        Verdict(verdict),
        Asking(BY, "", now_ms(), random_id(8), reason),
        orders=deployed.orders,
        top_ups=deployed.top_ups,
        codes=deployed.bought_codes,
        queue=deployed.top_up_queue,
        audit=deployed.audit,
    )
    attempt = decided.attempt
    answer(target, top_up_decided(decided), [f"{attempt.reference} {attempt.state.value}"])
    tell("its order follows within seconds")


def _told(view: TopUpsView) -> Iterator[tuple[str, object]]:
    yield "order", view.order_id
    yield "refund due", minor(view.refund_due_minor, view.currency)
    yield "refunded", minor(view.refunded_minor, view.currency)
    for each in view.top_ups:
        yield from _told_of(each, view.currency)


def _told_of(each: TopUpView, currency: str) -> Iterator[tuple[str, object]]:
    yield f"line {each.line} unit {each.unit}", f"{each.variant_id}: {each.fate.value}"
    yield "  price", minor(each.price_minor, currency)
    for name, value in each.filled.items():
        yield "  filled in", f"{name}: {value}"
    attempt = each.attempt
    if attempt is None:
        return
    for tried in attempt.tried:
        facts = f"{tried.reference} by {tried.supplier}, {tried.sku}: {tried.reason}"
        yield "  failed before", facts
    yield "  supplier", f"{attempt.supplier}, {attempt.sku}"
    yield "  reference", attempt.reference
    yield "  its own id", attempt.supplier_ref
    if attempt.sent_at_ms:
        yield "  sent", f"{attempt.sends} times, last {moment(attempt.sent_at_ms)}"
    if attempt.asked_at_ms:
        yield "  asked", f"{attempt.asked} times, last {moment(attempt.asked_at_ms)}"
    yield "  last code", attempt.code
    waits = ", waits for a person" if each.waits else ""
    yield "  state", f"{attempt.state.value}{waits}: {attempt.reason}"
