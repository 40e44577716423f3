"""Spreadsheets: rows as text, and nothing that was not meant."""

import zipfile
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from scrip.adapters import spreadsheets
from scrip.adapters.spreadsheets import rows_of
from scrip.domain.code_rows import Reason
from scrip.domain.errors import FileRefused
from tests.spreadsheet import spreadsheet


def read(content: bytes) -> list[Any]:
    return list(rows_of(BytesIO(content)))


def test_texts_and_numbers_are_rows_of_text() -> None:
    content = spreadsheet(["code", "pin"], ["A-1", 1234], ["0007", 12.5], [" B ", None])

    assert read(content) == [["code", "pin"], ["A-1", "1234"], ["0007", "12.5"], ["B"]]


def test_dates_are_days_or_moments() -> None:
    evening = datetime(2026, 12, 31, 18, 30)  # noqa: DTZ001 - spreadsheets know no offsets
    content = spreadsheet([date(2026, 12, 31), evening])

    assert read(content) == [["2026-12-31", "2026-12-31T18:30:00Z"]]


def test_a_number_shown_with_zeros_in_front_keeps_them() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = 42
    sheet["A1"].number_format = "000000"
    file = BytesIO()
    book.save(file)

    assert read(file.getvalue()) == [["000042"]]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("=1+1", Reason.FORMULA),
        ('=HYPERLINK("https://x")', Reason.FORMULA),
        (1234567890123456, Reason.ROUNDED),
        (1.5e300, Reason.ROUNDED),
        (True, Reason.NOT_TEXT),
        ("#N/A", Reason.NOT_TEXT),
    ],
)
def test_a_cell_that_is_no_plain_value_refuses_its_row(cell: Any, reason: Reason) -> None:
    assert read(spreadsheet(["A-1", cell], ["B-2", "x"])) == [reason, ["B-2", "x"]]


def test_rows_in_between_are_counted() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["A4"] = "A", "B"
    file = BytesIO()
    book.save(file)

    assert [row[0] if row else "" for row in read(file.getvalue())] == ["A", "", "", "B"]


def test_the_first_sheet_counts() -> None:
    book = Workbook()
    for name in ("first", "second"):
        book.create_sheet(name).append([name])
    book.remove(book.worksheets[0])
    file = BytesIO()
    book.save(file)

    assert read(file.getvalue()) == [["first"]]


def without(content: bytes, member: str, instead: bytes | None = None) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for each in old.namelist():
            if each != member:
                new.writestr(each, old.read(each))
            elif instead is not None:
                new.writestr(each, instead)
    return out.getvalue()


GOOD = spreadsheet(["A-1"])


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 no archive",
        GOOD[: len(GOOD) // 2],
        without(GOOD, "xl/workbook.xml"),
        without(GOOD, "[Content_Types].xml"),
        without(GOOD, "xl/worksheets/sheet1.xml", b"<not xml"),
        without(GOOD, "xl/worksheets/sheet1.xml"),
    ],
)
def test_a_broken_file_is_refused(content: bytes) -> None:
    with pytest.raises(FileRefused, match="broken"):
        read(content)


def sharing(*texts: str) -> bytes:
    """A sheet of one row whose cells share texts, as Excel writes it; the last text comes first."""
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = "".join(
        f'<c r="{column}1" t="s"><v>{len(texts) - 1 - n}</v></c>'
        for n, column in enumerate("ABCDEFG"[: len(texts)])
    )
    sheet = f'<worksheet xmlns="{name}"><sheetData><row r="1">{cells}</row></sheetData></worksheet>'
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    shared = f'<sst xmlns="{name}">{items}</sst>'
    kinds = zipfile.ZipFile(BytesIO(GOOD)).read("[Content_Types].xml").decode()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    kinds = kinds.replace(
        "</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    )
    out = BytesIO(without(GOOD, "xl/worksheets/sheet1.xml", sheet.encode()))
    out = BytesIO(without(out.getvalue(), "[Content_Types].xml", kinds.encode()))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", shared)
    return out.getvalue()


@pytest.mark.parametrize("limit", ["MAX_MEMBERS", "MAX_UNPACKED_BYTES", "MAX_SHARED_BYTES"])
def test_what_would_unpack_to_too_much_is_refused_before(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = sharing("A-1", "B-2")
    assert read(content) == [["B-2", "A-1"]]
    monkeypatch.setattr(spreadsheets, limit, 5)

    with pytest.raises(FileRefused, match="too large unpacked"):
        read(content)


def test_xml_that_swells_is_refused() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{entities}]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&l11;</t></is></c></row></sheetData>'
        "</worksheet>"
    )

    with pytest.raises(FileRefused, match="broken"):
        read(without(GOOD, "xl/worksheets/sheet1.xml", bomb.encode()))
