"""Codes: import a file of them, show how many are left.

A file goes in as slices, each under an Idempotency-Key made of what the file holds and the slice's
number. So running the same import again goes on where it stopped, and doubles nothing.
"""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from infra.admin.command import Group, Target
from infra.admin.failures import Failed
from infra.admin.output import answer, columns, moment, tell
from infra.admin.stack import Deployment, connect
from scrip.adapters.aws import NO_ANSWER
from scrip.chance import now_ms
from scrip.contracts.merchant_stock import StockView, stock_view
from scrip.domain.code import MAX_REASONS, Code
from scrip.domain.code_request import ParsedCodes, parse_csv, parse_text
from scrip.domain.errors import CodesRefused, Retryable
from scrip.domain.stock_level import SalesRate
from scrip.domain.stock_warning import Sight
from scrip.domain.synced_level import Following
from scrip.flows.import_codes import import_codes
from scrip.flows.manage_catalogue import list_shelves
from scrip.flows.read_stock import read_stock

SLICE = 1000
"""Codes sealed under one data key and put on sale together."""

MAX_FILE_BYTES = 64 * 1024 * 1024
"""All of it is checked before the first code goes in, so all of it is in memory."""

PARSERS = {"text": parse_text, "csv": parse_csv}
FORMATS = {".csv": "csv", ".txt": "text", "": "text"}


class Taken(NamedTuple):
    """Codes put on sale by this run, and by runs of the same file before it; `known` were left
    out because some other import had taken them."""

    now: int
    before: int
    known: int


@click.group(cls=Group)
def codes() -> None:
    """What is sold."""


@codes.command(name="import")
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("variant_id", metavar="VARIANT")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(tuple(PARSERS)), help="If the file's name does not say."
)
@click.pass_obj
def import_file(
    target: Target, merchant_id: str, variant_id: str, file: Path, form: str | None
) -> None:
    """Put a file of codes on sale: one a line, or CSV with the columns code, pin and note.

    All rows are checked first; if one is refused nothing is imported. Interrupted, run it again
    with the same file: it goes on, and no code is taken twice.
    """
    parsed = read_codes(file, form)
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    taken = import_slices(deployed, merchant_id, variant_id, parsed.codes)
    view = {
        "variant_id": variant_id,
        "imported": taken.now,
        "imported_before": taken.before,
        "known": taken.known,
        "duplicates": parsed.duplicates,
    }
    told = f"{taken.now} codes on sale"
    if taken.before:
        told += f", {taken.before} were already"
    if taken.known:
        told += f"; {taken.known} left out: imported before from elsewhere"
    if parsed.duplicates:
        told += f"; {parsed.duplicates} stood in the file twice and went in once"
    answer(target, view, [told])


def read_codes(file: Path, form: str | None) -> ParsedCodes:
    """All codes of a file, each once. Raises CodesRefused, Failed."""
    form = form or FORMATS.get(file.suffix.lower())
    if form is None:
        raise click.UsageError(f"what is a {file.suffix} file? Say --format text or --format csv")
    if file.stat().st_size > MAX_FILE_BYTES:
        raise Failed("request-too-large", f"at most {MAX_FILE_BYTES} bytes a file; split it")
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise Failed("request-malformed", f"{file} is not UTF-8") from error
    parsed = PARSERS[form](text)
    if parsed.refused:
        fact = f"{len(parsed.refused)} rows of {file} cannot be taken; nothing was imported"
        raise CodesRefused(fact, parsed.refused[:MAX_REASONS])
    if not parsed.codes:
        raise CodesRefused(f"there is no code in {file}", ())
    return parsed


def import_slices(
    deployed: Deployment, merchant_id: str, variant_id: str, found: Sequence[Code]
) -> Taken:
    """Raises VariantUnknown, StoreUnavailable; what is in stays in."""
    content = content_key(found)
    now = before = known = 0
    label = f"importing {len(found)} codes"
    with click.progressbar(length=len(found), label=label, file=sys.stderr) as bar:
        for start in range(0, len(found), SLICE):
            part = tuple(found[start : start + SLICE])
            try:
                imported = import_codes(
                    merchant_id,
                    variant_id,
                    f"{content}-{SLICE}-{start // SLICE}",
                    lambda part=part: ParsedCodes(part, (), 0),  # type: ignore[misc]
                    now_ms=now_ms(),
                    catalogue=deployed.catalogue,
                    stock=deployed.stock,
                    vault=deployed.vault,
                    index_keys=deployed.index_keys,
                    seen_codes=deployed.seen_codes,
                )
            except (Retryable, KeyboardInterrupt, *NO_ANSWER):
                tell(f"\n{now + before} of {len(found)} codes are in; run it again to go on")
                raise
            if imported.new:
                now += imported.batch.codes
            else:
                before += imported.batch.codes
            known += len(imported.batch.known)
            bar.update(len(part))
    return Taken(now, before, known)


def content_key(found: Sequence[Code]) -> str:
    """Names what a file holds: the same for another spelling of it (line ends, blank lines), so
    that saving a file anew cannot sell its codes twice."""
    digest = hashlib.sha256()
    for code in found:
        digest.update(f"{code.code}\n{code.pin}\n".encode())
        if code.note:
            digest.update(f"\0{code.note}\n".encode())
    return f"file-{digest.hexdigest()}"


@click.group(cls=Group)
def stock() -> None:
    """How much is left."""


@stock.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("variant_id", metavar="[VARIANT]", required=False)
@click.pass_obj
def show(target: Target, merchant_id: str, variant_id: str | None) -> None:
    """Codes imported, unsold and expired, counted; of one variant or of all."""
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    shelves = list_shelves(merchant_id, catalogue=deployed.catalogue)
    every = [variant.variant_id for shelf in shelves for variant in shelf.variants]
    views = [
        stock_view(each, *_read(deployed, merchant_id, each))
        for each in ([variant_id] if variant_id else every)
    ]
    answer(
        target,
        {"merchant_id": merchant_id, "variants": views},
        columns(
            (
                "VARIANT",
                "IMPORTED",
                "AVAILABLE",
                "KEPT",
                "EXPIRED",
                "NEXT END",
                "SOLD A DAY",
                "DAYS LEFT",
            ),
            (
                (
                    view.variant_id,
                    view.imported,
                    view.available,
                    view.kept,
                    view.expired,
                    _next_end(view),
                    view.sold_per_day,
                    "" if view.days_left is None else view.days_left,
                )
                for view in views
            ),
        ),
    )


def _read(
    deployed: Deployment, merchant_id: str, variant_id: str
) -> tuple[Sight, SalesRate, Following | None]:
    return read_stock(
        merchant_id,
        variant_id,
        now_ms=now_ms(),
        catalogue=deployed.catalogue,
        stock=deployed.stock,
        watch=deployed.stock_watch,
        synced=deployed.synced,
    )


def _next_end(view: StockView) -> str:
    """When the next codes end, and how many; empty if none do."""
    for shelf in view.shelves:
        if shelf.until_ms and shelf.available + shelf.kept:
            return f"{moment(shelf.until_ms)} ({shelf.available + shelf.kept})"
    return ""
