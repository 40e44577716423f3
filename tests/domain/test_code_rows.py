"""Rows of codes: what their cells must be, and that a reason says nothing of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.code import Code
from scrip.domain.code_rows import (
    QUIET,
    REFUSALS,
    TEXTS,
    Column,
    Grammar,
    Reason,
    Row,
    Terms,
    columns_in_order,
    read_cost,
    read_header,
    read_until,
)
from scrip.domain.errors import FileRefused

NOW_MS = 1_795_305_600_000  # 2026-11-22T00:00:00Z
NEW_YEAR_MS = 1_798_761_600_000  # 2027-01-01T00:00:00Z
ALL = tuple(Column)


def grammar(*columns: Column, digits: int = 2) -> Grammar:
    return Grammar(columns or ALL, digits, NOW_MS)


def test_cells_become_a_code_with_its_terms() -> None:
    row = grammar().read([" A-1 ", "11", "2026-12-31", "12.5", "from lot 7"])

    assert row == Row(Code("A-1", "11", "from lot 7"), Terms(NEW_YEAR_MS, 1250))


def test_only_the_code_must_be_there() -> None:
    assert grammar().read(["A-1", "", "", "", ""]) == Row(Code("A-1"), Terms(0, None))
    assert grammar(Column.CODE).read(["A-1"]) == Row(Code("A-1"), Terms())


def test_columns_may_stand_in_any_order() -> None:
    row = grammar(Column.NOTE, Column.COST, Column.CODE).read(["n", "0", "A-1"])

    assert row == Row(Code("A-1", note="n"), Terms(0, 0))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["", " ", "", "", ""], Reason.BLANK),
        (["A-1", "11"], Reason.COLUMNS),
        (["A-1"] * 6, Reason.COLUMNS),
        (["", "11", "", "", ""], Reason.EMPTY),
        (["A" * 201, "", "", "", ""], Reason.LONG),
        (["A-1", "", "", "", "n" * 201], Reason.LONG),
        (["A\x00", "", "", "", ""], Reason.UNPRINTABLE),
        (["A-1", "", "", "", "two\nlines"], Reason.UNPRINTABLE),
        (["A-1", "", "soon", "", ""], Reason.DATE),
        (["A-1", "", "2026-11-21", "", ""], Reason.PAST),
        (["A-1", "", "2026-11-22T00:00:00Z", "", ""], Reason.PAST),
        (["A-1", "", "", "cheap", ""], Reason.COST),
    ],
)
def test_a_row_is_refused_for_a_reason(cells: list[str], reason: Reason) -> None:
    assert grammar().read(cells) is reason


def test_a_code_may_be_sold_through_its_last_day() -> None:
    row = grammar().read(["A-1", "", "2026-11-22", "", ""])

    assert isinstance(row, Row)
    assert row.terms.until_ms == NOW_MS + 86_400_000


@pytest.mark.parametrize(
    ("text", "until_ms"),
    [
        ("2026-12-31", NEW_YEAR_MS),
        ("2026/12/31", NEW_YEAR_MS),
        ("2028-2-29", 1_835_481_600_000),
        ("2027-01-01T00:00:00Z", NEW_YEAR_MS),
        ("2027-01-01 00:00Z", NEW_YEAR_MS),
        ("2027-01-01T08:00:00+08:00", NEW_YEAR_MS),
        ("2027-01-01T08:00:00.250+0800", NEW_YEAR_MS),
        ("2026-12-31T19:00:01-05:00", NEW_YEAR_MS + 1000),
    ],
)
def test_an_end_is_a_day_or_a_moment(text: str, until_ms: int) -> None:
    assert read_until(text) == until_ms


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-01",
        "2026-02-29",
        "2026-12-32",
        "0000-01-01",
        "31.12.2026",
        "12/31/2026",
        "2026-12-31T10:00:00",
        "2026-12-31T24:00:00Z",
        "2026-12-31T10:60:00Z",
        "2026-12-31T10:00:00+25:00",
        "2026-12-31T10:00:00+08:99",
        "2026-12-31\n",
        "20261231",
        "٢٠٢٦-12-31x",
    ],
)
def test_an_end_that_could_mean_two_things_is_none(text: str) -> None:
    assert read_until(text) is None


@pytest.mark.parametrize(
    ("text", "digits", "minor"),
    [
        ("12.5", 2, 1250),
        ("12.50", 2, 1250),
        ("12.500", 2, 1250),
        ("0", 2, 0),
        ("0.05", 2, 5),
        ("300", 0, 300),
        ("300.0", 0, 300),
        ("1.234", 3, 1234),
        ("12.345", 2, None),
        ("300.5", 0, None),
        ("-1", 2, None),
        ("1,5", 2, None),
        ("1e3", 2, None),
        ("€5", 2, None),
        (".5", 2, None),
        ("999999999999", 2, None),
    ],
)
def test_a_cost_is_an_amount_of_its_currency(text: str, digits: int, minor: int | None) -> None:
    assert read_cost(text, digits) == minor


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("code", [Column.CODE]),
        (" Code , PIN ", [Column.CODE, Column.PIN]),
        ("note,secret,CODE", [Column.NOTE, Column.PIN, Column.CODE]),
        ("卡号,卡密", [Column.CODE, Column.PIN]),
        ("卡密,卡号", [Column.PIN, Column.CODE]),
        ("卡密,有效期,成本,备注", [Column.CODE, Column.VALID_UNTIL, Column.COST, Column.NOTE]),
        ("卡号,密码", [Column.CODE, Column.PIN]),
    ],
)
def test_a_header_names_columns_in_the_words_of_shops(header: str, columns: list[Column]) -> None:
    assert read_header(header.split(",")) == tuple(columns)


@pytest.mark.parametrize("first", ["A-1,11", "pin", "", "S3CR3T"])
def test_a_first_row_without_the_code_is_no_header(first: str) -> None:
    assert read_header(first.split(",")) is None


def test_a_header_of_unknown_or_double_columns_is_refused_without_echo() -> None:
    with pytest.raises(FileRefused, match="column 2") as unknown:
        read_header(["code", "S3CR3T"])
    with pytest.raises(FileRefused, match="twice"):
        read_header(["code", "pin", "secret"])

    assert "S3CR3T" not in unknown.value.detail


def test_a_file_without_a_header_has_the_columns_in_order() -> None:
    assert columns_in_order(2) == (Column.CODE, Column.PIN)
    with pytest.raises(FileRefused):
        columns_in_order(6)


def test_every_reason_has_words_and_one_meaning() -> None:
    assert set(TEXTS) == set(Reason)
    assert len({reason.text for reason in Reason}) == len(Reason)
    assert QUIET | REFUSALS | {Reason.DUPLICATE, Reason.KNOWN} == set(Reason)


@given(st.lists(st.text(), min_size=5, max_size=5))
def test_whatever_cells_hold_is_read_or_refused(cells: list[str]) -> None:
    row = grammar().read(cells)

    if isinstance(row, Row):
        shown = row.code.code + row.code.pin + row.code.note
        assert shown.isprintable()
        assert row.terms.until_ms == 0 or row.terms.until_ms > NOW_MS


def test_many_different_terms_are_judged_anew() -> None:
    reads = grammar(Column.CODE, Column.COST)

    rows = [reads.read(["A", str(n)]) for n in range(3000)]

    assert [row.terms.cost_minor for row in rows if isinstance(row, Row)] == [
        n * 100 for n in range(3000)
    ]
