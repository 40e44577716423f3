"""Exports of codes: whose file leaked, and a second chance to download."""

from pathlib import Path
from typing import Any

import click

from infra.admin.command import Group, Target
from infra.admin.failures import Failed
from infra.admin.output import answer, columns, moment
from infra.admin.stack import Deployment, connect
from scrip.chance import now_ms, random_id
from scrip.contracts.merchant_exports import export_view
from scrip.domain.errors import ExportUnknown
from scrip.domain.export import Export
from scrip.domain.watermark import Evidence, Person, evidence, read_rows

MAX_FILE_BYTES = 16 * 1024 * 1024
BY = "scrip-admin"


@click.group(cls=Group)
def export() -> None:
    """Codes that left the stock by two people's word."""


@export.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def trace(target: Target, merchant_id: str, file: Path) -> None:
    """Tell whose file of exported codes this was, or was made of. It shows no code.

    The order of rows and the quotation marks around codes tell, without the first line and of a
    part of the file, too. Neither is left in a file that was sorted and written anew.
    """
    if file.stat().st_size > MAX_FILE_BYTES:
        raise Failed("request-too-large", f"at most {MAX_FILE_BYTES} bytes")
    rows = read_rows(file.read_text("utf-8", errors="replace"))
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    found = [
        (each, sign)
        for each in deployed.exports.all(merchant_id)
        for sign in _evidence(deployed, each, rows)
    ]
    answer(
        target,
        {"found": [_view(each, sign) for each, sign in found]},
        columns(
            ("EXPORT", "KEY", "IN ORDER", "QUOTED AS THEIRS", "VERDICT"),
            (
                (
                    each.export_id,
                    sign.key_id,
                    f"{sign.in_order} of {sign.neighbours}",
                    f"{sign.quoted_right} of {sign.rows}",
                    "this person's file" if sign.convicts else "-",
                )
                for each, sign in found
            ),
        )
        if found
        else ["no code of any export stands in it"],
    )


@export.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("export_id", metavar="EXPORT")
@click.pass_obj
def reopen(target: Target, merchant_id: str, export_id: str) -> None:
    """Let both persons of an approved export download it for a while again."""
    deployed = connect(target)
    seen = deployed.exports.find(merchant_id, export_id)
    if seen is None:
        raise ExportUnknown(export_id)
    at_ms = now_ms()
    reopened = seen.reopened(at_ms)
    _write_down(deployed, seen, "export_reopened", at_ms)
    now = deployed.exports.move(seen, reopened)
    if now != reopened:
        raise Failed("export-moved", "somebody moved it meanwhile", retryable=True)
    until = moment(now.downloads_until_ms)
    answer(target, export_view(now), [f"{', '.join(now.persons)} may download until {until}"])


def _evidence(deployed: Deployment, each: Export, rows: list[tuple[str, bool]]) -> list[Evidence]:
    if not each.picks:
        return []
    _write_down(deployed, each, "export_traced", now_ms())
    opened = deployed.codes.open_places(each.merchant_id, each.variant_id, each.places())
    exported = {code.code for code in opened if code is not None}
    found = [(code, quoted) for code, quoted in rows if code in exported]
    if not found:
        return []
    key = deployed.index_keys.of(each.merchant_id)
    return [evidence(Person(each.export_id, person, key), found) for person in each.persons]


def _write_down(deployed: Deployment, each: Export, act: str, at_ms: int) -> None:
    deployed.audit.acted(
        each.merchant_id,
        each.export_id,
        act,
        at_ms=at_ms,
        event_id=random_id(8),
        by=BY,
        source="",
    )


def _view(each: Export, sign: Evidence) -> dict[str, Any]:
    return {"export_id": each.export_id, **sign._asdict(), "convicts": sign.convicts}
