"""The vault: wrap everything anew under the current key."""

from datetime import UTC, datetime

import click

from infra.admin.command import Group, Target
from infra.admin.output import answer, moment, tell
from infra.admin.stack import connect
from scrip.adapters.aws import NO_ANSWER
from scrip.adapters.wrapped import WrappedValues
from scrip.chance import now_ms
from scrip.domain.errors import Retryable
from scrip.flows.rotate_vault import Rotated, rotate_vault

TOLD_EVERY = 100


@click.group(cls=Group)
def vault() -> None:
    """What KMS wrapped."""


@vault.command()
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]),
    help="Only what was wrapped before this time (UTC).  [now]",
)
@click.pass_context
def rotate(context: click.Context, before: datetime | None) -> None:
    """Wrap every data key, merchant's key and gateway secret anew under the current key.

    Nothing has to stop for it, and no secret leaves KMS. Interrupted, run it again with the
    --before that it tells. What does not open is named and left as it is; the exit code is 1 then.
    """
    target: Target = context.obj
    deployed = connect(target)
    started_ms = now_ms()
    # Whole seconds, so that what is told can be given; the end of this one, so that all is before.
    since_ms = (started_ms // 1000 + 1) * 1000
    if before:
        since_ms = int(before.replace(tzinfo=UTC).timestamp() * 1000)
    at_ms = max(started_ms, since_ms)
    values = WrappedValues(
        deployed.merchants.table,
        deployed.resellers.table,
        deployed.imports.table,
        deployed.stock.table,
        deployed.bought_codes.table,
        deployed.keys,
    )
    try:
        done = rotate_vault(since_ms, at_ms=at_ms, values=values, progress=_tell_progress)
    except (Retryable, KeyboardInterrupt, *NO_ANSWER):
        tell(f"run it again with --before {moment(since_ms)} to go on")
        raise
    view = {
        "renewed": done.renewed,
        "current": done.current,
        "changed": done.changed,
        "broken": done.broken,
    }
    told = f"{done.renewed} wrapped anew, {done.current} were new enough"
    if done.changed:
        told += f", {done.changed} were changed by somebody meanwhile"
    answer(target, view, [told, *(f"does not open: {name}" for name in done.broken)])
    if done.broken:
        context.exit(1)


def _tell_progress(done: Rotated) -> None:
    if done.seen % TOLD_EVERY == 0:
        tell(f"{done.seen} seen, {done.renewed} wrapped anew")
