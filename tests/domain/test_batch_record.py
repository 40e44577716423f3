"""What a recall must shut: every chunk that anybody may ever have been pointed at, and few more."""

from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrip.domain import directory as module
from scrip.domain.batch_record import SLACK, BatchRecord, Recall
from scrip.domain.chunk_range import Lane, Range, Reach
from scrip.domain.directory import WINDOW, Directory
from scrip.domain.stock import NEVER_MS, Batch, ChunkRef, lane_of, return_lane
from tests.domain.making import NOW_MS, directory

DAY_MS = 86_400_000
BATCH = "batch00000"
OTHER = "batch00001"


def record(*lanes: Lane, codes: int = 50, published: bool = True) -> BatchRecord:
    batch = Batch("demo", "card-50", BATCH, b"", b"", codes, frozenset(), published, NOW_MS)
    return BatchRecord(batch, lanes, None)


def recalled(seen: Directory, published: bool = True) -> Recall:
    return record(published=published).recalled(seen, "key00001", "leaked", NOW_MS)


def test_of_a_large_batch_only_what_may_be_pointed_at_is_shut() -> None:
    big = directory(70_000)

    recall = recalled(big)

    [reach] = recall.reach
    assert (reach.lane, reach.first, reach.chunks) == (BATCH, 0, WINDOW + SLACK)
    assert recall.unsold == (70_000 - WINDOW - SLACK) * 10
    assert recalled(directory(3)).unsold == 0


def test_the_reach_begins_where_the_window_does() -> None:
    sold = Directory((Range(BATCH, 5, 20, 1000, 10_000, 10, low=300),), chunks=1020)

    [reach] = sold.reach(BATCH, 0)

    assert (reach.first, reach.chunks) == (285, WINDOW)
    assert reach.behind == 10_000 - (285 + WINDOW - 5) * 10


def test_a_batch_behind_the_window_is_not_within_reach_and_all_of_it_unsold() -> None:
    both = directory(1000, 7)

    [reach] = both.reach(OTHER, SLACK)

    assert (reach.chunks, reach.behind) == (0, 70)


def test_what_ended_before_the_recall_is_told_apart_from_what_it_took_off_sale() -> None:
    dated, undated = lane_of(BATCH, 1), lane_of(BATCH)
    lanes = (Lane(dated, 0, 3, 30, 10, NOW_MS - 1), Lane(undated, 0, 2, 20, 10))
    listed = Directory((Range(dated, 2, 2, 1, 10, 10, NOW_MS - 1), Range(undated, 0, 3, 2, 20, 10)))
    done = record(*lanes)._replace(recall=recalled(listed))

    before = done.ended_before_recall(returned=1)

    assert before == [
        ChunkRef(dated, 0, 0),
        ChunkRef(dated, 1, 0),
        ChunkRef(return_lane(BATCH), 0, 0),
    ]
    assert record(*lanes).ended_before_recall(returned=1) == []


def test_what_is_not_published_is_unsold() -> None:
    recall = recalled(Directory(), published=False)

    assert (recall.unsold, recall.complete, list(recall.left)) == (50, True, [])


def test_a_directory_without_a_batch_sells_the_others() -> None:
    both = directory(3, 2)

    left = both.without(BATCH)

    assert [each.batch_id for each in left.ranges] == [OTHER]
    assert (left.version, left.chunks, left.codes) == (both.version + 1, 5, 50)
    assert left.window(NOW_MS) == [3, 4]


def test_a_recall_goes_on_from_what_was_shut() -> None:
    recall = recalled(directory(3))

    on = recall.went_on(2, 15)

    assert [ref.number for ref in recall.left] == [0, 1, 2]
    assert [ref.number for ref in on.left] == [2]
    assert (on.unsold, on.complete, on.went_on(1, 5).complete) == (15, False, True)


def test_what_ends_first_is_shut_first() -> None:
    lanes = [Lane(lane_of(BATCH, day), 0, 1, 10, 10, until) for day, until in ((0, 0), (1, 9))]

    recall = recalled(Directory().with_lanes(lanes, new_codes=20))

    assert [each.lane for each in recall.reach] == [lane_of(BATCH, 1), BATCH]


