"""Import the codes of an uploaded file: look through it, take it part by part, put all on sale.

Whatever dies, the same message comes again and the import goes on. A part is settled in one
transaction with the marks of its codes, then its chunks are written, each only if it is not there.
Going on means: read the file from its start, pass over what is settled, write the last part's
chunks again. Two runs at once: whoever finds a part settled by the other leaves it alone.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from typing import Protocol

from scrip.domain.blind_index import Seen, batch_id_for, marks_of
from scrip.domain.chunk_range import Lane
from scrip.domain.code import Code, DataKey
from scrip.domain.code_rows import Grammar, Reason, Row
from scrip.domain.errors import BatchRecalled, FileRefused, FileReplaced, StoreUnavailable
from scrip.domain.file_survey import Source, read_rows, survey
from scrip.domain.import_job import (
    ENDED,
    NOTHING_READ,
    Figures,
    ImportJob,
    Part,
    Placed,
    Plan,
    State,
    before_all,
    deal,
    in_chunks,
    judge,
    lane_name,
    lanes_on_sale,
    left_out,
    measure,
    next_rows,
    settle,
)
from scrip.domain.money import minor_digits
from scrip.domain.stock import Batch, SealedCode, chunk_capacity

TRIES = 20
"""Imports of the same merchant that may get ahead of a part before we ask to be sent again."""

RESERVE_MS = 90_000
"""What must be left to settle and write one more part, and to say that there is more."""


class Outcome(Enum):
    """What became of a run. The last three leave the import to be gone on with, or to nobody."""

    DONE = "done"
    TRIED_OUT = "tried out"
    FAILED = "failed"
    CONTINUED = "continued"
    STALLED = "stalled"
    IGNORED = "ignored"


class Upload(Source, Protocol):
    """A file as uploaded: it reads what it recognised, or says that it was replaced."""

    etag: str


class Uploads(Protocol):
    def find(self, merchant_id: str, import_id: str) -> Upload | None: ...
    def put_result(
        self, merchant_id: str, import_id: str, rows: Iterable[tuple[int, str]]
    ) -> None: ...
    def delete(self, merchant_id: str, import_id: str) -> None: ...


class Jobs(Protocol):
    def find(self, merchant_id: str, import_id: str) -> ImportJob | None: ...
    def check(self, job: ImportJob, now_ms: int) -> None: ...
    def begin(self, job: ImportJob) -> ImportJob: ...
    def part(self, job: ImportJob, number: int) -> Part: ...
    def parts(self, job: ImportJob) -> Iterator[Part]: ...
    def report(self, job: ImportJob) -> None: ...
    def end(self, job: ImportJob) -> None: ...
    def stall(self, job: ImportJob, problem: str) -> None: ...


class Settling(Protocol):
    def settle(
        self, job: ImportJob, part: Part, marks: Sequence[bytes], seen: Seen, run_id: str
    ) -> bool | None: ...
    def keep_batch(self, batch: Batch, plan: Plan) -> None: ...


class BatchStore(Protocol):
    def add_chunks(
        self,
        batch: Batch,
        lane: str,
        chunks: Mapping[int, Sequence[SealedCode]],
        until_ms: int,
    ) -> None: ...
    def publish(self, batch: Batch, lanes: Sequence[Lane]) -> None: ...


class Vault(Protocol):
    def new_key(self, merchant_id: str, variant_id: str, batch_id: str) -> DataKey: ...
    def key_of(self, batch: Batch) -> DataKey: ...
    def sealed_bytes(self, code: Code) -> int: ...
    def seal_at(
        self, key: DataKey, batch: Batch, codes: Iterable[tuple[int, Code]]
    ) -> list[SealedCode]: ...


class IndexKeys(Protocol):
    def of(self, merchant_id: str) -> bytes: ...


class Staging(Protocol):
    def add(self, marks: Iterable[bytes], batch: int) -> None: ...
    def find(self, marks: Iterable[bytes]) -> dict[bytes, int]: ...
    def close(self) -> None: ...


class SeenCodes(Protocol):
    def find(self, merchant_id: str, marks: Sequence[bytes]) -> Seen: ...
    def staging(self) -> Staging: ...


class Queue(Protocol):
    def go_on(self, merchant_id: str, import_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation's tools. `run_id` tells it from others of the same import."""

    run_id: str
    clock: Callable[[], int]
    time_left_ms: Callable[[], int]
    jobs: Jobs
    settling: Settling
    uploads: Uploads
    stock: BatchStore
    vault: Vault
    index_keys: IndexKeys
    seen_codes: SeenCodes
    queue: Queue


