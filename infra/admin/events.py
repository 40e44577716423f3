"""Events of shops: what became of money beside the usual, and warnings about stock."""

import click

from infra.admin.command import Group, Target
from infra.admin.output import answer, columns, moment
from infra.admin.stack import connect
from scrip.adapters.kept_events import all_events


@click.group(cls=Group)
def event() -> None:
    """What shops' own systems will be told; kept for 90 days."""


@event.command(name="list")
@click.argument("merchant_id", metavar="MERCHANT")
@click.option("--order", "order_id", default="", metavar="ORDER", help="Only what this order had.")
@click.pass_obj
def list_events(target: Target, merchant_id: str, order_id: str) -> None:
    """A shop's events, oldest first. Reads the whole table of notifications."""
    found = all_events(connect(target).notifications, merchant_id, order_id)
    rows = [(moment(each["at_ms"]), each["type"], each["event_id"]) for each in found]
    answer(target, {"events": found}, columns(("AT", "TYPE", "EVENT"), rows))
