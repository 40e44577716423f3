"""Payment gateways' secrets: set and show. They come from a prompt or stdin, and never leave."""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import click
import msgspec

from infra.admin.command import Group, Target
from infra.admin.output import answer, facts, tell
from infra.admin.piped import keep_piped
from infra.admin.stack import Deployment, connect
from scrip.adapters.gateways.registry import PROVIDERS
from scrip.adapters.gateways.stripe import StripeSecrets
from scrip.adapters.sealed_secrets import CACHE_SECONDS
from scrip.domain.errors import GatewayUnknown, RequestInvalid

STRIPE = "stripe"
MAX_WEBHOOK_SECRETS = 4
SHOWN = 4
"""Last characters of a secret that are shown, and only of one long enough to spare them."""
LONG_ENOUGH = 20

Provider = click.Choice(tuple(PROVIDERS))


@click.group(cls=Group)
def gateway() -> None:
    """A shop's payment providers."""


@gateway.command(name="set")
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("provider", type=Provider)
@click.argument("source", metavar="[-]", nargs=-1)
@click.option("--keep-key", is_flag=True, help="Keep the secret key that is set.")
@click.option("--add", is_flag=True, help="Keep the webhook secrets that are set, add these.")
@click.pass_obj
def set_secrets(
    target: Target,
    merchant_id: str,
    provider: str,
    source: tuple[str, ...],
    keep_key: bool,
    add: bool,
) -> None:
    """Set a provider's secrets. Of Stripe: one secret key and the webhook secrets, all that are
    valid now, asked for on a terminal; else, or with -, read from stdin: one a line, in any order,
    the key beginning with sk_ or rk_, webhook secrets with whsec_.

    Of any other provider: its JSON (docs/payments.md), read from stdin.
    """
    if source not in ((), ("-",)):
        # Never click's own words, which quote what was given.
        raise click.UsageError("secrets are no arguments: type them when asked, or pipe them in")
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    if provider != STRIPE:
        if keep_key or add:
            raise click.UsageError(f"{provider} is set whole, as JSON")
        keep_piped(provider, partial(deployed.gateways.set, merchant_id, provider))
        _tell_whole(target, deployed, merchant_id, provider)
        return
    old = _secrets(deployed, merchant_id, provider) if keep_key or add else None
    asked = not source and somebody_types()
    given = list(_asked(keep_key) if asked else _piped())
    secrets = merged(given, old, keep_key=keep_key, add=add)
    deployed.gateways.set(merchant_id, provider, msgspec.json.encode(secrets))
    _show(target, deployed, merchant_id, provider, secrets)
    tell(f"valid everywhere within {CACHE_SECONDS} seconds")


@gateway.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("provider", type=Provider, default="stripe")
@click.pass_obj
def show(target: Target, merchant_id: str, provider: str) -> None:
    """Which secrets are set, masked, and what to register at the provider."""
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    if provider != STRIPE:
        _tell_whole(target, deployed, merchant_id, provider)
        return
    secrets = _secrets(deployed, merchant_id, provider)
    _show(target, deployed, merchant_id, provider, secrets)


def merged(
    given: Sequence[str], old: StripeSecrets | None, *, keep_key: bool, add: bool
) -> StripeSecrets:
    """What is to be set. Raises RequestInvalid, which never quotes what was given."""
    keys = [text for text in given if text.startswith(("sk_", "rk_"))]
    hooks = [text for text in given if text.startswith("whsec_")]
    if len(keys) + len(hooks) != len(given):
        raise RequestInvalid("a secret begins with sk_, rk_ or whsec_; one of these does not")
    if old and keep_key:
        if keys:
            raise RequestInvalid("--keep-key keeps the secret key, and another one was given")
        keys = [old.secret_key]
    if old and add:
        hooks = [*old.webhook_secrets, *hooks]
    if len(keys) != 1:
        raise RequestInvalid(f"one secret key is needed, {len(keys)} were given")
    if not 1 <= len(set(hooks)) <= MAX_WEBHOOK_SECRETS:
        raise RequestInvalid(f"1 to {MAX_WEBHOOK_SECRETS} webhook secrets, not {len(set(hooks))}")
    if not keys[0][3:].startswith(("test_", "live_")):
        raise RequestInvalid("the secret key says neither test nor live")
    found = {"secret_key": keys[0], "webhook_secrets": list(dict.fromkeys(hooks))}
    try:
        return msgspec.convert(found, StripeSecrets)
    except msgspec.ValidationError as error:
        raise RequestInvalid("a secret is too short or holds a character it cannot have") from error


def _tell_whole(target: Target, deployed: Deployment, merchant_id: str, provider: str) -> None:
    secrets = _secrets(deployed, merchant_id, provider)
    view = {
        "merchant_id": merchant_id,
        "provider": provider,
        "set": [name for name, value in msgspec.structs.asdict(secrets).items() if value],
        "callback_url": deployed.callback_url(merchant_id, provider),
    }
    answer(target, view, facts((view | {"set": ", ".join(view["set"])}).items()))


def _secrets(deployed: Deployment, merchant_id: str, provider: str) -> Any:
    """In the shape of that provider."""
    try:
        return deployed.gateways.secrets(merchant_id, provider)
    except GatewayUnknown as error:
        raise GatewayUnknown(f"{merchant_id} has no secrets for {provider}") from error


def somebody_types() -> bool:
    return sys.stdin.isatty()


def _asked(keep_key: bool) -> Iterator[str]:
    if not keep_key:
        yield click.prompt("Secret key (sk_ or rk_)", hide_input=True, err=True).strip()
    yield click.prompt("Webhook secret (whsec_)", hide_input=True, err=True).strip()
    while more := click.prompt(
        "Another webhook secret (empty: no more)",
        hide_input=True,
        err=True,
        default="",
        show_default=False,
    ).strip():
        yield more


def _piped() -> Iterator[str]:
    for line in sys.stdin:
        if line.strip():
            yield line.strip()


def _show(
    target: Target, deployed: Deployment, merchant_id: str, provider: str, secrets: StripeSecrets
) -> None:
    view: dict[str, Any] = {
        "merchant_id": merchant_id,
        "provider": provider,
        "mode": "live" if secrets.live else "test",
        "secret_key": masked(secrets.secret_key),
        "webhook_secrets": [masked(each) for each in secrets.webhook_secrets],
        "callback_url": deployed.callback_url(merchant_id, provider),
    }
    told = view | {"webhook_secrets": ", ".join(view["webhook_secrets"])}
    answer(target, view, facts(told.items()))


def masked(secret: str) -> str:
    """What kind it is and how it ends: enough to tell two apart, useless to who reads it."""
    kind = "".join(secret.partition("_")[:2])
    if secret.startswith(("sk_", "rk_")):
        kind += secret[3:].partition("_")[0] + "_"
    ending = secret[-SHOWN:] if len(secret) - len(kind) >= LONG_ENOUGH else ""
    return f"{kind}…{ending}"
