"""Resellers: other shops that sell a shop's goods, against money paid ahead."""

import re
from base64 import b64encode
from secrets import token_bytes
from typing import Any

import click

from infra.admin.command import Group, Target
from infra.admin.merchants import titled
from infra.admin.orders import When
from infra.admin.output import answer, columns, facts, minor, moment, tell
from infra.admin.stack import Deployment, connect
from scrip.adapters.gateways.standard_signing import PREFIX
from scrip.adapters.public_https import check_url
from scrip.chance import now_ms, random_id
from scrip.domain.asking import Asking
from scrip.domain.errors import OrderUnknown, RequestInvalid
from scrip.domain.order import FAR_FUTURE_MS, MAX_AMOUNT_MINOR
from scrip.domain.resale import placed_as
from scrip.domain.resale_news import Telling
from scrip.domain.reseller import MOST_DISCOUNT_BP, MOST_MOVED_MINOR, Entry, Reseller, Standing
from scrip.flows.list_orders import read_merchant_order
from scrip.flows.manage_resellers import credit_reseller, open_reseller, rotate_secrets

BY = "operator"
SECRET_BYTES = 32


class Named(click.ParamType[str]):
    """A name of a reseller or of a credit, by what it may consist of."""

    def __init__(self, name: str, pattern: str, told: str) -> None:
        self.name = name
        self.pattern = re.compile(pattern)
        self.told = told

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not self.pattern.match(value):
            self.fail(self.told, param, ctx)
        return value


RESELLER = Named("reseller", r"[a-z][a-z0-9-]{1,31}\Z", "2 to 32 of a-z, 0-9 and -, a letter first")
KEY = Named("key", r"[A-Za-z0-9._-]{1,64}\Z", "up to 64 letters, digits, ., _ and -")
CURRENCY = Named("currency", r"[A-Z]{3}\Z", "as EUR")

merchant_argument = click.argument("merchant_id", metavar="MERCHANT")
reseller_argument = click.argument("reseller_id", metavar="RESELLER", type=RESELLER)


@click.group(cls=Group)
def reseller() -> None:
    """Other shops that sell a shop's goods."""


@reseller.command(name="open")
@merchant_argument
@reseller_argument
@click.option("--name", required=True, help="Who it is.")
@click.option("--currency", type=CURRENCY, required=True, help="Of its balance. It never changes.")
@click.pass_obj
def open_account(
    target: Target, merchant_id: str, reseller_id: str, name: str, currency: str
) -> None:
    """Open an account. Stdout holds nothing but its secret: it is shown this once."""
    deployed, secret = connect(target), new_secret()
    made = open_reseller(
        merchant_id,
        reseller_id,
        name=titled(name, "--name"),
        currency=currency,
        secret=secret,
        now_ms=now_ms(),
        merchants=deployed.merchants,
        resellers=deployed.resellers,
    )
    answer(target, reseller_view(made) | {"secret": secret}, [secret])
    tell(f"next: scrip-admin reseller credit {merchant_id} {reseller_id} AMOUNT --key ... --reason")


@reseller.command()
@merchant_argument
@reseller_argument
@click.pass_obj
def rotate(target: Target, merchant_id: str, reseller_id: str) -> None:
    """Make a new secret, shown this once. The one before stays valid until the next time."""
    secret = new_secret()
    rotate_secrets(merchant_id, reseller_id, secret=secret, resellers=connect(target).resellers)
    answer(target, {"reseller_id": reseller_id, "secret": secret}, [secret])
    tell("works now, and so does the one before; rotate once more to end that")


