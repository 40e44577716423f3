"""A shop's accounts with suppliers: set, limit, list; ask a supplier for a balance or a price."""

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from typing import Any

import click
import msgspec

from infra.admin.command import Group, Target
from infra.admin.output import answer, columns, facts, minor, moment, tell
from infra.admin.piped import keep_piped
from infra.admin.stack import Deployment, connect
from scrip.adapters.sealed_secrets import CACHE_SECONDS
from scrip.adapters.suppliers.registry import KINDS
from scrip.chance import now_ms
from scrip.domain.money import Money
from scrip.domain.scorecard import SPANS_DAYS, Ending, added, day_of
from scrip.domain.standing import Standing
from scrip.domain.supplier_terms import Limits

ACCOUNT = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
MONTH_MINUTES = 30 * 24 * 60


class AccountName(click.ParamType[str]):
    name = "account"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not ACCOUNT.match(value):
            self.fail("up to 32 of a-z, 0-9, _ and -, a letter first", param, ctx)
        return value


@click.group(cls=Group)
def supplier() -> None:
    """A shop's accounts with suppliers."""


@supplier.command(name="set")
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("account", type=AccountName())
@click.option("--kind", required=True, help=f"Who it is with: {', '.join(KINDS) or 'none yet'}.")
@click.pass_obj
def set_secrets(target: Target, merchant_id: str, account: str, kind: str) -> None:
    """Set an account's secrets: JSON (docs/suppliers.md), read from stdin.

    ACCOUNT is the shop's own name for it, and stays with one account at that supplier: what is
    under way is asked about there. Another account at the same supplier has another name.
    """
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    keep_piped(kind, partial(deployed.suppliers.set, merchant_id, account, kind))
    _tell(target, deployed, merchant_id, account)
    tell(f"valid everywhere within {CACHE_SECONDS} seconds")


@supplier.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("account", type=AccountName())
@click.option("--per-minute", type=click.IntRange(1, 60_000), help="Calls a minute.")
@click.option("--at-once", type=click.IntRange(0, 1000), help="Calls at a time; 0: any number.")
@click.option(
    "--patience-minutes",
    type=click.IntRange(1, MONTH_MINUTES),
    help="Age at which what is unclear is handed to a person.",
)
@click.option(
    "--unsent-minutes",
    type=click.IntRange(1, MONTH_MINUTES),
    help="How long an order may wait to be sent at all.",
)
@click.option(
    "--min-balance",
    type=click.IntRange(0),
    help="Below it, in minor units, nothing more is sold that only this account can deliver.",
)
@click.pass_obj
def limit(
    target: Target,
    merchant_id: str,
    account: str,
    per_minute: int | None,
    at_once: int | None,
    patience_minutes: int | None,
    unsent_minutes: int | None,
    min_balance: int | None,
) -> None:
    """Set all of an account's limits. What is not given is as the supplier's own terms say."""
    limits = Limits(per_minute, at_once, patience_minutes, unsent_minutes, min_balance)
    deployed = connect(target)
    deployed.suppliers.limit(merchant_id, account, limits)
    _tell(target, deployed, merchant_id, account)
    tell(f"valid everywhere within {CACHE_SECONDS} seconds")


@supplier.command(name="list")
@click.argument("merchant_id", metavar="MERCHANT")
@click.pass_obj
def list_all(target: Target, merchant_id: str) -> None:
    """A shop's accounts, and what limits were set."""
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    found = deployed.merchants.suppliers(merchant_id)
    rows = [
        {"account": each.name, "kind": each.kind} | msgspec.to_builtins(each.limits)
        for each in found
    ]
    limits = [each.name for each in fields(Limits)]
    names = ("account", "kind", *limits)
    shown = (["" if row[name] is None else row[name] for name in names] for row in rows)
    header = [name.upper().replace("_", " ") for name in names]
    answer(target, {"suppliers": rows}, columns(header, shown))


@supplier.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("account", type=AccountName())
@click.pass_obj
def balance(target: Target, merchant_id: str, account: str) -> None:
    """Ask the supplier what the shop has with it. Also shows whether the secrets are good."""
    has = connect(target).suppliers.of(merchant_id, account).balance()
    view = {"account": account, "amount_minor": has.amount_minor, "currency": has.currency}
    answer(target, view, [minor(has.amount_minor, has.currency)])


@supplier.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("account", type=AccountName())
@click.argument("sku")
@click.pass_obj
def quote(target: Target, merchant_id: str, account: str, sku: str) -> None:
    """Ask the supplier what one of its goods costs, and whether it has any."""
    cost, available = connect(target).suppliers.of(merchant_id, account).quote(sku)
    view = {
        "account": account,
        "sku": sku,
        "amount_minor": cost.amount_minor,
        "currency": cost.currency,
        "available": available,
    }
    has_any = "available" if available else "not available"
    answer(target, view, [f"{minor(cost.amount_minor, cost.currency)}, {has_any}"])


