"""Merchants: create, show, list."""

from typing import Any

import click
import msgspec

from infra.admin.command import Group, Target
from infra.admin.output import answer, columns, facts, moment, tell
from infra.admin.stack import connect
from scrip.adapters.gateways.registry import PROVIDERS
from scrip.chance import now_ms
from scrip.contracts.fields import Email, Title
from scrip.domain.merchant import LOCALES, Merchant
from scrip.domain.outcome import CHOICES, Action, Case, Policy, has_choice
from scrip.domain.reveal_watch import HIGHEST_LIMIT, LOWEST_LIMIT
from scrip.flows.create_merchant import create_merchant


@click.group(cls=Group)
def merchant() -> None:
    """Shops of this deployment."""


@merchant.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.option("--name", required=True, help="What buyers read in mails.")
@click.option(
    "--order-url",
    required=True,
    help="Where a buyer reads an order; holds {order_id} and {token}, the token best after a #.",
)
@click.option("--locale", type=click.Choice(LOCALES), default="en", show_default=True)
@click.option("--mail-codes", is_flag=True, help="Put codes into mails, not only a link.")
@click.pass_obj
def create(
    target: Target, merchant_id: str, name: str, order_url: str, locale: str, mail_codes: bool
) -> None:
    """Open a shop. MERCHANT is part of its keys and addresses and never changes."""
    deployed = connect(target)
    made = create_merchant(
        merchant_id,
        name=titled(name, "--name"),
        order_url=order_url,
        locale=locale,
        mail_codes=mail_codes,
        now_ms=now_ms(),
        merchants=deployed.merchants,
        order_keys=deployed.order_keys,
    )
    answer(target, merchant_view(made), [f"created {merchant_id}"])
    tell(f"next: scrip-admin gateway set {merchant_id} stripe")
    tell(f"      scrip-admin key issue {merchant_id} --scope storefront --label 'shop server'")


def _choices() -> list[str]:
    return [
        f"{case.value}={'|'.join(action.value for action in CHOICES[case])}"
        for case in Case
        if has_choice(case)
    ]


@merchant.command(name="set")
@click.argument("merchant_id", metavar="MERCHANT")
@click.option(
    "--reveal-limit",
    type=click.IntRange(0, HIGHEST_LIMIT),
    help="Codes that one address or key may read in an hour before an alarm; 0 for any.",
)
@click.option("--notify-email", help="Where the shop is told of its stock; empty for nowhere.")
@click.option(
    "--on-payment",
    "choices",
    metavar="CASE=ACTION",
    multiple=True,
    help="What becomes of a payment that does not fit: " + "; ".join(_choices()) + ".",
)
@click.option(
    "--on-reversal",
    type=click.Choice([Action.REFUND.value, Action.HOLD.value]),
    help="What becomes of a top-up that its supplier takes back: its price is given back, or a "
    "person decides.",
)
@click.pass_obj
def change(
    target: Target,
    merchant_id: str,
    reveal_limit: int | None,
    notify_email: str | None,
    choices: tuple[str, ...],
    on_reversal: str | None,
) -> None:
    """Change what a shop chose."""
    if reveal_limit is not None and 0 < reveal_limit < LOWEST_LIMIT:
        raise click.BadParameter(f"0, or at least {LOWEST_LIMIT}", param_hint="'--reveal-limit'")
    given = {
        "reveal_limit": reveal_limit,
        "notify_email": addressed(notify_email),
        "on_reversal": on_reversal,
    }
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    policy = dict(map(_chosen, choices))
    if not chosen and not policy:
        raise click.UsageError("say what to change")
    deployed = connect(target)
    if policy:
        kept = deployed.merchants.get(merchant_id).payment_policy
        chosen["payment_policy"] = policy_view(kept) | policy
    deployed.merchants.change(merchant_id, **chosen)
    view = merchant_view(deployed.merchants.get(merchant_id))
    answer(target, view, [f"changed {merchant_id}"])


@merchant.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.pass_obj
def show(target: Target, merchant_id: str) -> None:
    """A shop, its gateways and how many keys it has."""
    deployed = connect(target)
    view = merchant_view(deployed.merchants.get(merchant_id))
    set_up = [p for p in PROVIDERS if deployed.merchants.sealed_gateway(merchant_id, p)]
    view |= {"gateways": set_up, "keys": len(deployed.merchants.keys(merchant_id))}
    told = view | {
        "created_at_ms": moment(view["created_at_ms"]),
        "gateways": ", ".join(set_up) or "none",
        "payment_policy": ", ".join("=".join(each) for each in view["payment_policy"].items())
        or "usual",
    }
    answer(target, view, facts((name.removesuffix("_at_ms"), told[name]) for name in view))


@merchant.command(name="list")
@click.pass_obj
def list_all(target: Target) -> None:
    """All shops."""
    deployed = connect(target)
    found = [deployed.merchants.get(each) for each in sorted(deployed.merchants.ids())]
    answer(
        target,
        {"merchants": [merchant_view(each) for each in found]},
        columns(
            ("MERCHANT", "NAME", "LOCALE", "CREATED"),
            ((m.merchant_id, m.name, m.locale, moment(m.created_at_ms)) for m in found),
        ),
    )


def merchant_view(merchant: Merchant) -> dict[str, Any]:
    return {
        "merchant_id": merchant.merchant_id,
        "name": merchant.name,
        "order_url": merchant.order_url,
        "locale": merchant.locale,
        "mail_codes": merchant.mail_codes,
        "created_at_ms": merchant.created_at_ms,
        "reveal_limit": merchant.reveal_limit,
        "notify_email": merchant.notify_email,
        "payment_policy": policy_view(merchant.payment_policy),
        "on_reversal": merchant.on_reversal.value,
    }


def policy_view(policy: Policy) -> dict[str, str]:
    return {case.value: action.value for case, action in policy.items()}


def _chosen(text: str) -> tuple[str, str]:
    """A case and the action chosen for it."""
    case, _, action = text.partition("=")
    allowed = {each.value: [a.value for a in CHOICES[each]] for each in Case if has_choice(each)}
    if action not in allowed.get(case, []):
        raise click.BadParameter(
            "one of " + "; ".join(_choices()), param_hint=f"'--on-payment {text}'"
        )
    return case, action


def titled(text: str, option: str) -> str:
    """A name that fits what the API takes for one."""
    try:
        title: str = msgspec.convert(text, Title)
    except msgspec.ValidationError as error:
        raise click.BadParameter(
            "1 to 120 printable characters", param_hint=f"'{option}'"
        ) from error
    return title


def addressed(text: str | None) -> str | None:
    """An address that fits what the API takes for one, or none."""
    try:
        return msgspec.convert(text, Email) if text else text
    except msgspec.ValidationError as error:
        raise click.BadParameter("no mail address", param_hint="'--notify-email'") from error
