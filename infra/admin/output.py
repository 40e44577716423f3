"""Answers: for machines as JSON, for people as lines. Both on stdout; all else goes to stderr."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from infra.admin.command import Target


def answer(target: Target, value: Any, lines: Iterable[str]) -> None:
    """`value`: dicts, lists or Structs. `lines`: the same for people."""
    if target.json:
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
        return
    for line in lines:
        click.echo(line)


def tell(text: str) -> None:
    """A remark beside the answer."""
    click.echo(text, err=True)


def facts(pairs: Iterable[tuple[str, object]]) -> list[str]:
    """One fact a line, names aligned."""
    found = [(name, str(value)) for name, value in pairs]
    width = max(len(name) for name, _ in found)
    return [f"{name:<{width}}  {value}".rstrip() for name, value in found]


def columns(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(header))]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def moment(at_ms: int) -> str:
    """Milliseconds since 1970 as a UTC time."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")[:19] + "Z"


def minor(amount_minor: int, currency: str) -> str:
    """An amount in minor units, and says so: where a currency's point goes is not ours to guess."""
    return f"{amount_minor} {currency} minor"
