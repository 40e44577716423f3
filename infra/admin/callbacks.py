"""Payment providers' callbacks as they came: list, show, take again."""

import base64
from collections.abc import Iterator
from typing import Any

import click
import msgspec

from infra.admin.command import Group, Target
from infra.admin.output import answer, columns, moment, tell
from infra.admin.stack import Deployment, connect
from scrip.chance import now_ms, random_id
from scrip.contracts.callbacks import CallbackAnswer, ReplayRequest, replay_event
from scrip.contracts.problems import Problem
from scrip.domain.callback import UNMATCHED, Callback

BY = "scrip-admin"

DAY = click.DateTime(["%Y-%m-%d"])


class Key(click.ParamType[str]):
    """The name of a kept callback, as `list` tells it."""

    name = "key"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return msgspec.convert({"key": value}, ReplayRequest).key
        except msgspec.ValidationError:
            self.fail("a key as `callback list` tells it", param, ctx)


@click.group(cls=Group)
def callback() -> None:
    """What payment providers sent, kept for 180 days."""


@callback.command(name="list")
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("place", metavar="ORDER|unmatched|ignored")
@click.option("--since", type=DAY, help="Only what came on this day (UTC) or later.")
@click.pass_obj
def list_some(target: Target, merchant_id: str, place: str, since: Any) -> None:
    """What came about an order, about none of the shop's, or moved nothing."""
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    found = list(deployed.callbacks.list(merchant_id, place, _day(since)))
    answer(
        target,
        {"callbacks": [each._asdict() for each in found]},
        columns(
            ("RECEIVED", "BYTES", "KEY"),
            ((moment(each.received_at_ms), each.size, each.key) for each in found),
        ),
    )


@callback.command()
@click.argument("key", type=Key())
@click.pass_obj
def show(target: Target, key: str) -> None:
    """Its headers and its body, as they came: who paid, with personal data. It is written down
    that you looked."""
    deployed = connect(target)
    kept = deployed.callbacks.read(key)
    _write_down(deployed, key, "callback_shown")
    tell("This is personal data of whoever paid: leave it in no ticket and no chat.")
    answer(target, _view(kept), _lines(kept))


@callback.command()
@click.argument("keys", metavar="[KEY]...", type=Key(), nargs=-1)
@click.option("--unmatched", metavar="MERCHANT", help="All of a shop's that matched no order.")
@click.option("--since", type=DAY, help="With --unmatched: what came on this day (UTC) or later.")
@click.pass_context
def replay(
    context: click.Context, keys: tuple[str, ...], unmatched: str | None, since: Any
) -> None:
    """Take callbacks again, as the deployed function would now: safe to repeat.

    Signatures are checked as of when they came, with the secrets that are set or were before. The
    exit code is 1 if any was refused.
    """
    if bool(keys) == bool(unmatched) or (since and not unmatched):
        raise click.UsageError("either KEYs, or --unmatched MERCHANT and perhaps --since DAY")
    target: Target = context.obj
    deployed = connect(target)
    if unmatched:
        deployed.merchants.get(unmatched)
        listed = deployed.callbacks.list(unmatched, UNMATCHED, _day(since))
        keys = tuple(each.key for each in listed)
    done = [(key, *_replayed(deployed, key)) for key in keys]
    answer(
        target,
        {"replayed": [{"key": key, "outcome": outcome} for key, outcome, _ in done]},
        columns(("OUTCOME", "KEY"), ((outcome, key) for key, outcome, _ in done)),
    )
    if not all(taken for _, _, taken in done):
        context.exit(1)


def _replayed(deployed: Deployment, key: str) -> tuple[str, bool]:
    """What became of it, and whether it was taken."""
    _write_down(deployed, key, "callback_replayed")
    told = deployed.invoke("ApiAcceptPayment", replay_event(key))
    if told["statusCode"] == 200:
        return msgspec.json.decode(told["body"], type=CallbackAnswer).outcome, True
    return msgspec.json.decode(told["body"], type=Problem).slug, False


def _write_down(deployed: Deployment, key: str, act: str) -> None:
    merchant_id, place, _ = key.split("/")
    deployed.audit.acted(
        merchant_id,
        place,
        act,
        at_ms=now_ms(),
        event_id=random_id(8),
        by=BY,
        source="",
        key=key,
    )


def _day(since: Any) -> str:
    return f"{since:%Y-%m-%d}" if since else ""


def _view(kept: Callback) -> dict[str, Any]:
    return {
        "key": kept.kept_as,
        "provider": kept.provider,
        "received_at_ms": kept.received_at_ms,
        "headers": kept.headers,
        "body_base64": base64.b64encode(kept.raw).decode(),
    }


def _lines(kept: Callback) -> Iterator[str]:
    yield f"received: {moment(kept.received_at_ms)}"
    yield from (f"{name}: {value}" for name, value in kept.headers.items())
    yield ""
    yield kept.raw.decode(errors="backslashreplace")