@supplier.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.pass_obj
def standing(target: Target, merchant_id: str) -> None:
    """What suppliers told last of a shop's accounts, and of the goods that are sold through them.

    Asked every five minutes; orders are sent by it. DONE: of the orders of the last seven days.
    """
    deployed = connect(target)
    names = deployed.suppliers.names(merchant_id)
    found = deployed.standings.of_all(merchant_id, names).values() if names else ()
    header = (
        "ACCOUNT",
        "BALANCE",
        "LOW",
        "DONE",
        "HALF WITHIN",
        "SKU",
        "COST",
        "AVAILABLE",
        "TOLD AT",
    )
    rows = [row for each in found for row in _standing_rows(each)]
    answer(target, {"standings": list(map(_standing_view, found))}, columns(header, rows))


def _standing_rows(standing: Standing) -> Iterator[tuple[object, ...]]:
    """A row for each good; one without, where none is sold."""
    balance, record = standing.balance, standing.record
    whose = (
        standing.account,
        _minor(balance.money) if balance else "",
        "low" if standing.low else "",
        f"{record.done} of {record.attempts}",
        _seconds(record.half_ms or None),
    )
    if not standing.quotes:
        yield (*whose, "", "", "", moment(balance.at_ms) if balance else "")
    for sku, ((cost, available), at_ms) in sorted(standing.quotes.items()):
        yield (*whose, sku, _minor(cost), "yes" if available else "no", moment(at_ms))


def _standing_view(standing: Standing) -> dict[str, Any]:
    balance, record = standing.balance, standing.record
    return {
        "account": standing.account,
        "balance_minor": balance.money.amount_minor if balance else None,
        "currency": balance.money.currency if balance else None,
        "told_at_ms": balance.at_ms if balance else None,
        "min_balance_minor": standing.min_balance_minor,
        "low": standing.low is not None,
        "orders": record.attempts,
        "done": record.done,
        "half_ms": record.half_ms or None,
        "goods": [
            {
                "sku": sku,
                "cost_minor": cost.amount_minor,
                "currency": cost.currency,
                "available": available,
                "told_at_ms": at_ms,
            }
            for sku, ((cost, available), at_ms) in sorted(standing.quotes.items())
        ],
    }


def _minor(money: Money) -> str:
    return minor(money.amount_minor, money.currency)


@supplier.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("account", type=AccountName())
@click.pass_obj
def scorecard(target: Target, merchant_id: str, account: str) -> None:
    """How the supplier did over the last day, 7 and 30 days, today (UTC) being one of them.

    UNKNOWN: handed to a person. DISPUTED: the buyer's payment was, that day.
    HALF WITHIN, 95 % WITHIN: from sending to its last word.
    """
    deployed = connect(target)
    deployed.merchants.supplier(merchant_id, account)
    today = day_of(now_ms())
    days = range(today - max(SPANS_DAYS) + 1, today + 1)
    scorecards = deployed.scorecards
    found = [
        *scorecards.of_days(merchant_id, account, days).items(),
        *scorecards.disputed_of_days(merchant_id, account, days).items(),
    ]
    cards = {span: added(card for day, card in found if day > today - span) for span in SPANS_DAYS}
    header = (
        "DAYS",
        "ORDERS",
        "DONE",
        "FAILED",
        "UNKNOWN",
        "REVERSED",
        "DISPUTED",
        "HALF WITHIN",
        "95 % WITHIN",
    )
    rows = (
        (
            span,
            card.attempts,
            *(_share(card.share(each)) for each in Ending),
            *(_seconds(card.within_ms(percent)) for percent in (50, 95)),
        )
        for span, card in cards.items()
    )
    view = [
        {
            "days": span,
            "orders": card.attempts,
            **{each.value: card.ended.get(each, 0) for each in Ending},
            "p50_ms": card.within_ms(50),
            "p95_ms": card.within_ms(95),
        }
        for span, card in cards.items()
    ]
    answer(target, {"account": account, "spans": view}, columns(header, rows))


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _seconds(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{milliseconds // 1000} s"


def _tell(target: Target, deployed: Deployment, merchant_id: str, account: str) -> None:
    kept = deployed.merchants.supplier(merchant_id, account)
    view: dict[str, Any] = {"merchant_id": merchant_id, "account": account, "kind": kept.kind}
    view |= msgspec.to_builtins(kept.limits)
    answer(target, view, facts(each for each in view.items() if each[1] is not None))