def import_file(merchant_id: str, import_id: str, run: Run) -> tuple[Outcome, Figures]:
    """Raises StoreUnavailable."""
    job = run.jobs.find(merchant_id, import_id)
    if job is None or job.state in ENDED:
        return _ignore(merchant_id, import_id, run)
    upload = run.uploads.find(merchant_id, import_id)
    if upload is None:
        waits = job.state is State.WAITING
        return (Outcome.IGNORED, job.figures) if waits else _stall(job, run)
    index_key = run.index_keys.of(merchant_id)
    try:
        if job.plan is None or job.file_mark != _file_mark(index_key, upload):
            if job.parts:
                return _stall(job, run)
            run.jobs.check(job, run.clock())
            job = _begin(job, upload, index_key, run)
            if job.state in ENDED:
                return _ignore(merchant_id, import_id, run)
        if job.wanted.dry_run:
            return _try_out(job, upload, index_key, run)
        outcome, job = _take(job, upload, index_key, run)
    except FileReplaced:
        return _stall(job, run)
    except FileRefused as error:
        return _fail(job, run, error.detail)
    if outcome is not Outcome.DONE:
        return outcome, job.figures
    job = replace(job, problem=_publish(job, run))
    parts = run.jobs.parts(job)
    return _end(job, run, (row for part in parts for row in left_out(part)))


def _ignore(merchant_id: str, import_id: str, run: Run) -> tuple[Outcome, Figures]:
    """There is nothing to import, and no reason to keep a file."""
    run.uploads.delete(merchant_id, import_id)
    return Outcome.IGNORED, NOTHING_READ


def _stall(job: ImportJob, run: Run) -> tuple[Outcome, Figures]:
    """The file that was begun with is gone, or another lies in its place."""
    run.jobs.stall(job, "upload the same file again")
    return Outcome.STALLED, job.figures


def _fail(job: ImportJob, run: Run, problem: str) -> tuple[Outcome, Figures]:
    failed = replace(job, state=State.FAILED, problem=problem, finished_at_ms=run.clock())
    run.jobs.end(failed)
    run.uploads.delete(job.merchant_id, job.import_id)
    return Outcome.FAILED, job.figures


def _end(job: ImportJob, run: Run, results: Iterable[tuple[int, str]]) -> tuple[Outcome, Figures]:
    run.uploads.put_result(job.merchant_id, job.import_id, results)
    run.jobs.end(replace(job, state=State.DONE, finished_at_ms=run.clock()))
    run.uploads.delete(job.merchant_id, job.import_id)
    return (Outcome.TRIED_OUT if job.wanted.dry_run else Outcome.DONE), job.figures


def _file_mark(index_key: bytes, upload: Upload) -> bytes:
    return hmac.digest(index_key, b"file|" + upload.etag.encode(), "sha256")[:16]


# --- beginning -----------------------------------------------------------------------------------


def _begin(job: ImportJob, upload: Upload, index_key: bytes, run: Run) -> ImportJob:
    """Read the whole file once and record what is in it. Raises FileRefused."""
    wanted = job.wanted
    found = survey(
        upload,
        wanted.file_name,
        wanted.asked,
        minor_digits=minor_digits(wanted.currency),
        now_ms=job.created_at_ms,
    )
    batch_id = batch_id_for(index_key, wanted.variant_id, job.import_id)
    lengths = (run.vault.sealed_bytes(code) for code in found.sample)
    draft = replace(
        job,
        state=State.RUNNING,
        batch_id=batch_id,
        sealed_key=run.vault.new_key(job.merchant_id, wanted.variant_id, batch_id).sealed,
        file_mark=_file_mark(index_key, upload),
        plan=Plan(found.rows, found.layout, found.lanes, chunk_capacity(measure(lengths))),
        problem="",
    )
    begun = run.jobs.begin(draft)
    if begun.file_mark != draft.file_mark:
        raise FileReplaced
    return begun


def _rows(job: ImportJob, plan: Plan, upload: Upload) -> Iterator[Row | Reason]:
    digits = minor_digits(job.wanted.currency)
    return read_rows(upload, plan.layout, Grammar(plan.layout.columns, digits, job.created_at_ms))


# --- taking --------------------------------------------------------------------------------------


def _take(job: ImportJob, upload: Upload, index_key: bytes, run: Run) -> tuple[Outcome, ImportJob]:
    plan = job.planned()
    rows = _rows(job, plan, upload)
    part, held = _resume(job, rows, run)
    while part.last_row < plan.rows:
        if run.time_left_ms() < RESERVE_MS:
            run.queue.go_on(job.merchant_id, job.import_id)
            return Outcome.CONTINUED, job
        found = next_rows(rows)
        settled = _settle(job, part, found, index_key, run)
        before, (job, part, placed) = part, settled
        held = _write(job, before, part, [*held, *placed], run)
    return Outcome.DONE, job


