"""The directory of a variant's chunks, against a model that simply remembers every chunk."""

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from scrip.domain import directory as module
from scrip.domain.chunk_range import Lane, Range
from scrip.domain.directory import COMPACT_AFTER, LAST_CHUNKS, WINDOW, Directory, in_rows
from scrip.domain.stock import NEVER_MS, ChunkRef, came_back, lane_of, return_lane
from tests.domain.making import NOW_MS, directory

ALMOST_ONE = math.nextafter(1, 0)
DAY_MS = 86_400_000
ENDS = (NEVER_MS, NOW_MS - DAY_MS, NOW_MS, NOW_MS + 1, NOW_MS + DAY_MS)


@dataclass
class Chunk:
    ref: ChunkRef
    codes: int
    until_ms: int
    closed: bool = False

    @property
    def order(self) -> tuple[float, int]:
        return (self.until_ms or math.inf, self.ref.position)


@dataclass
class Model:
    """Every chunk ever published."""

    chunks: list[Chunk] = field(default_factory=list)

    def publish(self, lane: str, first: int, codes: int, per_chunk: int, until_ms: int) -> Lane:
        count = -(-codes // per_chunk)
        for number in range(count):
            ref = ChunkRef(lane, first + number, len(self.chunks))
            self.chunks.append(Chunk(ref, min(per_chunk, codes - number * per_chunk), until_ms))
        return Lane(lane, first, count, codes, per_chunk, until_ms)

    def shelves(self) -> dict[int, list[Chunk]]:
        """Open chunks by their end, the next to end first."""
        found: dict[int, list[Chunk]] = {}
        for chunk in sorted(self.chunks, key=lambda chunk: chunk.order):
            if not chunk.closed and not 0 < chunk.until_ms <= NOW_MS:
                found.setdefault(chunk.until_ms, []).append(chunk)
        return found

    def agrees_with(self, seen: Directory) -> None:
        shelves = self.shelves()
        listed = list(seen.shelves(NOW_MS))
        assert [shelf.until_ms for shelf in listed] == list(shelves)
        assert seen.sells(NOW_MS) == bool(shelves)
        for shelf, chunks in zip(listed, shelves.values(), strict=True):
            usual = [c for c in chunks if not came_back(c.ref.lane)]
            returned = [c for c in chunks if came_back(c.ref.lane)]
            window = usual[: module.WINDOW] + returned[: module.WINDOW]
            assert shelf.window == [chunk.ref.position for chunk in window]
            # What came back may be counted by the average of its chunks, if there is very much.
            if len(returned) <= module.WINDOW:
                behind = usual[module.WINDOW :]
                assert shelf.waiting_codes == sum(chunk.codes for chunk in behind)
        assert seen.window(NOW_MS) == (listed[0].window if listed else [])
        for chunk in self.chunks:
            if not 0 < chunk.until_ms <= NOW_MS:
                assert seen.lists(chunk.ref) == (not chunk.closed)
            if not chunk.closed:
                assert seen.ref(chunk.ref.position) == chunk.ref
        for luck in (0.0, 0.5, ALMOST_ONE):
            window_now = module.offered(seen.window(NOW_MS))
            expected = window_now[int(luck * len(window_now))] if window_now else None
            chosen = seen.choose(luck, NOW_MS)
            assert (chosen.position if chosen else None) == expected


PUBLISH = st.tuples(st.integers(1, 60), st.integers(1, 9), st.sampled_from(ENDS))
COME_BACK = st.tuples(st.just(0), st.integers(1, 9), st.sampled_from(ENDS))
CLOSE = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=12)
Step = tuple[int, int, int] | list[float]


def walk(steps: list[Step]) -> None:
    model, seen, came = Model(), Directory(), 0
    for number, step in enumerate(steps):
        if isinstance(step, list):
            for luck in step:
                chunk = seen.choose(luck, NOW_MS)
                if chunk:
                    model.chunks[chunk.position].closed = True
                    seen = replace(seen, closed=seen.closed | {chunk.position})
        else:
            codes, per_chunk, until_ms = step
            if codes:
                name = lane_of(f"batch{number:05d}", int(until_ms > 0))
                lane = model.publish(name, 0, codes, per_chunk, until_ms)
            else:
                lane = model.publish(return_lane("batch00000"), came, per_chunk, 16, until_ms)
                came += lane.chunks
            seen = seen.with_lanes([lane], new_codes=codes)
        model.agrees_with(seen)
        compacted = seen.compacted()
        if compacted:
            model.agrees_with(compacted)
            assert len(compacted.closed) < len(seen.closed)
            assert len(compacted.ranges) <= len(seen.ranges)
            assert compacted.version == seen.version + 1
            seen = compacted


@given(st.lists(st.one_of(PUBLISH, COME_BACK, CLOSE), max_size=25))
def test_a_directory_agrees_with_the_model(steps: list[Step]) -> None:
    with mock.patch.multiple(module, WINDOW=4, COMPACT_AFTER=3):
        walk(steps)


