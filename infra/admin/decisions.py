"""What a person decides of one order: that it stands still, and what becomes of held money."""

import click

from infra.admin.command import Command, Target
from infra.admin.output import answer, tell
from infra.admin.refunds import BY
from infra.admin.stack import connect
from scrip.chance import now_ms, random_id
from scrip.contracts.merchant_dispute_views import order_freeze
from scrip.contracts.merchant_strays import StrayPayments, stray_views
from scrip.domain.asking import Asking
from scrip.domain.outcome import Action
from scrip.flows.decide_stray import decide_stray
from scrip.flows.freeze_order import freeze_order

DECISIONS = ("refund", "deliver", "nothing")


@click.command(cls=Command)
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("order_id", metavar="ORDER")
@click.option("--reason", required=True, help="For the audit trail.")
@click.pass_obj
def freeze(target: Target, merchant_id: str, order_id: str, reason: str) -> None:
    """Let nothing of an order be shown or moved."""
    _hold(target, merchant_id, order_id, reason, frozen=True)


@click.command(cls=Command)
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("order_id", metavar="ORDER")
@click.option("--reason", required=True, help="For the audit trail.")
@click.pass_obj
def thaw(target: Target, merchant_id: str, order_id: str, reason: str) -> None:
    """Let an order go on that was frozen by hand."""
    _hold(target, merchant_id, order_id, reason, frozen=False)


@click.command(cls=Command)
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("order_id", metavar="ORDER")
@click.argument("stray_id", metavar="STRAY")
@click.argument("action", type=click.Choice(DECISIONS))
@click.option("--reason", required=True, help="For the audit trail.")
@click.pass_obj
def decide(
    target: Target, merchant_id: str, order_id: str, stray_id: str, action: str, reason: str
) -> None:
    """Say what becomes of money that is held beside an order (`paid besides` in `order show`)."""
    deployed = connect(target)
    record = decide_stray(
        merchant_id,
        order_id,
        stray_id,
        Action(action),
        _asking(reason),
        orders=deployed.orders,
        audit=deployed.audit,
    )
    answer(target, StrayPayments(order_id, stray_views(record)), [f"{stray_id}: {action}"])
    tell("its order is followed up within a minute")


ABOUT_ORDERS = (freeze, thaw, decide)


def _hold(target: Target, merchant_id: str, order_id: str, reason: str, *, frozen: bool) -> None:
    deployed = connect(target)
    record = freeze_order(
        merchant_id,
        order_id,
        _asking(reason),
        frozen=frozen,
        orders=deployed.orders,
        disputes=deployed.disputes,
        audit=deployed.audit,
    )
    held = "frozen" if record.order.frozen else "not frozen"
    answer(target, order_freeze(record), [f"{order_id}: {held}"])


def _asking(reason: str) -> Asking:
    return Asking(BY, "", now_ms(), random_id(8), reason)
