"""Imports of files: parts are settled so that any run makes the same chunks of them."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.blind_index import Seen
from scrip.domain.chunk_range import Lane
from scrip.domain.code import Code
from scrip.domain.code_file import Format, Layout
from scrip.domain.code_rows import Column, Reason, Row, Terms
from scrip.domain.import_job import (
    Chunk,
    Figures,
    Part,
    Placed,
    Plan,
    before_all,
    deal,
    in_chunks,
    judge,
    lane_name,
    lanes_on_sale,
    left_out,
    measure,
    settle,
)

LANES = (Terms(), Terms(99, None), Terms(0, 0))
LAYOUT = Layout(Format.TEXT, (Column.CODE,), False)
T, B, D, K = Reason.TAKEN, Reason.BLANK, Reason.DUPLICATE, Reason.KNOWN


def plan(rows: int, per_chunk: int = 3) -> Plan:
    return Plan(rows, LAYOUT, LANES, per_chunk)


def placed(row: int, lane: int = 0) -> Placed:
    return Placed(row, lane, Code(f"C{row}"))


def test_a_part_carries_over_what_fills_no_chunk() -> None:
    first = settle(plan(9), before_all(plan(9)), bytes([T, D, T, T, T]), {1: 0, 3: 0, 4: 0, 5: 0})

    assert (first.number, first.first_row, first.last_row) == (1, 1, 5)
    assert first.codes == (4, 0, 0)
    assert first.carried == ((5,), (), ())
    assert list(first.taken_rows()) == [1, 3, 4, 5]
    assert in_chunks(first) == [3, 0, 0]


def test_the_last_part_carries_nothing() -> None:
    before = Part(1, 1, bytes([T]), (1, 0, 0), ((1,), (), ()))

    last = settle(plan(2), before, bytes([T]), {2: 1})

    assert (last.codes, last.carried) == ((1, 1, 0), ((), (), ()))


def test_full_chunks_are_dealt_and_the_rest_is_held() -> None:
    codes = [placed(row, lane=row % 2) for row in range(1, 8)]

    chunks, held = deal(plan(99), [6, 0, 0], codes, last=False)

    assert chunks == [
        Chunk(0, 2, [placed(2), placed(4), placed(6)]),
        Chunk(1, 0, [placed(1, 1), placed(3, 1), placed(5, 1)]),
    ]
    assert held == [[], [placed(7, 1)], []]


def test_at_the_end_the_rest_is_dealt_too() -> None:
    chunks, held = deal(plan(1), [3, 0, 0], [placed(8)], last=True)

    assert chunks == [Chunk(0, 1, [placed(8)])]
    assert held == [[], [], []]


def parts_of(sizes: list[int], lanes: list[int], of: Plan) -> Iterator[tuple[Part, Part]]:
    """Each part with the one before it; every row is taken into its lane."""
    part, row = before_all(of), 1
    for size in sizes:
        here = {row + n: lanes[row + n - 1] for n in range(size)}
        before, part = part, settle(of, part, bytes([T] * size), here)
        row += size
        yield before, part


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.data(), st.integers(1, 4))
def test_however_a_file_is_parted_every_code_gets_one_place(
    sizes: list[int], data: st.DataObject, per_chunk: int
) -> None:
    rows = sum(sizes)
    of = plan(rows, per_chunk)
    lanes = data.draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows))
    chunks: list[Chunk] = []
    last = before_all(of)
    for before, last in parts_of(sizes, lanes, of):
        carried = sorted(row for some in before.carried for row in some)
        codes = [placed(row, lanes[row - 1]) for row in [*carried, *last.taken_rows()]]
        dealt = deal(of, in_chunks(before), codes, last=last.last_row == rows)
        chunks += dealt.chunks
        assert [tuple(each.row for each in lane) for lane in dealt.held] == list(last.carried)

    assert sorted(each.row for chunk in chunks for each in chunk.codes) == [*range(1, rows + 1)]
    places = [(chunk.lane, chunk.number) for chunk in chunks]
    assert len(set(places)) == len(places)
    for lane in lanes_on_sale(of, "b", last):
        mine = [len(c.codes) for c in chunks if lane_name(of, "b", c.lane) == lane.lane]
        assert (len(mine), sum(mine)) == (lane.chunks, lane.codes)
        assert all(size == per_chunk for size in mine[:-1])


def test_codes_without_terms_are_in_the_batchs_own_lane() -> None:
    names = [lane_name(plan(1), "batch", number) for number in range(3)]

    assert names == ["batch", "batch.2", "batch.3"]


def test_lanes_on_sale_have_their_end_and_none_is_empty() -> None:
    last = Part(7, 1, b"", (4, 1, 0), ((), (), ()))

    lanes = lanes_on_sale(plan(5), "batch", last)

    assert lanes == [Lane("batch", 0, 2, 4, 3, 0), Lane("batch.2", 0, 1, 1, 3, 99)]


def test_rows_are_judged_by_marks() -> None:
    found = [Row(Code(text), Terms()) for text in "ABCAD"]
    marks = [bytes([text]) for text in b"ABCAD"]
    seen = Seen(3, {b"B": "another", b"C": "mine"})

    outcomes, fresh = judge([found[0], Reason.DATE, *found[1:]], marks, seen, "mine")

    assert list(outcomes) == [T, Reason.DATE, K, D, D, T]
    assert fresh == [b"A", b"D"]


def test_figures_add_up() -> None:
    outcomes = bytes([T, T, B, D, K, Reason.LONG, Reason.COST])

    assert Figures(1, 1, 1, 1, 1).plus(outcomes) == (8, 3, 2, 2, 3)


def test_the_result_names_rows_and_reasons() -> None:
    part = Part(2, 11, bytes([T, B, D, Reason.LONG]), (), ())

    assert [row for row, _ in left_out(part)] == [13, 14]
    assert dict(left_out(part))[14] == Reason.LONG.text


@pytest.mark.parametrize(
    ("lengths", "measured"),
    [([], 0), ([36], 36), ([36] * 99 + [400], 36), ([36] * 9 + [400] * 9, 400)],
)
def test_chunks_are_measured_by_most_codes(lengths: list[int], measured: int) -> None:
    assert measure(lengths) == measured
