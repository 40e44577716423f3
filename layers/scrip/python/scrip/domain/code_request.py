"""Codes in the body of one request: text with one code a line, or CSV with named columns."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO

from scrip.domain.code import Code
from scrip.domain.code_rows import Column, Grammar, Reason, read_header
from scrip.domain.errors import FileRefused, RefusedRow

IN_REQUESTS = frozenset({Column.CODE, Column.PIN, Column.NOTE})
"""Codes with an end or a cost come as a file: they are kept apart by both."""


@dataclass(frozen=True, slots=True)
class ParsedCodes:
    codes: tuple[Code, ...]
    refused: tuple[RefusedRow, ...]
    duplicates: int


def parse_text(text: str) -> ParsedCodes:
    """One code a line. Blank lines are skipped."""
    lines = text.removeprefix("\ufeff").split("\n")
    return _collect((Column.CODE,), ((row, [line]) for row, line in enumerate(lines, 1)))


def parse_csv(text: str) -> ParsedCodes:
    """A header row naming `code` and, if any, `pin` and `note`, then one code a row."""
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error:
        return _refused(reader.line_num, "not well-formed CSV")
    try:
        columns = read_header(rows[0]) if rows else None
    except FileRefused:
        columns = None
    if columns is None or not IN_REQUESTS.issuperset(columns):
        return _refused(1, "header must name code and may name pin and note")
    return _collect(columns, enumerate(rows[1:], 2))


def _refused(row: int, reason: str) -> ParsedCodes:
    return ParsedCodes((), (RefusedRow(row, reason),), 0)


def _collect(columns: tuple[Column, ...], rows: Iterable[tuple[int, list[str]]]) -> ParsedCodes:
    grammar = Grammar(columns, minor_digits=0, now_ms=0)
    taken: dict[str, Code] = {}
    refused: list[RefusedRow] = []
    duplicates = 0
    for number, cells in rows:
        row = grammar.read(cells)
        if row is Reason.BLANK:
            continue
        if isinstance(row, Reason):
            refused.append(RefusedRow(number, row.text))
        elif row.code.code in taken:
            duplicates += 1
        else:
            taken[row.code.code] = row.code
    return ParsedCodes(tuple(taken.values()), tuple(refused), duplicates)
