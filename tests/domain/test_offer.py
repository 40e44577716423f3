"""What is on offer, against a stock that remembers every code and who has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from scrip.domain import directory as module
from scrip.domain.chunk_range import Lane
from scrip.domain.directory import Directory
from scrip.domain.offer import Excess, Offer
from scrip.domain.stock import NEVER_MS, ChunkRef, return_lane
from scrip.steps.offer import offer
from tests.domain.making import NOW_MS

DAY_MS = 86_400_000
PER_CHUNK = 3
BATCHES = ("batch00000", "batch00001")
Place = tuple[str, int]


@dataclass(eq=False)
class Held:
    """A code that an order holds, and under which cap the order was placed."""

    place: Place
    until_ms: int
    cap: int


@dataclass
class Shop:
    """A variant's stock. `codes`: what is free in each chunk; `ever`: chunks that orders were
    pointed at; `waiting`: orders that claim later; `held`: what they have."""

    seen: Directory = field(default_factory=Directory)
    codes: dict[Place, int] = field(default_factory=dict)
    ever: set[Place] = field(default_factory=set)
    waiting: list[tuple[ChunkRef, int]] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    # --- as the step sees it

    def directory(self, _: str, __: str, *, consistent: bool = False) -> Directory:
        assert consistent
        return self.seen

    def free(self, _: str, __: str, chunks: Sequence[ChunkRef]) -> Mapping[ChunkRef, int]:
        return {chunk: self.codes[chunk.lane, chunk.number] for chunk in chunks}

    def rewrite(
        self, _: str, __: str, seen: Directory, new: Directory, excess: Excess | None
    ) -> bool:
        assert new.version > seen.version
        self.seen = new
        if excess:
            chunk = excess.chunk
            assert 0 < excess.codes < self.codes[chunk.lane, chunk.number]
            self.codes[chunk.lane, chunk.number] -= excess.codes
            self.arrive(return_lane(chunk.batch_id), excess.codes, excess.until_ms)
        return True

    # --- what happens

    def arrive(self, lane: str, codes: int, until_ms: int, cap: int = 0) -> None:
        first = sum(1 for known, _ in self.codes if known == lane)
        chunks = -(-codes // PER_CHUNK)
        for n in range(chunks):
            self.codes[lane, first + n] = min(PER_CHUNK, codes - n * PER_CHUNK)
        added = Lane(lane, first, chunks, codes, PER_CHUNK, until_ms, cap)
        self.seen = self.seen.with_lanes([added], new_codes=0)

    def place(self, luck: float) -> bool:
        chunk = self.seen.choose(luck, NOW_MS)
        if chunk is None:
            return False
        self.ever.add((chunk.lane, chunk.number))
        self.waiting.append((chunk, self.seen.cap))
        return True

    def claim(self, which: int, luck: float) -> None:
        """An order that was placed claims now, or moves on as often as it must."""
        if not self.waiting:
            return
        chunk, cap = self.waiting.pop(which % len(self.waiting))
        at: ChunkRef | None = chunk
        while at is not None:
            place = (at.lane, at.number)
            if self.codes[place]:
                self.codes[place] -= 1
                until = next(r.until_ms for r in self.seen.ranges if r.holds(at.position))
                self.held.append(Held(place, until, cap))
                return
            self.seen = replace(self.seen, closed=self.seen.closed | {at.position})
            self.seen = self.seen.compacted() or self.seen
            at = self.seen.choose(luck, NOW_MS)
            if at:
                self.ever.add((at.lane, at.number))

    def let_go(self, which: int) -> None:
        if self.held:
            gone = self.held.pop(which % len(self.held))
            batch_id = gone.place[0].partition(".")[0]
            self.arrive(return_lane(batch_id), 1, gone.until_ms, gone.cap)

    # --- what must hold

    def under(self, cap: int) -> int:
        """Codes that orders placed under this cap have."""
        return sum(1 for each in self.held if each.cap == cap)

    def on_offer(self) -> int:
        return sum(
            self.codes[each.lane, each.first + n]
            for each in self.seen.ranges
            if not each.kept
            for n in range(each.chunks)
        )

    def check_reach(self) -> None:
        """Whatever is out of reach was never pointed at, and is full."""
        for batch_id in BATCHES:
            reach = list(self.seen.reach(batch_id, 0))
            within = {(ref.lane, ref.number) for each in reach for ref in each.refs}
            open_ = {(ref.lane, ref.number) for ref in self.seen.open_chunks(batch_id)}
            assert not (self.ever & open_) - within
            behind = sum(self.codes[place] for place in open_ - within)
            assert behind == sum(each.behind for each in reach)


def shop_of(*batches: int) -> Shop:
    shop = Shop()
    for number, codes in enumerate(batches):
        shop.arrive(f"batch{number:05d}", codes, NEVER_MS)
    return shop


def set_offer(shop: Shop, units: int | None) -> Offer:
    return offer("demo", "card", units, now_ms=NOW_MS, stock=shop)


def test_the_front_is_on_offer_and_what_one_chunk_holds_too_much_goes_into_a_kept_one() -> None:
    shop = shop_of(20, 10)

    assert set_offer(shop, 8) == (8, 22)

    assert [(each.lane, each.chunks, each.kept) for each in shop.seen.ranges] == [
        ("batch00000", 3, False),
        ("batch00000", 4, True),
        ("batch00001", 4, True),
        ("batch00000.r", 1, True),
    ]
    assert sorted(shop.codes.values()) == [1, 1, 2] + [2] + [3] * 8
    assert shop.seen.window(NOW_MS) == [0, 1, 2]


def test_the_same_number_again_moves_no_code() -> None:
    shop = shop_of(20, 10)
    set_offer(shop, 8)
    before = dict(shop.codes)

    assert set_offer(shop, 8) == (8, 22)

    assert shop.codes == before


def test_lowering_and_raising_again_fills_up_with_what_was_cut_off() -> None:
    shop = shop_of(20)
    set_offer(shop, 3 * PER_CHUNK)
    set_offer(shop, 3 * PER_CHUNK - 1)
    chunks = len(shop.codes)

    assert set_offer(shop, 3 * PER_CHUNK).offered == 3 * PER_CHUNK

    assert len(shop.codes) == chunks


def test_lifting_a_cap_makes_it_as_it_was() -> None:
    shop = shop_of(20, 10)
    was = shop.seen.ranges
    set_offer(shop, 9)

    assert set_offer(shop, None) == (30, 0)

    assert (shop.seen.ranges, shop.seen.cap) == (was, 0)
    version = shop.seen.version
    set_offer(shop, None)
    assert shop.seen.version == version, "there is nothing to write"


def test_with_nothing_on_offer_it_is_sold_out_though_codes_are_kept() -> None:
    shop = shop_of(20)

    assert set_offer(shop, 0) == (0, 20)

    assert not shop.seen.sells(NOW_MS)
    assert shop.seen.choose(0.5, NOW_MS) is None
    assert shop.seen.choose(0.5, NOW_MS, kept=True) is not None


def test_what_comes_into_stock_under_a_cap_is_kept() -> None:
    shop = shop_of(5)
    set_offer(shop, 100)

    shop.arrive("batch00009", 7, NEVER_MS)

    assert shop.on_offer() == 5
    assert set_offer(shop, 100) == (12, 0)


def test_what_ends_first_is_on_offer_first_and_what_has_ended_never() -> None:
    shop = shop_of(6)
    shop.arrive("batch00001", 6, NOW_MS + DAY_MS)
    shop.arrive("batch00002", 6, NOW_MS)

    assert set_offer(shop, 6) == (6, 6)

    assert [each.lane for each in shop.seen.ranges if not each.kept] == ["batch00001"]


def test_where_no_chunk_has_so_many_to_spare_a_few_less_are_on_offer() -> None:
    shop = shop_of(10 * PER_CHUNK)
    with mock.patch.object(module, "WINDOW", 3):
        for chunk in shop.seen.pointed_at(NOW_MS):
            shop.codes[chunk.lane, chunk.number] = 1

        assert set_offer(shop, 4) == (3, 7 * PER_CHUNK)
        assert set_offer(shop, 3 + PER_CHUNK) == (3 + PER_CHUNK, 6 * PER_CHUNK)


def test_a_large_number_is_exact_too() -> None:
    shop = shop_of(5 * PER_CHUNK * module.WINDOW)
    units = 3 * PER_CHUNK * module.WINDOW + 1

    assert set_offer(shop, units) == (units, 2 * PER_CHUNK * module.WINDOW - 1)
    assert shop.on_offer() == units


luck = st.floats(0, 0.99)
number = st.integers(0, 9)
EVENTS = st.one_of(
    st.tuples(
        st.just("arrive"),
        st.sampled_from(BATCHES),
        st.integers(1, 40),
        st.sampled_from([NEVER_MS, NOW_MS + DAY_MS, NOW_MS + 2 * DAY_MS]),
    ),
    st.tuples(st.just("place"), luck),
    st.tuples(st.just("place"), luck),
    st.tuples(st.just("claim"), number, luck),
    st.tuples(st.just("claim"), number, luck),
    st.tuples(st.just("let go"), number),
    st.tuples(st.just("take kept"), luck),
    st.tuples(st.just("offer"), st.integers(0, 30) | st.none()),
)


@settings(deadline=None, max_examples=400)
@given(st.lists(EVENTS, max_size=70))
def test_orders_placed_under_a_cap_never_have_more(events: list[tuple[object, ...]]) -> None:
    shop, arrivals = Shop(), 0
    units: int | None = None
    with mock.patch.multiple(module, WINDOW=3, COMPACT_AFTER=4, LAST_CHUNKS=2):
        for event in events:
            match event:
                case ("arrive", str(batch_id), int(codes), int(until_ms)):
                    arrivals += 1
                    shop.arrive(f"{batch_id}.{arrivals}", codes, until_ms)
                case ("place", float(chance)):
                    shop.place(chance)
                case ("take kept", float(chance)):
                    taken = shop.seen.choose(chance, NOW_MS, kept=True)
                    shop.ever |= {(taken.lane, taken.number)} if taken else set()
                    assert taken or not sum(shop.codes.values()) or shop.seen.closed
                case ("claim", int(which), float(chance)):
                    shop.claim(which, chance)
                case ("let go", int(which)):
                    shop.let_go(which)
                case ("offer", int() | None as wish):
                    units = wish
                    in_stock = sum(shop.codes.values())
                    now = offer("demo", "card", units, now_ms=NOW_MS, stock=shop)
                    assert now.offered + now.kept == in_stock
                    wanted = in_stock if units is None else min(units, in_stock)
                    assert wanted - PER_CHUNK < now.offered <= wanted
                    assert shop.on_offer() == now.offered
            if units is not None and shop.seen.cap:
                assert shop.under(shop.seen.cap) + shop.on_offer() <= units
            shop.check_reach()
