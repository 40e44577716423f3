"""Refunds: which are under way or wait for a person, and what a person does about them."""

from collections.abc import Iterator
from typing import Any

import click

from infra.admin.command import Group, Target
from infra.admin.output import answer, columns, minor, moment, tell
from infra.admin.stack import Deployment, connect
from scrip.chance import now_ms, random_id
from scrip.domain.asking import Asking
from scrip.domain.follow_up import DAY_MS
from scrip.domain.order import OrderRecord
from scrip.domain.refund import Decision, Refund
from scrip.flows.decide_refund import decide_refund

MOST = 1000
BY = "scrip-admin"
AHEAD_MS = 30 * DAY_MS
"""Further than any next try lies."""


@click.group(cls=Group)
def refund() -> None:
    """Money that goes back to buyers."""


@refund.command(name="list")
@click.option("--waiting", is_flag=True, help="Only those that wait for a person.")
@click.pass_obj
def list_open(target: Target, *, waiting: bool) -> None:
    """Refunds of all shops that are not done: under way, or waiting for a person."""
    deployed, now = connect(target), now_ms()
    found = [
        (record, each)
        for record in followed_up(deployed, now)
        for each in record.refunds
        if each.waits_for_a_person(now) or (each.state.under_way and not waiting)
    ]
    rows = [
        (
            moment(each.begun_at_ms),
            record.order.merchant_id,
            record.order.order_id,
            each.refund_id,
            each.provider,
            minor(each.money.amount_minor, each.money.currency),
            each.state.value,
        )
        for record, each in found
    ]
    names = ("BEGUN", "MERCHANT", "ORDER", "REFUND", "PROVIDER", "AMOUNT", "STATE")
    answer(target, {"refunds": [_json(*each) for each in found]}, columns(names, rows))


@refund.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("order_id", metavar="ORDER")
@click.argument("refund_id", metavar="REFUND")
@click.option("--reason", required=True, help="For the audit trail: what was mended.")
@click.pass_obj
def again(target: Target, merchant_id: str, order_id: str, refund_id: str, reason: str) -> None:
    """Try a refund again that got stuck, or make another in place of one that failed."""
    _decide(target, merchant_id, order_id, refund_id, Decision.AGAIN, reason)


@refund.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("order_id", metavar="ORDER")
@click.argument("refund_id", metavar="REFUND")
@click.option("--reason", required=True, help="For the audit trail: how it was settled.")
@click.pass_obj
def settled(target: Target, merchant_id: str, order_id: str, refund_id: str, reason: str) -> None:
    """Say that the buyer got this money by other means. It is not tried any more."""
    _decide(target, merchant_id, order_id, refund_id, Decision.SETTLED, reason)


def _decide(
    target: Target,
    merchant_id: str,
    order_id: str,
    refund_id: str,
    decision: Decision,
    reason: str,
) -> None:
    deployed = connect(target)
    state = decide_refund(
        merchant_id,
        order_id,
        refund_id,
        decision,
        Asking(BY, "", now_ms(), random_id(8), reason),
        orders=deployed.orders,
        refunds=deployed.refunds,
        audit=deployed.audit,
    )
    answer(target, {"refund_id": refund_id, "state": state.value}, [f"{refund_id} {state.value}"])
    tell("its order is followed up within a minute")


def followed_up(deployed: Deployment, now: int) -> Iterator[OrderRecord]:
    for place in deployed.follow_ups.due(now + AHEAD_MS, MOST):
        record = deployed.orders.find_record(place.merchant_id, place.order_id)
        if record:
            yield record


def _json(record: OrderRecord, each: Refund) -> dict[str, Any]:
    return {
        "merchant_id": record.order.merchant_id,
        "order_id": record.order.order_id,
        "refund_id": each.refund_id,
        "provider": each.provider,
        "transaction_id": each.transaction_id,
        "amount_minor": each.money.amount_minor,
        "currency": each.money.currency,
        "state": each.state.value,
        "begun_at_ms": each.begun_at_ms,
    }