@reseller.command(name="set")
@merchant_argument
@reseller_argument
@click.option("--name", help="Who it is.")
@click.option(
    "--credit-minor",
    type=click.IntRange(0, MOST_MOVED_MINOR),
    help="How far its balance may go below nothing.",
)
@click.option(
    "--discount-bp",
    type=click.IntRange(0, MOST_DISCOUNT_BP),
    help="Off every price, in basis points: 250 is 2.5 %.",
)
@click.option(
    "--standing",
    type=click.Choice([each.value for each in Standing]),
    help="Who is paused places no orders.",
)
@click.option("--callback-url", help="Where it is told of its orders; empty for nowhere.")
@click.pass_obj
def change(
    target: Target,
    merchant_id: str,
    reseller_id: str,
    name: str | None,
    credit_minor: int | None,
    discount_bp: int | None,
    standing: str | None,
    callback_url: str | None,
) -> None:
    """Change what is agreed with a reseller."""
    given = {
        "name": titled(name, "--name") if name is not None else None,
        "credit_minor": credit_minor,
        "discount_bp": discount_bp,
        "standing": standing,
        "callback_url": callback_url,
    }
    if callback_url:
        check_url(callback_url)
    chosen = {name: value for name, value in given.items() if value is not None}
    if not chosen:
        raise click.UsageError("say what to change")
    deployed = connect(target)
    deployed.resellers.change(merchant_id, reseller_id, chosen)
    _show(target, deployed, merchant_id, reseller_id)


@reseller.command()
@merchant_argument
@reseller_argument
@click.argument("variant_id", metavar="VARIANT")
@click.argument(
    "price_minor", metavar="[PRICE]", type=click.IntRange(1, MAX_AMOUNT_MINOR), required=False
)
@click.pass_obj
def price(
    target: Target, merchant_id: str, reseller_id: str, variant_id: str, price_minor: int | None
) -> None:
    """Give a variant a price of its own, in minor units; without PRICE it is as all others."""
    deployed = connect(target)
    [*_, variant] = [None, *deployed.catalogue.variants(merchant_id, [variant_id]).values()]
    if variant is None:
        raise RequestInvalid(f"no variant {variant_id}")
    deployed.resellers.set_price(merchant_id, reseller_id, variant_id, price_minor)
    now = deployed.resellers.get(merchant_id, reseller_id, consistent=True)
    costs = now.price(variant_id, variant.price)
    view = {"variant_id": variant_id, "price_minor": costs.amount_minor, "currency": costs.currency}
    answer(target, view, [minor(costs.amount_minor, costs.currency)])


@reseller.command(name="list")
@merchant_argument
@click.pass_obj
def list_all(target: Target, merchant_id: str) -> None:
    """A shop's resellers and what they have."""
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    found = deployed.resellers.of(merchant_id)
    answer(
        target,
        {"resellers": [reseller_view(each) for each in found]},
        columns(
            ("RESELLER", "NAME", "STANDING", "BALANCE", "CREDIT"),
            (
                (
                    each.reseller_id,
                    each.name,
                    each.standing.value,
                    minor(each.balance_minor, each.currency),
                    each.credit_minor,
                )
                for each in found
            ),
        ),
    )


@reseller.command()
@merchant_argument
@reseller_argument
@click.option("--proof", is_flag=True, help="Add up all entries of its book.")
@click.pass_obj
def balance(target: Target, merchant_id: str, reseller_id: str, proof: bool) -> None:
    """What a reseller has, and what is agreed with it."""
    deployed = connect(target)
    more = {}
    if proof:
        more["entries_minor"] = deployed.book.total_minor(merchant_id, reseller_id)
    _show(target, deployed, merchant_id, reseller_id, **more)


@reseller.command()
@merchant_argument
@reseller_argument
@click.argument("amount_minor", metavar="AMOUNT", type=click.IntRange(1, MOST_MOVED_MINOR))
@click.option(
    "--key", type=KEY, required=True, help="Under which it is done once: a transfer's id."
)
@click.option("--reason", required=True, help="For the audit trail and the statement.")
@click.option("--paid-out", is_flag=True, help="It was paid out, not in.")
@click.pass_obj
def credit(
    target: Target,
    merchant_id: str,
    reseller_id: str,
    amount_minor: int,
    key: str,
    reason: str,
    paid_out: bool,
) -> None:
    """Write down money that came in, in minor units. The same key again does nothing."""
    deployed = connect(target)
    entry, new = credit_reseller(
        merchant_id,
        reseller_id,
        -amount_minor if paid_out else amount_minor,
        key,
        Asking(BY, "", now_ms(), random_id(8), reason),
        resellers=deployed.resellers,
        book=deployed.book,
        audit=deployed.audit,
    )
    now = deployed.resellers.get(merchant_id, reseller_id, consistent=True)
    view = entry_view(entry) | {"new": new, "balance_minor": now.balance_minor}
    told = "written" if new else "was written before"
    answer(target, view, [f"{told}; it has {minor(now.balance_minor, now.currency)}"])


