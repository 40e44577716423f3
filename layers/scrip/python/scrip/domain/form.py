"""What the buyer of a top-up fills in: a form as data, which a storefront can show.

A field may have a pattern: parts that follow each other, each a class of symbols and how many of
them, such as `[0-9]{8,10}` or `[A-Z]{2}[#][0-9A-F]{4}`. There are no alternatives, no groups and
nothing without an end, and what is left means the same wherever regular expressions are known: a
page can check it while it is typed. It is not matched by backtracking, so nobody can make it slow:
8 parts and 64 symbols take some thousand steps, whatever they are.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from scrip.domain.errors import FormMisfilled, RequestInvalid

MAX_FIELDS = 8
MAX_FILLED = 64
"""Symbols in a field."""

MAX_CHOICES = 100
MAX_PARTS = 8
MAX_FORM = 4000
"""Symbols in all: a storefront reads the forms of a whole shop at once."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")
PHONE = re.compile(r"\+?[0-9]{5,15}\Z")
BETWEEN_DIGITS = str.maketrans("", "", " -.()/")
PART = re.compile(
    r"\[((?:[0-9A-Za-z](?:-[0-9A-Za-z])?|[_.@#+:]|\\-)+)\](?:\{([0-9]{1,2})(?:,([0-9]{1,2}))?\})?"
)
RANGE = re.compile(r"\\?(.)(?:-(.))?")


class FieldKind(Enum):
    TEXT = "text"
    PHONE = "phone"
    """Digits, perhaps with + before them; what stands between them is left out."""
    CHOICE = "choice"


class Choice(NamedTuple):
    """`value` is filled in and goes to the supplier, `label` is shown."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """`name` is what suppliers' settings know it by. `pattern`: of a text; empty: any. `choices`:
    of a choice."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    pattern: str = ""
    choices: tuple[Choice, ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True)
class Form:
    fields: tuple[Field, ...]


NOTHING = Form(())
"""To be filled in, of a good that is charged to no account."""

Filled = tuple[tuple[str, str], ...]
"""What was filled in, by field, in the order of the form. Personal: nothing logs it."""


class _Part(NamedTuple):
    symbols: frozenset[str]
    least: int
    most: int


def check_form(form: Form) -> None:
    """Raises RequestInvalid: says which field, and why."""
    names = [each.name for each in form.fields]
    if not 1 <= len(names) <= MAX_FIELDS:
        raise RequestInvalid(f"form: 1 to {MAX_FIELDS} fields")
    if len(set(names)) < len(names):
        raise RequestInvalid("form: two fields have the same name")
    for field in form.fields:
        if flaw := _flaw(field):
            raise RequestInvalid(f"form: {field.name}: {flaw}")
    if sum(map(_size, form.fields)) > MAX_FORM:
        raise RequestInvalid(f"form: at most {MAX_FORM} symbols in all")


def check(form: Form, filled: Mapping[str, str]) -> Filled:
    """As it is kept: trimmed, in the order of the form, without what was left empty.

    Raises FormMisfilled: says which field and why, never what stands in it.
    """
    names = {field.name for field in form.fields}
    for name in filled:
        if name not in names:
            asked = name if NAME.match(name) else "a field"
            raise FormMisfilled(f"{asked}: is not asked for")
    found = []
    for field in form.fields:
        value = filled.get(field.name, "").strip()
        if field.kind is FieldKind.PHONE:
            value = value.translate(BETWEEN_DIGITS)
        if value and not _fits(field, value):
            raise FormMisfilled(f"{field.name}: {_EXPECTED[field.kind]}")
        if not value and field.required:
            raise FormMisfilled(f"{field.name}: is missing")
        if value:
            found.append((field.name, value))
    return tuple(found)


_EXPECTED = {
    FieldKind.TEXT: "does not fit its pattern",
    FieldKind.PHONE: "is no phone number",
    FieldKind.CHOICE: "is none of its choices",
}


def _flaw(field: Field) -> str:
    """Why it cannot be asked for; empty if it can."""
    if not NAME.match(field.name):
        return "its name is not [a-z][a-z0-9_]*, at most 32 symbols"
    if (field.kind is FieldKind.CHOICE) != bool(field.choices):
        return "choices go with the kind choice, and with no other"
    if field.pattern and field.kind is not FieldKind.TEXT:
        return "a pattern goes with the kind text, and with no other"
    values = {each.value for each in field.choices}
    if len(values) < len(field.choices) or len(values) > MAX_CHOICES:
        return f"at most {MAX_CHOICES} choices, none of them twice"
    if any(not value or value != value.strip() or not _is_text(value) for value in values):
        return f"a choice is 1 to {MAX_FILLED} symbols, with nothing around them"
    if not field.pattern:
        return ""
    parts = list(_parts(field.pattern))
    if None in parts or len(parts) > MAX_PARTS:
        return f"its pattern is not up to {MAX_PARTS} classes with their numbers: [0-9A-Z]{{6,12}}"
    return ""


def _size(field: Field) -> int:
    choices = sum(len(each.value) + len(each.label) for each in field.choices)
    return len(field.name) + len(field.label) + len(field.pattern) + choices


def _fits(field: Field, value: str) -> bool:
    if not _is_text(value):
        return False
    match field.kind:
        case FieldKind.PHONE:
            return PHONE.match(value) is not None
        case FieldKind.CHOICE:
            return value in {each.value for each in field.choices}
        case FieldKind.TEXT:
            return not field.pattern or _matches(field.pattern, value)


def _is_text(value: str) -> bool:
    return len(value) <= MAX_FILLED and value.isprintable()


def _matches(pattern: str, value: str) -> bool:
    """By the places that each part may end at, all of them at once."""
    ends = {0}
    for part in _parts(pattern):
        if part is None:
            return False
        ends = {end for start in ends for end in _ends(part, value, start)}
    return len(value) in ends


def _ends(part: _Part, value: str, start: int) -> Iterator[int]:
    for end in range(start, min(start + part.most, len(value)) + 1):
        if end > start and value[end - 1] not in part.symbols:
            return
        if end - start >= part.least:
            yield end


def _parts(pattern: str) -> Iterator[_Part | None]:
    """None where it is none."""
    at = 0
    while at < len(pattern):
        found = PART.match(pattern, at)
        yield _part(*found.groups()) if found else None
        if found is None:
            return
        at = found.end()


def _part(inside: str, least: str | None, most: str | None) -> _Part | None:
    symbols: set[str] = set()
    for found in RANGE.finditer(inside):
        first, last = found[1], found[2] or found[1]
        alike = first == last or any(
            first in kind and last in kind for kind in (_DIGITS, _SMALL, _LARGE)
        )
        if not alike or last < first:
            return None
        symbols |= {chr(code) for code in range(ord(first), ord(last) + 1)}
    lowest = int(least) if least else 1
    highest = int(most) if most else lowest
    return _Part(frozenset(symbols), lowest, highest) if 0 < highest >= lowest else None


_DIGITS, _SMALL, _LARGE = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
