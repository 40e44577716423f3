"""`scrip-admin`: the operator's commands."""

import click

from infra.admin.callbacks import callback
from infra.admin.codes import codes, stock
from infra.admin.command import Group
from infra.admin.decisions import ABOUT_ORDERS
from infra.admin.events import event
from infra.admin.exports import export
from infra.admin.gateways import gateway
from infra.admin.keys import key
from infra.admin.merchants import merchant
from infra.admin.orders import order
from infra.admin.queues import queue
from infra.admin.refunds import refund
from infra.admin.resellers import reseller
from infra.admin.suppliers import supplier
from infra.admin.top_ups import top_up
from infra.admin.vault import vault


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Run a Scrip deployment: merchants, keys, gateways, suppliers, resellers, codes, orders.

    Secrets are asked for or read from stdin, never taken as arguments. Answers go to stdout,
    questions and progress to stderr. Exit code 1: refused or not now; 2: wrong usage.
    """


GROUPS = (
    merchant,
    key,
    gateway,
    supplier,
    reseller,
    codes,
    stock,
    order,
    refund,
    top_up,
    event,
    callback,
    queue,
    vault,
    export,
)

for group in GROUPS:
    cli.add_command(group)
for decision in ABOUT_ORDERS:
    order.add_command(decision)

if __name__ == "__main__":
    cli()
