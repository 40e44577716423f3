"""Spreadsheets (XLSX): the rows of the first sheet, as text, one at a time.

A spreadsheet is a ZIP archive that anybody may have made: its contents are counted before any of
it is unpacked. Texts that cells share are held in memory, all others pass.
"""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import IO, Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from scrip.domain.code_file import RawRow
from scrip.domain.code_rows import Reason
from scrip.domain.errors import FileRefused

MAX_MEMBERS = 1_000
MAX_UNPACKED_BYTES = 1_500_000_000
MAX_SHARED_BYTES = 150_000_000
MAX_COLUMNS = 50
EXACT_DIGITS = 15
"""Spreadsheets keep numbers as doubles: what has more digits may be another number by now."""

SHARED = "xl/sharedStrings.xml"
BROKEN = (
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    SyntaxError,  # of XML
    NotImplementedError,  # a compression nobody knows
    IndexError,
    TypeError,
    AttributeError,
)
"""What reading a file that is none may raise."""


def rows_of(file: IO[bytes]) -> Iterator[RawRow]:
    """Raises FileRefused."""
    try:
        _count(file)
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of them may be wrong, or meant to swell
        for row in sheet.iter_rows():
            yield _cells(row) if len(row) <= MAX_COLUMNS else Reason.COLUMNS
        book.close()
    except BROKEN as error:
        raise FileRefused("the spreadsheet (XLSX) is broken") from error


def _count(file: IO[bytes]) -> None:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    shared = sum(member.file_size for member in members if member.filename == SHARED)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED_BYTES or shared > MAX_SHARED_BYTES:
        raise FileRefused("the spreadsheet (XLSX) is too large unpacked: part it, or send CSV")
    file.seek(0)


def _cells(row: Sequence[Any]) -> RawRow:
    cells = []
    for cell in row:
        text = _text(cell.value, cell.data_type, cell)
        if isinstance(text, Reason):
            return text
        cells.append(text)
    return cells


def _text(value: Any, kind: str, cell: Any) -> str | Reason:
    if value is None:
        return ""
    if kind == "f":
        return Reason.FORMULA
    if isinstance(value, str) and kind in ("s", "str", "inlineStr"):
        return value.strip()
    if isinstance(value, datetime):
        day_only = value.time() == time()
        return value.date().isoformat() if day_only else f"{value.isoformat()}Z"
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = f"{value:.{EXACT_DIGITS}g}"
        if "e" in text or abs(value) >= 10**EXACT_DIGITS:
            return Reason.ROUNDED
        shown = str(cell.number_format)
        return text.zfill(len(shown)) if shown.strip("0") == "" else text
    return Reason.NOT_TEXT
