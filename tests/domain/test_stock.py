"""The directory of a variant's chunks, against a model that simply remembers every chunk."""

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrip.domain import stock
from scrip.domain.stock import BatchRange, ChunkRef, Directory, Pick, unit_key, units_picked
from tests.domain.making import directory

ALMOST_ONE = math.nextafter(1, 0)


@dataclass
class Model:
    """Every chunk ever published: its name, its size, whether it was closed."""

    refs: list[ChunkRef] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    closed: set[int] = field(default_factory=set)

    def publish(self, batch_id: str, codes: int, per_chunk: int) -> BatchRange:
        start, chunks = len(self.refs), -(-codes // per_chunk)
        for number in range(chunks):
            self.refs.append(ChunkRef(batch_id, number, start + number))
            self.sizes.append(min(per_chunk, codes - number * per_chunk))
        return BatchRange(batch_id, start, chunks, codes, per_chunk)

    @property
    def selling(self) -> list[int]:
        return [position for position in range(len(self.refs)) if position not in self.closed]

    def agrees_with(self, seen: Directory) -> None:
        window = self.selling[: stock.WINDOW]
        behind = self.selling[stock.WINDOW :]
        assert seen.window() == window
        assert seen.sells() == bool(window)
        assert seen.waiting_codes() == sum(self.sizes[position] for position in behind)
        assert seen.codes == sum(self.sizes)
        assert [seen.ref(position) for position in self.selling] == [
            self.refs[position] for position in self.selling
        ]
        for position, ref in enumerate(self.refs):
            assert seen.lists(ref) == (position not in self.closed)
        for luck in (0.0, 0.5, ALMOST_ONE):
            expected = self.refs[window[int(luck * len(window))]] if window else None
            assert seen.choose(luck) == expected


PUBLISH = st.tuples(st.integers(1, 60), st.integers(1, 9))
CLOSE = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=12)
STEPS = st.lists(st.one_of(PUBLISH, CLOSE), max_size=25)


def walk(steps: list[tuple[int, int] | list[float]]) -> None:
    model, seen = Model(), Directory()
    for number, step in enumerate(steps):
        if isinstance(step, tuple):
            batch = model.publish(f"batch{number:05d}", *step)
            seen = replace(
                seen,
                ranges=(*seen.ranges, batch),
                chunks=seen.chunks + batch.chunks,
                codes=seen.codes + batch.codes,
            )
        else:
            for luck in step:
                chunk = seen.choose(luck)
                if chunk:
                    model.closed.add(chunk.position)
                    seen = replace(seen, closed=seen.closed | {chunk.position})
        model.agrees_with(seen)
        compacted = seen.compacted()
        if compacted:
            model.agrees_with(compacted)
            assert len(compacted.closed) < len(seen.closed)
            assert len(compacted.ranges) <= len(seen.ranges)
            seen = compacted


@given(STEPS)
def test_a_directory_agrees_with_the_model(steps: list[tuple[int, int] | list[float]]) -> None:
    with mock.patch.multiple(stock, WINDOW=4, COMPACT_AFTER=3):
        walk(steps)


@settings(max_examples=15)
@given(st.lists(st.one_of(PUBLISH, st.lists(st.floats(0, 1, exclude_max=True), max_size=80))))
def test_it_agrees_with_the_model_at_its_real_width(
    steps: list[tuple[int, int] | list[float]],
) -> None:
    walk([(2000, 9), *steps])


def test_an_empty_directory_is_sold_out() -> None:
    empty = Directory()

    assert empty.window() == []
    assert empty.choose(0.3) is None
    assert not empty.sells()
    assert empty.waiting_codes() == 0
    assert empty.compacted() is None


def test_the_window_is_bounded_and_the_rest_waits_full() -> None:
    wide = directory(1000, per_chunk=16)

    assert wide.window() == list(range(stock.WINDOW))
    assert wide.waiting_codes() == (1000 - stock.WINDOW) * 16


def test_luck_spreads_evenly_over_the_window() -> None:
    wide = directory(500)

    chosen = Counter(wide.choose(n / 12_800) for n in range(12_800))

    assert len(chosen) == stock.WINDOW
    assert set(chosen.values()) == {100}


def test_a_closed_chunk_is_never_chosen_and_the_next_one_joins_the_window() -> None:
    wide = replace(directory(200), closed=frozenset({0, 5}))

    window = wide.window()

    assert {0, 5} & set(window) == set()
    assert window[-1] == stock.WINDOW + 1


def test_compaction_waits_until_it_is_worth_a_write() -> None:
    few = replace(directory(200), closed=frozenset(range(stock.COMPACT_AFTER - 1)))
    enough = replace(directory(200), closed=frozenset(range(stock.COMPACT_AFTER)))

    assert few.compacted() is None
    compacted = enough.compacted()
    assert compacted is not None
    assert (compacted.low, compacted.closed) == (stock.COMPACT_AFTER, frozenset())


def test_compaction_stops_below_the_oldest_chunk_on_sale() -> None:
    stuck = replace(directory(200), closed=frozenset(range(1, 100)))

    assert stuck.compacted() is None


def test_compaction_forgets_batches_that_lie_wholly_in_the_past() -> None:
    sold = replace(directory(30, 30, 30), closed=frozenset(range(50)))

    compacted = sold.compacted()

    assert compacted is not None
    assert [batch.start for batch in compacted.ranges] == [30, 60]
    assert compacted.codes == sold.codes


def test_a_sold_out_variant_compacts_to_nothing_and_sells_again_when_stocked() -> None:
    compacted = replace(directory(60), closed=frozenset(range(60))).compacted()
    assert compacted is not None
    assert (compacted.ranges, compacted.closed, compacted.low) == ((), frozenset(), 60)

    batch = BatchRange("batch00009", 60, 1, 10, 10)
    stocked = replace(compacted, ranges=(batch,), chunks=61, codes=610)

    assert stocked.choose(0) == ChunkRef("batch00009", 0, 60)


def test_a_unit_has_a_name_of_its_own() -> None:
    names = {unit_key("7K2M9Q4XTB3WHD5N", line, unit) for line in range(20) for unit in range(50)}

    assert len(names) == 1000
    assert max(map(len, names)) == 22


def test_picks_add_up() -> None:
    chunk = ChunkRef("batch00000", 0, 0)

    assert units_picked([Pick(chunk, 0, 2), Pick(chunk, 2, 1)]) == 3
    assert units_picked([]) == 0


@pytest.mark.parametrize("kind", [stock.SealedCode, stock.Batch, Directory])
def test_stock_is_frozen(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
