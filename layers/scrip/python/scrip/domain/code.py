"""Codes as the merchant hands them in: text with one code a row, or CSV with named columns."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO

from scrip.domain.errors import RefusedRow

MAX_CODES_PER_IMPORT = 5_000
MAX_CODE_LENGTH = 200
MAX_REASONS = 50
"""Refused rows that one answer names; the count is always complete."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code to sell, with its PIN if it has one. Its repr is masked, so a log cannot tell it."""

    code: str
    pin: str = ""

    def __repr__(self) -> str:
        return "Code(...)"


@dataclass(frozen=True, slots=True)
class DataKey:
    """A batch's key: `plain` seals its codes, `sealed` is how it is kept."""

    sealed: bytes
    plain: bytes

    def __repr__(self) -> str:
        return "DataKey(...)"


@dataclass(frozen=True, slots=True)
class ParsedCodes:
    codes: tuple[Code, ...]
    refused: tuple[RefusedRow, ...]
    duplicates: int


def parse_text(text: str) -> ParsedCodes:
    """One code a line. Blank lines are skipped."""
    return _collect((row, [line.strip()]) for row, line in enumerate(_lines(text), 1))


def parse_csv(text: str) -> ParsedCodes:
    """A header row naming `code` and, if any, `pin`, then one code a row."""
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error:
        return ParsedCodes((), (RefusedRow(reader.line_num, "not well-formed CSV"),), 0)
    header = [name.strip().lower() for name in rows[0]] if rows else []
    if sorted(header) not in (["code"], ["code", "pin"]):
        return ParsedCodes((), (RefusedRow(1, "header must name code and may name pin"),), 0)
    order = [header.index(name) for name in ("code", "pin") if name in header]
    return _collect(
        (number, [row[i].strip() for i in order] if len(row) == len(header) else [])
        for number, row in enumerate(rows[1:], 2)
        if row
    )


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").split("\n")


def _collect(rows: Iterable[tuple[int, list[str]]]) -> ParsedCodes:
    taken: dict[str, Code] = {}
    refused: list[RefusedRow] = []
    duplicates = 0
    for number, cells in rows:
        if cells == [""]:
            continue
        reason = _why_not(cells)
        if reason:
            refused.append(RefusedRow(number, reason))
        elif cells[0] in taken:
            duplicates += 1
        else:
            taken[cells[0]] = Code(*cells)
    return ParsedCodes(tuple(taken.values()), tuple(refused), duplicates)


def _why_not(cells: list[str]) -> str | None:
    if not cells:
        return "wrong number of columns"
    if not cells[0]:
        return "empty code"
    if any(len(cell) > MAX_CODE_LENGTH for cell in cells):
        return f"longer than {MAX_CODE_LENGTH} characters"
    if any(not cell.isprintable() for cell in cells):
        return "unprintable character"
    return None