def test_codes_may_be_sold_up_to_where_the_window_has_come() -> None:
    lanes = [Lane(BATCH, 0, 1000, 10_000, 10), Lane(lane_of(BATCH, 1), 0, 4, 40, 10, NOW_MS)]
    seen = Directory().with_lanes(lanes[:1], new_codes=10_000)  # the other day is sold out

    sold_in = record(*lanes).sold_in(seen, returned=3)

    assert [(each.lane, each.chunks) for each in sold_in] == [
        (BATCH, WINDOW + SLACK),
        (lane_of(BATCH, 1), 4),
        (return_lane(BATCH), 3),
    ]
    gone = record(*lanes)._replace(recall=recalled(seen))
    assert gone.sold_in(seen.without(BATCH), returned=3) == sold_in


# --- the argument that nobody was ever pointed behind the reach

SMALL = 3
ends = st.sampled_from([NEVER_MS, NOW_MS + DAY_MS, NOW_MS + 2 * DAY_MS])
published = st.tuples(
    st.just("publish"), st.sampled_from([BATCH, OTHER]), st.integers(1, 9), ends, st.booleans()
)
pointed = st.tuples(st.just("point"), st.floats(0, 0.99), st.integers(0, 5))
closed = st.tuples(st.just("close"), st.floats(0, 0.99))
later = st.tuples(st.just("wait"), st.integers(1, DAY_MS))


@settings(max_examples=300)
@given(st.lists(st.one_of(published, pointed, pointed, closed, closed, later), max_size=60))
def test_whoever_was_pointed_into_a_batch_was_pointed_within_its_reach(
    events: list[tuple[object, ...]],
) -> None:
    """Lanes that end earlier come in between, come back, expire; some see an old directory, some
    clocks are behind: what is open and was pointed at is within reach, at any time."""
    with (
        mock.patch.object(module, "WINDOW", SMALL),
        mock.patch.object(module, "COMPACT_AFTER", 4),
    ):
        seen, now_ms, ever, numbers = [Directory()], NOW_MS, set(), 0
        for event in events:
            last = seen[-1]
            match event:
                case ("publish", str(batch_id), int(chunks), int(until_ms), bool(back)):
                    lane = return_lane(batch_id) if back else batch_id
                    new = Lane(lane, numbers, chunks, chunks * 10, 10, until_ms)
                    numbers += chunks
                    seen.append(last.with_lanes([new], new_codes=0))
                case ("point", float(luck), int(ago)):
                    ref = seen[max(0, len(seen) - 1 - ago)].choose(luck, now_ms)
                    ever |= {ref} if ref else set()
                case ("close", float(luck)):
                    ref = last.choose(luck, now_ms)
                    if ref:
                        gone = replace(last, closed=last.closed | {ref.position})
                        seen += [gone, *filter(None, [gone.compacted()])]
                case ("wait", int(passed)):
                    now_ms += passed
        last = seen[-1]
        for batch_id in (BATCH, OTHER):
            reach = list(last.reach(batch_id, 0))
            within = {(ref.lane, ref.number) for each in reach for ref in each.refs}
            open_ = {(ref.lane, ref.number) for ref in last.open_chunks(batch_id)}
            assert {(ref.lane, ref.number) for ref in ever} & open_ <= within
            assert 10 * len(open_ - within) <= sum(each.behind for each in reach)


def test_a_reach_names_its_chunks() -> None:
    refs = Reach("b", 4, 2, 0, NEVER_MS).refs

    assert [(ref.lane, ref.number) for ref in refs] == [("b", 4), ("b", 5)]


@pytest.mark.parametrize("more", [0, 5])
def test_the_reach_covers_a_window_that_moves_meanwhile(more: int) -> None:
    """Chunks that close between a look and the write: each moves the window on by one."""
    before = directory(1000)
    after = replace(before, closed=frozenset(range(more)))

    [reach] = before.reach(BATCH, more)

    assert max(after.window(NOW_MS)) == reach.first + reach.chunks - 1