def _resume(job: ImportJob, rows: Iterator[Row | Reason], run: Run) -> tuple[Part, list[Placed]]:
    """The last part settled, written again, and the codes that it left over."""
    plan = job.planned()
    if not job.parts:
        return before_all(plan), []
    part = run.jobs.part(job, job.parts)
    before = run.jobs.part(job, job.parts - 1) if job.parts > 1 else before_all(plan)
    wanted = {row for rows in before.carried for row in rows} | set(part.taken_rows())
    lanes = plan.lane_numbers()
    codes = [
        Placed(number, lanes[row.terms], row.code)
        for number, row in enumerate(islice(rows, part.last_row), 1)
        if number in wanted and isinstance(row, Row)
    ]
    if len(codes) != len(wanted):
        raise FileReplaced
    return part, _write(job, before, part, codes, run)


def _settle(
    job: ImportJob, before: Part, found: list[Row | Reason], index_key: bytes, run: Run
) -> tuple[ImportJob, Part, list[Placed]]:
    """Record what these rows come to. Raises StoreUnavailable when another run did so before."""
    plan = job.planned()
    lanes, first_row = plan.lane_numbers(), before.first_row + len(before.outcomes)
    marks = marks_of(index_key, (row.code for row in found if isinstance(row, Row)))
    for _ in range(TRIES):
        seen = run.seen_codes.find(job.merchant_id, marks)
        outcomes, fresh = judge(found, marks, seen, job.batch_id)
        placed = [
            Placed(first_row + at, lanes[row.terms], row.code)
            for at, row in enumerate(found)
            if isinstance(row, Row) and outcomes[at] == Reason.TAKEN
        ]
        part = settle(plan, before, outcomes, {each.row: each.lane for each in placed})
        after = replace(job, parts=part.number, figures=job.figures.plus(outcomes))
        settled = run.settling.settle(after, part, fresh, seen, run.run_id)
        if settled:
            return after, part, placed
        if settled is not None:
            # Not acknowledged: should that run die, this message is what goes on.
            raise StoreUnavailable("another run of this import is ahead")
    raise StoreUnavailable("other imports of this merchant kept getting ahead")


def _write(
    job: ImportJob, before: Part, part: Part, codes: Iterable[Placed], run: Run
) -> list[Placed]:
    """The chunks of a settled part; the codes that it leaves over, in the order of their rows."""
    plan, batch = job.planned(), job.batch()
    key = run.vault.key_of(batch)
    chunks, held = deal(plan, in_chunks(before), codes, last=part.last_row == plan.rows)
    by_lane: dict[int, dict[int, list[SealedCode]]] = {}
    for chunk in chunks:
        places = ((each.row, each.code) for each in chunk.codes)
        by_lane.setdefault(chunk.lane, {})[chunk.number] = run.vault.seal_at(key, batch, places)
    for lane, sealed in by_lane.items():
        until_ms = plan.lanes[lane].until_ms
        run.stock.add_chunks(batch, lane_name(plan, job.batch_id, lane), sealed, until_ms)
    return sorted(each for lane in held for each in lane)


# --- ending --------------------------------------------------------------------------------------


def _publish(job: ImportJob, run: Run) -> str:
    """Put all lanes on sale at once. What is to be told of it."""
    plan = job.planned()
    if not job.figures.taken:
        return ""
    batch = job.batch()
    lanes = lanes_on_sale(plan, job.batch_id, run.jobs.part(job, job.parts))
    run.settling.keep_batch(batch, plan)
    for left in reversed(range(TRIES)):
        try:
            run.stock.publish(batch, lanes)
        except BatchRecalled:
            return "the batch was recalled before it was on sale"
        except StoreUnavailable:
            if not left:
                raise
        else:
            return ""
    raise AssertionError("unreachable")


def _try_out(job: ImportJob, upload: Upload, index_key: bytes, run: Run) -> tuple[Outcome, Figures]:
    """The same judgement, of which nothing is kept but the figures and the result."""
    plan, staging, outcomes = job.planned(), run.seen_codes.staging(), bytearray()
    rows = _rows(job, plan, upload)
    # A run before this one may have died.
    job = replace(job, figures=NOTHING_READ, problem="")
    while len(outcomes) < plan.rows:
        found = next_rows(rows)
        marks = marks_of(index_key, (row.code for row in found if isinstance(row, Row)))
        before = dict.fromkeys(staging.find(marks), job.batch_id)
        seen = run.seen_codes.find(job.merchant_id, marks)
        both = seen._replace(batches={**seen.batches, **before})
        judged, fresh = judge(found, marks, both, job.batch_id)
        staging.add(fresh, 0)
        outcomes += judged
        job = replace(job, figures=job.figures.plus(judged))
        run.jobs.report(job)
    staging.close()
    return _end(job, run, left_out(settle(plan, before_all(plan), bytes(outcomes), {})))