@reseller.command()
@merchant_argument
@reseller_argument
@click.option("--from", "from_ms", type=When(), default=0, help="From this time on (UTC).")
@click.option("--to", "to_ms", type=When(), default=FAR_FUTURE_MS, help="Before this time (UTC).")
@click.pass_obj
def statement(target: Target, merchant_id: str, reseller_id: str, from_ms: int, to_ms: int) -> None:
    """Every movement of a balance, oldest first."""
    deployed = connect(target)
    deployed.resellers.get(merchant_id, reseller_id)
    entries = deployed.book.entries(merchant_id, reseller_id, from_ms, to_ms)
    answer(
        target,
        {"entries": [entry_view(each) for each in entries]},
        columns(
            ("AT", "ENTRY", "AMOUNT", "ABOUT"),
            ((moment(e.at_ms), e.entry_id, e.amount_minor, e.about) for e in entries),
        ),
    )


@reseller.command()
@merchant_argument
@reseller_argument
@click.pass_obj
def untold(target: Target, merchant_id: str, reseller_id: str) -> None:
    """Orders that a reseller was told of for a day, in vain."""
    deployed = connect(target)
    deployed.resellers.get(merchant_id, reseller_id)
    found = deployed.untold_news.of(merchant_id, reseller_id)
    answer(
        target,
        {"untold": [each._asdict() for each in found]},
        columns(
            ("GIVEN UP", "ORDER", "REFERENCE", "REASON"),
            ((moment(e.at_ms), e.order_id, e.reference, e.reason) for e in found),
        ),
    )


@reseller.command(name="tell")
@merchant_argument
@reseller_argument
@click.argument("order_id", metavar="ORDER")
@click.pass_obj
def tell_again(target: Target, merchant_id: str, reseller_id: str, order_id: str) -> None:
    """Tell a reseller how an order stands, once more from the beginning."""
    deployed = connect(target)
    record = read_merchant_order(merchant_id, order_id, orders=deployed.orders)
    if placed_as(record.order.payment_ref).reseller_id != reseller_id:
        raise OrderUnknown(order_id)
    deployed.resale_queue.later(Telling(merchant_id, order_id), 0)
    answer(target, {"order_id": order_id}, [f"{order_id} is told within seconds"])


def new_secret() -> str:
    return PREFIX + b64encode(token_bytes(SECRET_BYTES)).decode()


def reseller_view(reseller: Reseller) -> dict[str, Any]:
    return {
        "merchant_id": reseller.merchant_id,
        "reseller_id": reseller.reseller_id,
        "name": reseller.name,
        "standing": reseller.standing.value,
        "currency": reseller.currency,
        "balance_minor": reseller.balance_minor,
        "credit_minor": reseller.credit_minor,
        "discount_bp": reseller.discount_bp,
        "callback_url": reseller.callback_url,
        "prices": dict(reseller.prices),
    }


def entry_view(entry: Entry) -> dict[str, Any]:
    return {
        "entry_id": entry.entry_id,
        "amount_minor": entry.amount_minor,
        "at_ms": entry.at_ms,
        "about": entry.about,
    }


def _show(
    target: Target, deployed: Deployment, merchant_id: str, reseller_id: str, **more: int
) -> None:
    found = deployed.resellers.get(merchant_id, reseller_id, consistent=True)
    view = reseller_view(found) | more
    told = view | {"prices": ", ".join(f"{name} {at}" for name, at in found.prices.items())}
    answer(target, view, facts(told.items()))
