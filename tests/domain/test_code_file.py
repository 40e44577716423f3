"""Files of codes: encodings, layouts and rows, found by evidence and read as a stream."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain import code_file
from scrip.domain.code import Code
from scrip.domain.code_file import Asked, Format, Layout, RawRow, lines
from scrip.domain.code_rows import Column, Grammar, Reason, Row, Terms
from scrip.domain.errors import FileRefused
from scrip.domain.file_survey import Survey, read_rows, survey

NOW_MS = 1_795_305_600_000
CODE, PIN, UNTIL, COST, NOTE = Column


@dataclass
class File:
    """A file in memory, handed out in small blocks."""

    content: bytes = b""
    cells: list[RawRow] = field(default_factory=list)
    block: int = 7

    def blocks(self) -> Iterator[bytes]:
        for at in range(0, len(self.content), self.block):
            yield self.content[at : at + self.block]

    def sheet(self) -> Iterator[RawRow]:
        return iter(self.cells)


def look(content: bytes | File, name: str = "codes", **asked: object) -> Survey:
    file = content if isinstance(content, File) else File(content)
    return survey(file, name, Asked(**asked), minor_digits=2, now_ms=NOW_MS)  # type: ignore[arg-type]


def rows(content: bytes | File, name: str = "codes", **asked: object) -> list[Row | Reason]:
    file = content if isinstance(content, File) else File(content)
    layout = look(file, name, **asked).layout
    return list(read_rows(file, layout, Grammar(layout.columns, 2, NOW_MS)))


def taken(content: bytes | File, name: str = "codes", **asked: object) -> list[tuple[str, str]]:
    found = rows(content, name, **asked)
    return [(row.code.code, row.code.pin) for row in found if isinstance(row, Row)]


@pytest.mark.parametrize("separator", ["----", "|", "\t", ","])
def test_text_is_split_where_its_lines_agree(separator: str) -> None:
    content = f"A-1{separator}11\r\nB-2{separator}22\n\nC-3{separator}33"

    assert taken(content.encode()) == [("A-1", "11"), ("B-2", "22"), ("C-3", "33")]


def test_text_without_a_separator_is_one_code_a_line() -> None:
    assert taken(b"A-1\nB--2\n\nC 3,x\nD\nE\nF") == [
        (code, "") for code in ("A-1", "B--2", "C 3,x", "D", "E", "F")
    ]


def test_a_separator_may_be_named_or_ruled_out() -> None:
    content = b"A,1\nB,2"

    assert taken(content) == [("A", "1"), ("B", "2")]
    assert taken(content, separator="") == [("A,1", ""), ("B,2", "")]
    assert taken(b"A|1,x\nB|2,y", separator="|") == [("A", "1,x"), ("B", "2,y")]


def test_a_line_that_is_split_otherwise_is_refused_alone() -> None:
    content = "\n".join(f"A{n}----{n}" for n in range(20)) + "\nlonely\na----b----c"

    found = rows(content.encode())

    assert found[20:] == [Reason.COLUMNS, Reason.COLUMNS]
    assert all(isinstance(row, Row) for row in found[:20])


def test_text_may_have_a_header() -> None:
    content = "备注|卡号|卡密\nlot|A-1|11\n"

    found = rows(content.encode())

    assert found == [Reason.BLANK, Row(Code("A-1", "11", "lot"), Terms())]


def test_text_of_five_columns_has_them_all() -> None:
    [row] = rows(b"A----1----2026-12-31----3.5----lot")

    assert row == Row(Code("A", "1", "lot"), Terms(1_798_761_600_000, 350))


def test_csv_is_quoted_as_csv_is() -> None:
    content = b'code,pin,note\n"A,1","say ""hi""","two\nlines"\nB,2,\n'

    assert rows(content, "codes.csv") == [
        Reason.BLANK,
        Reason.UNPRINTABLE,
        Row(Code("B", "2"), Terms()),
    ]


@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
def test_csv_may_be_separated_otherwise(delimiter: str) -> None:
    content = f"code{delimiter}pin\nA{delimiter}1\n".encode()

    assert taken(content, format=Format.CSV) == [("A", "1")]
    assert taken(content, "x.CSV", separator=delimiter) == [("A", "1")]


@pytest.mark.parametrize(
    "content", [b"A-1,11\nB-2,22", b"pin\n1", b"code;pin\nA;1", b"code,price\nA,1", b'"code\nA']
)
def test_csv_needs_its_header(content: bytes) -> None:
    with pytest.raises(FileRefused):
        look(content, "codes.csv")