@settings(max_examples=15)
@given(
    st.lists(
        st.one_of(PUBLISH, COME_BACK, st.lists(st.floats(0, 1, exclude_max=True), max_size=80))
    )
)
def test_it_agrees_with_the_model_at_its_real_width(steps: list[Step]) -> None:
    walk([(2000, 9, NEVER_MS), *steps])


def test_an_empty_directory_is_sold_out() -> None:
    empty = Directory()

    assert empty.window(NOW_MS) == []
    assert empty.choose(0.3, NOW_MS) is None
    assert not empty.sells(NOW_MS)
    assert list(empty.shelves(NOW_MS)) == []
    assert empty.compacted() is None


def test_the_window_is_bounded_and_the_rest_waits_full() -> None:
    wide = directory(1000, per_chunk=16)

    [shelf] = wide.shelves(NOW_MS)

    assert shelf.window == list(range(WINDOW))
    assert shelf.waiting_codes == (1000 - WINDOW) * 16


def test_luck_spreads_evenly_over_the_window() -> None:
    wide = directory(500)

    chosen = Counter(wide.choose(n / 25_600, NOW_MS) for n in range(25_600))

    assert len(chosen) == WINDOW
    assert set(chosen.values()) == {100}


def test_an_eighth_of_the_last_chunks_is_kept_full_until_few_are_left() -> None:
    assert module.offered(list(range(WINDOW))) == list(range(WINDOW))
    assert module.offered(list(range(WINDOW - 1))) == list(range(223))
    assert module.offered(list(range(112))) == list(range(98))
    assert module.offered(list(range(LAST_CHUNKS))) == list(range(LAST_CHUNKS))
    assert module.offered([]) == []


def test_what_ends_first_is_sold_first_and_what_has_ended_never() -> None:
    ended, soon, later, never = (f"batch{n:05d}" for n in range(4))
    ends = {never: NEVER_MS, later: NOW_MS + 2 * DAY_MS, soon: NOW_MS + DAY_MS, ended: NOW_MS}
    mixed = Directory().with_lanes(
        [Lane(lane, 0, 2, 20, 10, until_ms) for lane, until_ms in ends.items()], new_codes=80
    )

    sold: list[str] = []
    while chunk := mixed.choose(0.5, NOW_MS):
        sold.append(chunk.lane)
        mixed = replace(mixed, closed=mixed.closed | {chunk.position})

    assert sold == [soon, soon, later, later, never, never]
    assert not mixed.sells(NOW_MS)


def test_what_came_back_is_sold_beside_the_rest_of_its_day() -> None:
    back = Lane(return_lane("batch00000"), 0, 1, 3, 16)
    wide = directory(500).with_lanes([back], new_codes=0)

    assert wide.window(NOW_MS) == [*range(WINDOW), 500]
    assert wide.ref(500) == ChunkRef("batch00000.r", 0, 500)
    assert wide.codes == 5000


def test_a_row_of_chunks_is_one_range_however_it_was_published() -> None:
    lane = return_lane("batch00000")
    parts = [Lane(lane, n, 1, 5, 16) for n in range(3)]

    joined = Directory()
    for part in parts:
        joined = joined.with_lanes([part], new_codes=0)

    assert joined.ranges == (Range(lane, 0, 0, 3, 15, 16),)
    apart = joined.with_lanes(
        [Lane(lane, 3, 1, 5, 16, NOW_MS), Lane(lane, 4, 1, 5, 16)], new_codes=0
    )
    assert len(apart.ranges) == 3


def test_a_joined_row_knows_of_what_was_sold_out_no_more_and_no_less() -> None:
    front, behind = Range("b", 0, 0, 5, 50, 10, low=2), Range("b", 5, 5, 5, 50, 10)

    assert in_rows([behind, front]) == (Range("b", 0, 0, 10, 100, 10, low=2),)
    assert in_rows([front, behind._replace(low=5)]) == (Range("b", 0, 0, 10, 100, 10, low=2),)
    apart = (front, behind._replace(low=7))
    assert in_rows(apart) == apart
    sold_out = front._replace(low=5)
    assert in_rows([sold_out, behind._replace(low=7)]) == (Range("b", 0, 0, 10, 100, 10, low=7),)
    assert len(in_rows([front, behind._replace(kept=True)])) == 2


def test_a_closed_chunk_is_never_chosen_and_the_next_one_joins_the_window() -> None:
    wide = replace(directory(300), closed=frozenset({0, 5}))

    window = wide.window(NOW_MS)

    assert {0, 5} & set(window) == set()
    assert window[-1] == WINDOW + 1


