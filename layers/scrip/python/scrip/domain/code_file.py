"""Files of codes: what encoding and layout they have, by evidence or as told, and their rows.

A file is text: one code a line, or cells between separators; or CSV with a header; or a
spreadsheet, whose rows come from elsewhere. Nothing here holds a file as a whole.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import chain
from typing import NamedTuple

from scrip.domain.code_rows import Column, Reason, columns_in_order, read_header
from scrip.domain.errors import FileRefused

MAX_FILE_BYTES = 500_000_000
MAX_ROWS = 5_000_000
MAX_LINE_CHARACTERS = 20_000
MAX_LANES = 60
"""Different ends and costs in one file: each has chunks, and an entry in the directory, of its
own."""

SAMPLE_ROWS = 200
UTF8, GB18030 = "utf-8", "gb18030"

MARKS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
ZIP_MARK = b"PK\x03\x04"
OLD_SPREADSHEET_MARK = b"\xd0\xcf\x11\xe0"
SEPARATORS = ("----", "\t", "|", ",")
"""In the order in which evidence for them is looked for."""

CSV_DELIMITERS = (",", "\t", "|")

RawRow = Sequence[str] | Reason
"""Cells, or why there are none."""


class Format(Enum):
    TEXT = "text"
    CSV = "csv"
    XLSX = "xlsx"


class Asked(NamedTuple):
    """What the merchant told of a file; None where we are to look."""

    format: Format | None = None
    encoding: str | None = None
    separator: str | None = None


class Layout(NamedTuple):
    """How to read a file. `separator`: empty where a whole line is a code. `header`: the first row
    names the columns. `encoding`: of text and CSV."""

    format: Format
    columns: tuple[Column, ...]
    header: bool
    separator: str = ""
    encoding: str = UTF8


def format_of(head: bytes, file_name: str, asked: Asked) -> Format:
    """By what was told, the first bytes, the name. Raises FileRefused."""
    if not head:
        raise FileRefused("the file is empty")
    if head.startswith(OLD_SPREADSHEET_MARK):
        raise FileRefused("an old spreadsheet (XLS): save it as XLSX or CSV")
    zipped = head.startswith(ZIP_MARK)
    if asked.format is Format.XLSX and not zipped:
        raise FileRefused("not a spreadsheet (XLSX)")
    if zipped:
        if asked.format in (Format.TEXT, Format.CSV):
            raise FileRefused(f"a ZIP archive or a spreadsheet, not {asked.format.value}")
        return Format.XLSX
    if asked.format:
        return asked.format
    return Format.CSV if file_name.lower().endswith(".csv") else Format.TEXT


def encodings_to_try(head: bytes, asked: Asked) -> tuple[str, ...]:
    """Whoever is wrong fails while decoding, then the next is tried. Raises FileRefused."""
    for mark, name in MARKS.items():
        if head.startswith(mark):
            raise FileRefused(f"{name} text: save it as UTF-8")
    if head.startswith(codecs.BOM_UTF8):
        return (UTF8,)
    return (asked.encoding,) if asked.encoding else (UTF8, GB18030)


def lines(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Without their line feeds. Raises UnicodeDecodeError, FileRefused."""
    decoder = codecs.getincrementaldecoder(encoding)()
    rest, first = "", True
    for block in chain(blocks, (b"",)):
        text = decoder.decode(block, final=not block)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        *whole, rest = (rest + text).split("\n")
        if len(rest) > MAX_LINE_CHARACTERS:
            raise FileRefused(f"a line of more than {MAX_LINE_CHARACTERS} characters")
        yield from whole
    if rest:
        yield rest


def layout_of_text(format_: Format, encoding: str, sample: Sequence[str], asked: Asked) -> Layout:
    """By the first lines of a file. Raises FileRefused."""
    filled = [line for line in sample if line.strip()]
    if not filled:
        raise FileRefused("there is no code in it")
    if format_ is Format.CSV:
        return _csv_layout(filled[0], encoding, asked)
    separator = _separator(filled) if asked.separator is None else asked.separator
    split = [_split(line, separator) for line in filled]
    columns = read_header(split[0]) if separator else None
    if columns is None:
        [(width, _)] = Counter(map(len, split)).most_common(1)
        return Layout(format_, columns_in_order(width), False, separator, encoding)
    return Layout(format_, columns, True, separator, encoding)


def _csv_layout(header: str, encoding: str, asked: Asked) -> Layout:
    asked_for = (asked.separator,) if asked.separator else CSV_DELIMITERS
    for delimiter in asked_for:
        if len(delimiter) != 1:
            raise FileRefused("CSV is separated by a comma, a tab or |")
        try:
            [cells] = csv.reader([header], delimiter=delimiter, strict=True)
        except csv.Error as error:
            raise FileRefused("not well-formed CSV in row 1") from error
        columns = read_header(cells)
        if columns:
            return Layout(Format.CSV, columns, True, delimiter, encoding)
    raise FileRefused(
        "CSV needs a header that names code, and may name pin, valid_until, cost, note"
    )


def layout_of_sheet(sample: Iterable[RawRow]) -> Layout:
    """By the first rows of a spreadsheet. Raises FileRefused."""
    filled = [row for row in sample if not isinstance(row, Reason) and any(row)]
    if not filled:
        raise FileRefused("there is no code in it")
    columns = read_header(trimmed(filled[0]))
    if columns:
        return Layout(Format.XLSX, columns, True)
    width = max(len(trimmed(row)) for row in filled)
    return Layout(Format.XLSX, columns_in_order(width), False)


def _separator(filled: Sequence[str]) -> str:
    """The first separator that nine lines of ten have, all of them as often; else none."""
    for separator in SEPARATORS:
        [(times, found)] = Counter(line.count(separator) for line in filled).most_common(1)
        if times and found * 10 >= len(filled) * 9:
            return separator
    return ""


def _split(line: str, separator: str) -> list[str]:
    return line.split(separator) if separator else [line]


def trimmed(cells: Sequence[str]) -> Sequence[str]:
    """Without the empty cells at its end, of which spreadsheets have any number."""
    width = len(cells)
    while width and not cells[width - 1]:
        width -= 1
    return cells[:width]


def text_rows(found: Iterator[str], layout: Layout) -> Iterator[RawRow]:
    """Every row, the header too. Raises FileRefused for CSV that is not well-formed."""
    if layout.format is Format.TEXT:
        return (_split(line, layout.separator) for line in found)
    return _csv_rows(found, layout.separator)


def _csv_rows(found: Iterator[str], delimiter: str) -> Iterator[RawRow]:
    reader = csv.reader((line + "\n" for line in found), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise FileRefused(f"not well-formed CSV in line {reader.line_num}") from error


def sheet_rows(found: Iterator[RawRow], layout: Layout) -> Iterator[RawRow]:
    """Every row of a spreadsheet, cut or filled to the width of its columns where only empty cells
    differ."""
    width = len(layout.columns)
    for row in found:
        if isinstance(row, Reason):
            yield row
            continue
        cells = trimmed(row)
        yield [*cells, *[""] * (width - len(cells))] if len(cells) <= width else cells
