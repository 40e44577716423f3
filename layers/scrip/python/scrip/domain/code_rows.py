"""A row of codes, whatever it came in: text, CSV, a spreadsheet or a request.

Cells become a `Row`, or the `Reason` why not. A reason says what is wrong with a row, never what
stands in it.
"""

import re
from calendar import monthrange, timegm
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import NamedTuple

from scrip.domain.code import MAX_CODE_LENGTH, Code
from scrip.domain.errors import FileRefused

MAX_COST_MINOR = 10**12
CACHED_TERMS = 1000

DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})\Z")
MOMENT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})\Z"
)
AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,15}))?\Z")
DAY_MS = 86_400_000


class Column(Enum):
    """What a column holds. A file without a header has them in this order."""

    CODE = "code"
    PIN = "pin"
    VALID_UNTIL = "valid_until"
    COST = "cost"
    NOTE = "note"


NAMES = {
    "code": Column.CODE,
    "卡号": Column.CODE,
    "兑换码": Column.CODE,
    "pin": Column.PIN,
    "secret": Column.PIN,
    "password": Column.PIN,
    "密码": Column.PIN,
    "valid_until": Column.VALID_UNTIL,
    "valid until": Column.VALID_UNTIL,
    "expires": Column.VALID_UNTIL,
    "有效期": Column.VALID_UNTIL,
    "到期时间": Column.VALID_UNTIL,
    "cost": Column.COST,
    "成本": Column.COST,
    "note": Column.NOTE,
    "备注": Column.NOTE,
}
"""How a header may call them, in lower case."""

CODE_OR_PIN = "卡密"
"""Beside a card's number (卡号) it is what the number is used with; alone it is the code."""


class Reason(IntEnum):
    """What became of a row. Kept as numbers: never renumber."""

    TAKEN = 0
    BLANK = 1
    DUPLICATE = 2
    KNOWN = 3
    COLUMNS = 4
    EMPTY = 5
    LONG = 6
    UNPRINTABLE = 7
    DATE = 8
    PAST = 9
    COST = 10
    FORMULA = 11
    ROUNDED = 12
    NOT_TEXT = 13

    @property
    def text(self) -> str:
        return TEXTS[self]


QUIET = frozenset({Reason.TAKEN, Reason.BLANK})
REFUSALS = frozenset(Reason) - QUIET - {Reason.DUPLICATE, Reason.KNOWN}

TEXTS = {
    Reason.TAKEN: "taken",
    Reason.BLANK: "blank",
    Reason.DUPLICATE: "duplicate of an earlier row of this file",
    Reason.KNOWN: "known from an earlier import",
    Reason.COLUMNS: "wrong number of columns",
    Reason.EMPTY: "empty code",
    Reason.LONG: f"longer than {MAX_CODE_LENGTH} characters",
    Reason.UNPRINTABLE: "unprintable character",
    Reason.DATE: "valid_until is neither a date (2026-12-31) nor a time with its offset",
    Reason.PAST: "valid_until lies in the past",
    Reason.COST: "cost is not an amount of the variant's currency",
    Reason.FORMULA: "a formula, not a value",
    Reason.ROUNDED: "a number that a spreadsheet may have changed: format its column as text",
    Reason.NOT_TEXT: "neither text nor a number",
}


class Terms(NamedTuple):
    """What codes of one lane share. `until_ms`: from then on not to be sold; 0 for never.

    `cost_minor`: what one cost the merchant, None if not told.
    """

    until_ms: int = 0
    cost_minor: int | None = None


class Row(NamedTuple):
    code: Code
    terms: Terms


def read_header(cells: Sequence[str]) -> tuple[Column, ...] | None:
    """The columns that a first row names; None when it is no header. Raises FileRefused."""
    names = [cell.strip().lower() for cell in cells]
    found = [NAMES.get(name) for name in names]
    if CODE_OR_PIN in names:
        has_code = Column.CODE in found
        found[names.index(CODE_OR_PIN)] = Column.PIN if has_code else Column.CODE
    if Column.CODE not in found:
        return None
    if None in found:
        known = ", ".join(column.value for column in Column)
        raise FileRefused(f"column {found.index(None) + 1} of the header is none of {known}")
    columns = tuple(column for column in found if column)
    if len(set(columns)) < len(columns):
        raise FileRefused("the header names a column twice")
    return columns


