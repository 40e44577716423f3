"""Marks of a person in a file of codes: one to see, two that are not seen.

The first line names the person. The order of the rows, and which of them stand in quotation marks,
follow from a key that nobody outside has, the export and the person. Order survives another
spelling of the file, quotation marks survive another order; each survives leaving rows out.
"""

import hmac
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from scrip.domain.code import Code

HEADER = "code,pin"
NEEDS_QUOTES = frozenset('",\r\n')
LEAST_SIGNS = 10
LEAST_SHARE_PERCENT = 90
"""A stranger's file fits to one half. Ten signs that fit by nine tenths do so by chance once in
ninety times, twenty once in five thousand."""


class Person(NamedTuple):
    """`label`: what the key is called. `key`: the merchant's, to make marks with."""

    export_id: str
    key_id: str
    key: bytes


class Evidence(NamedTuple):
    """How far a file fits a person: neighbours in the person's order, rows quoted as theirs."""

    key_id: str
    neighbours: int
    in_order: int
    rows: int
    quoted_right: int

    @property
    def convicts(self) -> bool:
        """Whether either sign says that this person's file it was."""
        return _fits(self.in_order, self.neighbours) or _fits(self.quoted_right, self.rows)


def marked_file(person: Person, label: str, at_ms: int, codes: Sequence[Code]) -> str:
    """The person's own CSV. Only its first line differs from one time to the next."""
    plain_label = "".join(symbol for symbol in label if symbol.isprintable() and symbol != '"')
    who = f'key {person.key_id} "{plain_label}"'
    head = f"# export {person.export_id} for {who}, {at_ms} ms since 1970"
    ordered = sorted(codes, key=lambda code: _place(person, code.code))
    rows = (
        f"{_cell(code.code, quoted=_quoted(person, code.code))},{_cell(code.pin)}"
        for code in ordered
    )
    return "\n".join((head, HEADER, *rows)) + "\n"


def evidence(person: Person, found: Sequence[tuple[str, bool]]) -> Evidence:
    """`found`: codes of the export as they stand in a file, and whether each is quoted."""
    places = [_place(person, code) for code, _ in found]
    in_order = sum(a < b for a, b in pairwise(places))
    free = [(code, quoted) for code, quoted in found if not NEEDS_QUOTES & set(code)]
    right = sum(_quoted(person, code) == quoted for code, quoted in free)
    return Evidence(person.key_id, max(0, len(places) - 1), in_order, len(free), right)


def read_rows(text: str) -> list[tuple[str, bool]]:
    """First cells of a file's lines, and whether each stood in quotation marks."""
    found = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith('"'):
            inner, end = line[1:], 0
            while (end := inner.find('"', end)) >= 0 and inner[end : end + 2] == '""':
                end += 2
            found.append((inner[: end if end >= 0 else None].replace('""', '"'), True))
        elif line:
            found.append((line.partition(",")[0].strip(), False))
    return found


def _fits(right: int, signs: int) -> bool:
    return signs >= LEAST_SIGNS and right * 100 >= signs * LEAST_SHARE_PERCENT


def _place(person: Person, code: str) -> bytes:
    return _mark(person, "place", code)


def _quoted(person: Person, code: str) -> bool:
    return bool(_mark(person, "quoted", code)[0] & 1)


def _mark(person: Person, sign: str, code: str) -> bytes:
    name = f"export-mark|{sign}|{person.export_id}|{person.key_id}|{code}".encode()
    return hmac.digest(person.key, name, "sha256")


def _cell(text: str, *, quoted: bool = False) -> str:
    if quoted or NEEDS_QUOTES & set(text):
        return '"' + text.replace('"', '""') + '"'
    return text
