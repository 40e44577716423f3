"""An import of a file: what was asked, what was planned, and how far it is.

A file is taken in parts of some thousand rows. A part's content is settled before its codes are
written: which rows were left out and why, and which codes wait for the next part because they do
not fill a chunk. So a run that goes on after a crash makes the same chunks, and a code's place in
its batch is its row's number, whichever run writes it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from scrip.domain.blind_index import Seen
from scrip.domain.chunk_range import Lane
from scrip.domain.code import Code
from scrip.domain.code_file import Asked, Layout
from scrip.domain.code_rows import QUIET, REFUSALS, Reason, Row, Terms
from scrip.domain.errors import FileReplaced
from scrip.domain.stock import Batch, lane_of

PART_CODES = 5_000
PART_ROWS = 20_000
MOST = 95
"""Per cent of the codes that a chunk is measured by: one long note must not make every chunk
small."""


class State(Enum):
    """`waiting` for its file; `stalled`: for the same file once more."""

    WAITING = "waiting"
    CHECKING = "checking"
    RUNNING = "running"
    STALLED = "stalled"
    DONE = "done"
    FAILED = "failed"


ENDED = frozenset({State.DONE, State.FAILED})


class Wanted(NamedTuple):
    """What the merchant asked for. `currency`: the variant's, which costs are in."""

    variant_id: str
    file_name: str
    asked: Asked
    dry_run: bool
    currency: str


class Figures(NamedTuple):
    """Rows so far; `rows` counts blank ones and the header, too."""

    rows: int = 0
    taken: int = 0
    duplicates: int = 0
    known: int = 0
    refused: int = 0

    def plus(self, outcomes: bytes) -> "Figures":
        return Figures(
            self.rows + len(outcomes),
            self.taken + outcomes.count(Reason.TAKEN),
            self.duplicates + outcomes.count(Reason.DUPLICATE),
            self.known + outcomes.count(Reason.KNOWN),
            self.refused + sum(outcomes.count(each) for each in REFUSALS),
        )


NOTHING_READ = Figures()


@dataclass(frozen=True, slots=True)
class Plan:
    """What the first reading of a file found. Rows are numbered from 1."""

    rows: int
    layout: Layout
    lanes: tuple[Terms, ...]
    per_chunk: int

    def lane_numbers(self) -> dict[Terms, int]:
        return {terms: number for number, terms in enumerate(self.lanes)}