def test_compaction_waits_until_it_is_worth_a_write() -> None:
    few = replace(directory(200), closed=frozenset(range(COMPACT_AFTER - 1)))
    enough = replace(directory(200), closed=frozenset(range(COMPACT_AFTER)))

    assert few.compacted() is None
    compacted = enough.compacted()
    assert compacted is not None
    assert [each.low for each in compacted.ranges] == [COMPACT_AFTER]
    assert compacted.closed == frozenset()


def test_compaction_stops_below_the_oldest_chunk_on_sale() -> None:
    stuck = replace(directory(200), closed=frozenset(range(1, 100)))

    assert stuck.compacted() is None


def test_compaction_goes_on_behind_a_batch_that_is_stuck() -> None:
    stuck = replace(directory(10, 100), closed=frozenset(range(1, 100)))

    compacted = stuck.compacted()

    assert compacted is not None
    assert [each.low for each in compacted.ranges] == [0, 100]
    assert compacted.closed == frozenset(range(1, 10))


def test_compaction_forgets_batches_that_lie_wholly_in_the_past() -> None:
    sold = replace(directory(30, 30, 30), closed=frozenset(range(50)))

    compacted = sold.compacted()

    assert compacted is not None
    assert [batch.start for batch in compacted.ranges] == [30, 60]
    assert compacted.codes == sold.codes


def test_a_sold_out_variant_compacts_to_nothing_and_sells_again_when_stocked() -> None:
    compacted = replace(directory(60), closed=frozenset(range(60))).compacted()
    assert compacted is not None
    assert (compacted.ranges, compacted.closed, compacted.chunks) == ((), frozenset(), 60)

    stocked = compacted.with_lanes([Lane("batch00009", 0, 1, 10, 10)], new_codes=10)

    assert stocked.choose(0, NOW_MS) == ChunkRef("batch00009", 0, 60)
    assert stocked.codes == 610


def dated(*ends: tuple[int, int], per_chunk: int = 10) -> Directory:
    """Lanes of so many chunks, with these ends."""
    lanes = [
        Lane(f"batch{number:05d}", 0, chunks, chunks * per_chunk, per_chunk, until_ms)
        for number, (chunks, until_ms) in enumerate(ends)
    ]
    return Directory().with_lanes(lanes, new_codes=per_chunk * sum(chunks for chunks, _ in ends))


def test_what_ended_is_moved_out_piece_by_piece_with_what_was_left() -> None:
    seen = replace(dated((3, NOW_MS), (2, NEVER_MS), (5, NOW_MS - 1)), closed=frozenset({1, 9}))

    first = seen.ended(NOW_MS, 2)
    assert [(each.lane, each.number) for each in first] == [("batch00000", 0), ("batch00000", 1)]
    seen = seen.moved_out(first, 12)
    assert (seen.expired, seen.closed, seen.version) == (12, frozenset({9}), 2)
    assert seen.ranges[0] == Range("batch00000", 2, 2, 1, 10, 10, NOW_MS)
    for chunks in (1, 2, 2, 1):
        ended = seen.ended(NOW_MS, 2)
        assert len(ended) == chunks
        seen = seen.moved_out(ended, 1)

    assert seen.ended(NOW_MS, 2) == []
    assert [each.lane for each in seen.ranges] == ["batch00001"]
    assert (seen.expired, seen.closed, seen.codes) == (16, frozenset(), 100)


def test_what_comes_back_of_what_was_moved_out_is_counted() -> None:
    seen = dated((2, NOW_MS), (2, NEVER_MS))
    listed, other = ChunkRef("batch00000", 1, 1), ChunkRef("batch00001", 1, 3)
    assert seen.came_back_late([(listed, 3), (other, 1)]).expired == 0

    gone = seen.moved_out(seen.ended(NOW_MS, 9), 0)

    assert gone.came_back_late([(listed, 3), (other, 1)]).expired == 3


def test_closed_chunks_with_an_end_stay_listed_until_it_is_certain_that_nothing_is_left() -> None:
    seen = dated((COMPACT_AFTER, NOW_MS + 2 * DAY_MS), (1, NEVER_MS))
    sold = replace(seen, closed=frozenset(range(COMPACT_AFTER)))

    compacted = sold.compacted()

    assert compacted is not None
    assert compacted.holds(sold.ref(0))
    assert compacted.choose(0, NOW_MS) == sold.ref(COMPACT_AFTER)
    forgotten = compacted.forgotten(NOW_MS)
    assert forgotten is not None
    assert [each.lane for each in forgotten.ranges] == ["batch00001"]
    assert forgotten.forgotten(NOW_MS) is None
    assert compacted.forgotten(NOW_MS + 2 * DAY_MS - 1) is None, "near its end"
    assert seen.forgotten(NOW_MS) is None


def test_new_lanes_keep_the_count_of_what_expired() -> None:
    seen = replace(dated((1, NEVER_MS)), expired=7)

    assert seen.with_lanes([Lane("batch00009", 0, 1, 10, 10)], new_codes=10).expired == 7
