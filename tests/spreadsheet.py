"""Spreadsheets to import."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from openpyxl import Workbook


def spreadsheet(*rows: Sequence[Any]) -> bytes:
    """An XLSX file of one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(list(row))
    file = BytesIO()
    book.save(file)
    return file.getvalue()