def test_csv_with_a_broken_quote_is_refused_with_its_line() -> None:
    with pytest.raises(FileRefused, match="line 3"):
        look(b'code\nA\n"B"x\nC', "codes.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_an_encoding_is_found_by_what_decodes(encoding: str) -> None:
    content = "卡号,卡密,备注\n甲-1,乙,丙丁\n".encode(encoding)

    assert rows(content, "codes.csv")[1] == Row(Code("甲-1", "乙", "丙丁"), Terms())


def test_an_encoding_that_shows_late_is_found_too() -> None:
    content = b"A-1\n" * 300 + "卡密-1\n".encode("gbk")

    assert look(content).layout.encoding == "gb18030"
    assert taken(content)[-1] == ("卡密-1", "")


def test_an_encoding_may_be_named() -> None:
    both = "¤é".encode("gb18030")

    assert look(both, encoding="gb18030").layout.encoding == "gb18030"
    with pytest.raises(FileRefused, match="encoding"):
        look("卡密-1".encode("gbk"), encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\n \r\n", "no code"),
        (b"\xef\xbb\xbf\n", "no code"),
        ("A-1".encode("utf-16"), "UTF-16"),
        (b"\xd0\xcf\x11\xe0 old", "XLS"),
        (b"A-1\n\x81", "neither UTF-8 nor GBK"),
        (b"x" * 30_000, "more than 20000 characters"),
        (b"a|b|c|d|e|f\n", "columns"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(content: bytes, why: str) -> None:
    with pytest.raises(FileRefused, match=why):
        look(content)


@pytest.mark.parametrize(
    ("content", "form"),
    [(b"PK\x03\x04...", Format.CSV), (b"PK\x03\x04...", Format.TEXT), (b"A-1", Format.XLSX)],
)
def test_a_file_of_another_format_than_told_is_refused(content: bytes, form: Format) -> None:
    with pytest.raises(FileRefused):
        look(content, format=form)


def test_the_survey_counts_every_row_and_names_the_lanes() -> None:
    content = b"code,valid_until,cost\nA,2026-12-31,1\n\nB,,1\nC,2026-12-31,1.00\nD,2026-12-31,2\n"

    found = look(content, "codes.csv")

    assert found.rows == 6
    assert found.lanes == (
        Terms(1_798_761_600_000, 100),
        Terms(0, 100),
        Terms(1_798_761_600_000, 200),
    )
    assert [code.code for code in found.sample] == ["A", "B", "C", "D"]
    assert found.layout == Layout(Format.CSV, (CODE, UNTIL, COST), True, ",", "utf-8")


def test_a_row_that_is_refused_makes_no_lane() -> None:
    assert look(b"code,cost\nA,1\n,2\n", "codes.csv").lanes == (Terms(0, 100),)


def test_lanes_are_limited() -> None:
    some = "".join(f"A{n},{n}\n" for n in range(code_file.MAX_LANES))

    assert len(look(f"code,cost\n{some}".encode(), "codes.csv").lanes) == code_file.MAX_LANES
    with pytest.raises(FileRefused, match="different pairs"):
        look(f"code,cost\n{some}B,999\n".encode(), "codes.csv")


def test_rows_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrip.domain.file_survey.MAX_ROWS", 3)

    assert look(b"A\nB\nC").rows == 3
    with pytest.raises(FileRefused, match="more than 3 rows"):
        look(b"A\nB\nC\nD")


def sheet(*cells: RawRow) -> File:
    return File(b"PK\x03\x04", list(cells))


def test_a_sheet_has_a_header_or_its_columns_in_order() -> None:
    named = sheet(["", ""], ["pin", "code", ""], ["11", "A-1", ""], ["", "B-2"])
    plain = sheet(["A-1", "11", ""], ["B-2"], [], ["C-3", "33"])

    assert taken(named) == [("A-1", "11"), ("B-2", "")]
    assert taken(plain) == [("A-1", "11"), ("B-2", ""), ("C-3", "33")]


def test_a_sheets_row_may_be_refused_before_it_is_cells() -> None:
    found = rows(sheet(["code", "pin"], Reason.FORMULA, ["A", "1", "more"], ["B"]))

    assert found == [Reason.BLANK, Reason.FORMULA, Reason.COLUMNS, Row(Code("B"), Terms())]


def test_a_sheet_without_codes_is_refused() -> None:
    with pytest.raises(FileRefused, match="no code"):
        look(sheet([], ["", ""], Reason.FORMULA))


@given(st.text("AB-号\r ", max_size=200), st.integers(1, 9), st.sampled_from(["utf-8", "gb18030"]))
def test_lines_are_the_same_in_blocks_of_any_size(text: str, size: int, encoding: str) -> None:
    content = (text + "\nend\n").encode(encoding)

    found = list(lines(File(content, block=size).blocks(), encoding))

    assert found == (text + "\nend").split("\n")


@given(
    st.lists(
        st.tuples(st.text('AB",|\n\r号 ', min_size=1), st.text('1"\n,')), min_size=1, max_size=8
    )
)
def test_csv_that_a_writer_wrote_is_read_as_written(pairs: list[tuple[str, str]]) -> None:
    out = StringIO(newline="")
    csv.writer(out).writerows([("code", "pin"), *pairs])

    found = rows(out.getvalue().encode(), "x.csv")

    assert len(found) == len(pairs) + 1
    for row, (code, pin) in zip(found[1:], pairs, strict=True):
        if isinstance(row, Row):
            assert (row.code.code, row.code.pin) == (code.strip(), pin.strip())
        else:
            assert row in (Reason.UNPRINTABLE, Reason.EMPTY, Reason.BLANK)


@given(st.binary(max_size=300), st.sampled_from(["x", "x.csv"]))
def test_any_bytes_are_read_or_refused_and_never_twice_as_different(
    content: bytes, name: str
) -> None:
    try:
        found = look(content, name)
    except FileRefused:
        return
    grammar = Grammar(found.layout.columns, 2, NOW_MS)
    assert len(list(read_rows(File(content), found.layout, grammar))) == found.rows