def columns_in_order(width: int) -> tuple[Column, ...]:
    """The columns of a file without a header. Raises FileRefused."""
    if width > len(Column):
        raise FileRefused(f"more than {len(Column)} columns and no header")
    return tuple(Column)[:width]


@dataclass(slots=True)
class Grammar:
    """Reads rows of these columns. `minor_digits`: decimals of the currency that costs are in."""

    columns: tuple[Column, ...]
    minor_digits: int
    now_ms: int
    _places: dict[Column, int] = field(init=False)
    _terms: dict[tuple[str, str], Terms | Reason] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = {column: place for place, column in enumerate(self.columns)}

    def read(self, cells: Sequence[str]) -> Row | Reason:
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            return Reason.BLANK
        if len(cells) != len(self.columns):
            return Reason.COLUMNS
        for cell in cells:
            if len(cell) > MAX_CODE_LENGTH:
                return Reason.LONG
            if not cell.isprintable():
                return Reason.UNPRINTABLE
        code = cells[self._places[Column.CODE]]
        if not code:
            return Reason.EMPTY
        terms = self._read_terms(
            self._cell(cells, Column.VALID_UNTIL), self._cell(cells, Column.COST)
        )
        if isinstance(terms, Reason):
            return terms
        return Row(Code(code, self._cell(cells, Column.PIN), self._cell(cells, Column.NOTE)), terms)

    def _cell(self, cells: Sequence[str], column: Column) -> str:
        place = self._places.get(column)
        return "" if place is None else cells[place]

    def _read_terms(self, until: str, cost: str) -> Terms | Reason:
        known = self._terms.get((until, cost))
        if known is None:
            if len(self._terms) >= CACHED_TERMS:
                self._terms.clear()
            known = self._terms[until, cost] = self._judge_terms(until, cost)
        return known

    def _judge_terms(self, until: str, cost: str) -> Terms | Reason:
        until_ms = read_until(until) if until else 0
        if until_ms is None:
            return Reason.DATE
        if until and until_ms <= self.now_ms:
            return Reason.PAST
        cost_minor = read_cost(cost, self.minor_digits) if cost else None
        if cost and cost_minor is None:
            return Reason.COST
        return Terms(until_ms, cost_minor)


def read_until(text: str) -> int | None:
    """The end of validity: of a day its last moment in UTC, of a time that moment. Else None."""
    if day := DAY.match(text):
        start = _day_ms(*map(int, day.groups()))
        return None if start is None else start + DAY_MS
    if moment := MOMENT.match(text):
        year, month, date, hour, minute, second = (int(part or 0) for part in moment.groups()[:6])
        start = _day_ms(year, month, date)
        offset = _offset_minutes(moment[7])
        if start is None or offset is None or hour > 23 or minute > 59 or second > 59:
            return None
        return start + ((hour * 60 + minute - offset) * 60 + second) * 1000
    return None


def _day_ms(year: int, month: int, day: int) -> int | None:
    if not (1970 <= year <= 2999 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        return None
    return timegm((year, month, day, 0, 0, 0)) * 1000


def _offset_minutes(text: str) -> int | None:
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if text[0] == "-" else 1)


def read_cost(text: str, minor_digits: int) -> int | None:
    """`12.5` as 1250 where the currency has two decimals. None for what is no such amount."""
    found = AMOUNT.match(text)
    if found is None:
        return None
    decimals = (found[2] or "").rstrip("0")
    if len(decimals) > minor_digits:
        return None
    minor = int(found[1] + decimals.ljust(minor_digits, "0"))
    return minor if minor <= MAX_COST_MINOR else None
