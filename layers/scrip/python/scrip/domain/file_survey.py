"""Reading a file of codes: once to see what is in it as a whole, then row by row."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, Protocol

from scrip.domain.code import Code
from scrip.domain.code_file import (
    MAX_LANES,
    MAX_ROWS,
    SAMPLE_ROWS,
    Asked,
    Format,
    Layout,
    RawRow,
    encodings_to_try,
    format_of,
    layout_of_sheet,
    layout_of_text,
    lines,
    sheet_rows,
    text_rows,
)
from scrip.domain.code_rows import Grammar, Reason, Row, Terms
from scrip.domain.errors import FileRefused

SAMPLE_CODES = 5_000


class Source(Protocol):
    """A file, from its beginning as often as asked for."""

    def blocks(self) -> Iterator[bytes]: ...
    def sheet(self) -> Iterator[RawRow]: ...


class Survey(NamedTuple):
    """`rows`: of the whole file, blank ones and the header too. `sample`: the first good codes."""

    layout: Layout
    rows: int
    lanes: tuple[Terms, ...]
    sample: list[Code]


def survey(
    source: Source, file_name: str, asked: Asked, *, minor_digits: int, now_ms: int
) -> Survey:
    """What a whole file is. Raises FileRefused when it cannot be taken, whatever its rows hold."""
    head = next(source.blocks(), b"")
    format_ = format_of(head, file_name, asked)
    if format_ is Format.XLSX:
        layout = layout_of_sheet(islice(source.sheet(), SAMPLE_ROWS))
        return _survey(source, layout, minor_digits, now_ms)
    for encoding in encodings_to_try(head, asked):
        try:
            sample = list(islice(lines(source.blocks(), encoding), SAMPLE_ROWS))
            layout = layout_of_text(format_, encoding, sample, asked)
            return _survey(source, layout, minor_digits, now_ms)
        except UnicodeDecodeError:
            continue
    raise FileRefused(
        "the text is neither UTF-8 nor GBK" if not asked.encoding else "wrong encoding"
    )


def _survey(source: Source, layout: Layout, minor_digits: int, now_ms: int) -> Survey:
    grammar = Grammar(layout.columns, minor_digits, now_ms)
    lanes: dict[Terms, None] = {}
    sample: list[Code] = []
    count = 0
    for row in read_rows(source, layout, grammar):
        count += 1
        if isinstance(row, Reason):
            continue
        if row.terms not in lanes:
            lanes[row.terms] = None
            if len(lanes) > MAX_LANES:
                raise FileRefused(
                    f"more than {MAX_LANES} different pairs of valid_until and cost: part the file"
                )
        if len(sample) < SAMPLE_CODES:
            sample.append(row.code)
    return Survey(layout, count, tuple(lanes), sample)


def read_rows(source: Source, layout: Layout, grammar: Grammar) -> Iterator[Row | Reason]:
    """Every row of the file in its order. A header counts as blank. Raises FileRefused."""
    if layout.format is Format.XLSX:
        raw = sheet_rows(source.sheet(), layout)
    else:
        raw = text_rows(lines(source.blocks(), layout.encoding), layout)
    header = layout.header
    for number, cells in enumerate(raw, 1):
        if number > MAX_ROWS:
            raise FileRefused(f"more than {MAX_ROWS} rows")
        row = cells if isinstance(cells, Reason) else grammar.read(cells)
        if header and row is not Reason.BLANK:
            row, header = Reason.BLANK, False
        yield row