@dataclass(frozen=True, slots=True)
class ImportJob:
    """`parts`: how many are settled. `file_mark` recognises the file, says nothing of it."""

    merchant_id: str
    import_id: str
    wanted: Wanted
    state: State
    created_at_ms: int
    figures: Figures = NOTHING_READ
    parts: int = 0
    plan: Plan | None = None
    batch_id: str = ""
    sealed_key: bytes = b""
    file_mark: bytes = b""
    problem: str = ""
    started_at_ms: int | None = None
    finished_at_ms: int | None = None

    def planned(self) -> Plan:
        """Its plan. Raises LookupError before it has one."""
        if self.plan is None:
            raise LookupError(f"import {self.import_id} has no plan")
        return self.plan

    def batch(self) -> Batch:
        """The batch that it fills, with the codes taken so far."""
        return Batch(
            merchant_id=self.merchant_id,
            variant_id=self.wanted.variant_id,
            batch_id=self.batch_id,
            sealed_key=self.sealed_key,
            fingerprint=self.file_mark,
            codes=self.figures.taken,
            known=frozenset(),
            published=False,
            created_at_ms=self.created_at_ms,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Rows `first_row ..`, one outcome each. `codes`: per lane, taken up to the end of this part.

    `carried`: per lane, rows of codes that wait for more to fill a chunk.
    """

    number: int
    first_row: int
    outcomes: bytes
    codes: tuple[int, ...]
    carried: tuple[tuple[int, ...], ...]

    @property
    def last_row(self) -> int:
        return self.first_row + len(self.outcomes) - 1

    def taken_rows(self) -> Iterator[int]:
        return (
            self.first_row + at
            for at, outcome in enumerate(self.outcomes)
            if outcome == Reason.TAKEN
        )


class Placed(NamedTuple):
    """A code of a file by its row; `lane`: the number of its terms in the plan."""

    row: int
    lane: int
    code: Code


class Chunk(NamedTuple):
    lane: int
    number: int
    codes: Sequence[Placed]


class Dealt(NamedTuple):
    """Chunks to write, and per lane the codes left over."""

    chunks: list[Chunk]
    held: list[list[Placed]]


def next_rows(rows: Iterator[Row | Reason]) -> list[Row | Reason]:
    """Those of the next part, as they stand in the file. Raises FileReplaced when there are none:
    the file was longer when it was planned."""
    found: list[Row | Reason] = []
    good = 0
    for row in rows:
        found.append(row)
        good += isinstance(row, Row)
        if good == PART_CODES or len(found) == PART_ROWS:
            break
    if not found:
        raise FileReplaced
    return found


def before_all(plan: Plan) -> Part:
    """What stands before the first part."""
    return Part(0, 1, b"", (0,) * len(plan.lanes), ((),) * len(plan.lanes))


def deal(plan: Plan, codes_before: Sequence[int], codes: Iterable[Placed], *, last: bool) -> Dealt:
    """Full chunks of these codes, which are in the order of their rows; at the end also the rest.

    `codes_before`: of each lane, those that are in chunks already.
    """
    held: list[list[Placed]] = [[] for _ in plan.lanes]
    for each in codes:
        held[each.lane].append(each)
    chunks = []
    for lane, mine in enumerate(held):
        number = codes_before[lane] // plan.per_chunk
        end = len(mine) if last else len(mine) - len(mine) % plan.per_chunk
        for at in range(0, end, plan.per_chunk):
            chunks.append(Chunk(lane, number, mine[at : min(end, at + plan.per_chunk)]))
            number += 1
        del mine[:end]
    return Dealt(chunks, held)


def in_chunks(part: Part) -> list[int]:
    """Per lane, codes that were in full chunks when this part ended."""
    return [codes - len(rows) for codes, rows in zip(part.codes, part.carried, strict=True)]


def settle(plan: Plan, before: Part, outcomes: bytes, lanes: Mapping[int, int]) -> Part:
    """The part after `before`. `lanes`: of each row taken, by its number."""
    codes = list(before.codes)
    rows = [list(each) for each in before.carried]
    for row, lane in lanes.items():
        codes[lane] += 1
        rows[lane].append(row)
    first_row = before.first_row + len(before.outcomes)
    last = first_row + len(outcomes) > plan.rows
    left = [0 if last else len(each) % plan.per_chunk for each in rows]
    carried = tuple(
        tuple(each[len(each) - count :]) for each, count in zip(rows, left, strict=True)
    )
    return Part(before.number + 1, first_row, outcomes, tuple(codes), carried)


def measure(lengths: Iterable[int]) -> int:
    """The length to measure chunks by: most codes are not longer."""
    ordered = sorted(lengths)
    return ordered[(len(ordered) - 1) * MOST // 100] if ordered else 0


def judge(
    found: Sequence[Row | Reason], marks: Sequence[bytes], seen: Seen, batch_id: str
) -> tuple[bytes, list[bytes]]:
    """An outcome for each row, and the marks of those taken."""
    outcomes = bytearray()
    fresh: dict[bytes, None] = {}
    each_mark = iter(marks)
    for row in found:
        if isinstance(row, Reason):
            outcomes.append(row)
            continue
        mark = next(each_mark)
        if mark in fresh or seen.batches.get(mark) == batch_id:
            outcomes.append(Reason.DUPLICATE)
        elif mark in seen.batches:
            outcomes.append(Reason.KNOWN)
        else:
            fresh[mark] = None
            outcomes.append(Reason.TAKEN)
    return bytes(outcomes), list(fresh)


def lane_name(plan: Plan, batch_id: str, lane: int) -> str:
    """Codes of no end and no told cost are in the batch's own lane."""
    return lane_of(batch_id, 0 if plan.lanes[lane] == Terms() else lane + 1)


def lanes_on_sale(plan: Plan, batch_id: str, last: Part) -> list[Lane]:
    """What a finished import puts on sale."""
    return [
        Lane(
            lane_name(plan, batch_id, number),
            0,
            -(-codes // plan.per_chunk),
            codes,
            plan.per_chunk,
            plan.lanes[number].until_ms,
        )
        for number, codes in enumerate(last.codes)
        if codes
    ]


def left_out(part: Part) -> Iterator[tuple[int, str]]:
    """Rows that were not taken, and why; blank rows are nobody's concern."""
    for row, outcome in enumerate(part.outcomes, part.first_row):
        if outcome not in QUIET:
            yield row, Reason(outcome).text
