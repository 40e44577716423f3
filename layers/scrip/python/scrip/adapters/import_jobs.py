"""Imports of files: what was asked, what was planned, which parts are settled.

Job      pk `<merchant>`, sk `job#<import>`
Name     pk `<merchant>`, sk `key#<name>`: the import that an Idempotency-Key opened
Part     pk `<merchant>#<import>`, sk `part#<number>`: a byte a row, and the codes carried over

A part is settled in one transaction with the marks of its codes (`adapters/seen_codes.py`), which
requires that no other part was settled meanwhile.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from scrip.adapters.aws import ask, code_of
from scrip.adapters.seen_codes import SeenCodes, put_new
from scrip.adapters.stock_items import batch_item
from scrip.adapters.tables import ConditionFailed, Item, Table, encode_item
from scrip.domain.blind_index import Seen
from scrip.domain.code_file import Asked, Format, Layout
from scrip.domain.code_rows import Column, Terms
from scrip.domain.errors import StoreUnavailable
from scrip.domain.import_job import (
    ENDED,
    Figures,
    ImportJob,
    Part,
    Plan,
    State,
    Wanted,
    lane_name,
)
from scrip.domain.stock import Batch

ROW_BYTES = 4
NOT_ENDED = "NOT #state IN (:done, :failed)"
ENDS = {f":{state.value}": state.value for state in ENDED}
NO_PART = "#parts = :none"


class ImportJobs:
    def __init__(self, table: Table) -> None:
        self.table = table

    def open(self, job: ImportJob, name: str) -> ImportJob:
        """The job as recorded under this name, now or before."""
        pointer = {"pk": job.merchant_id, "sk": f"key#{name}", "import_id": job.import_id}
        actions = [put_new(self.table, each) for each in (pointer, _job_item(job))]
        known = self._named(job.merchant_id, name)
        if known:
            return known
        try:
            ask(self.table.client.transact_write_items, TransactItems=actions)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            known = self._named(job.merchant_id, name)
            if known is None:
                raise StoreUnavailable("TransactionCanceledException") from error
            return known
        return job

    def _named(self, merchant_id: str, name: str) -> ImportJob | None:
        pointer = self.table.get({"pk": merchant_id, "sk": f"key#{name}"}, consistent=True)
        return self.find(merchant_id, pointer["import_id"]) if pointer else None

    def find(self, merchant_id: str, import_id: str) -> ImportJob | None:
        item = self.table.get(_job_key(merchant_id, import_id), consistent=True)
        return _job_of(item) if item else None

    def recent(self, merchant_id: str, limit: int) -> list[ImportJob]:
        """The newest first."""
        found = self.table.query(
            "pk = :merchant AND begins_with(sk, :job)",
            {":merchant": merchant_id, ":job": "job#"},
            newest_first=True,
            limit=limit,
        )
        return [_job_of(item) for item in found]

    def check(self, job: ImportJob, now_ms: int) -> None:
        """Tell that the file is being looked through."""
        self._move(
            job,
            {"state": State.CHECKING.value},
            f"{NOT_ENDED} AND {NO_PART}",
            ", started_at_ms = if_not_exists(started_at_ms, :now)",
            {":now": now_ms},
        )

    def begin(self, job: ImportJob) -> ImportJob:
        """Record the plan, unless another run recorded one for the same file; the job after it."""
        changes = {name: value for name, value in _job_item(job).items() if name in BEGUN}
        other = "(attribute_not_exists(file_mark) OR file_mark <> :file_mark)"
        if self._move(job, changes, f"{NOT_ENDED} AND {NO_PART} AND {other}"):
            return job
        found = self.find(job.merchant_id, job.import_id)
        if found is None:
            raise LookupError(f"import {job.import_id} is gone")
        return found

    def report(self, job: ImportJob) -> None:
        self._move(job, {"figures": list(job.figures)}, NOT_ENDED)

    def stall(self, job: ImportJob, problem: str) -> None:
        self._move(job, {"state": State.STALLED.value, "problem": problem}, NOT_ENDED)

    def end(self, job: ImportJob) -> None:
        item = _job_item(job)
        ending = ("state", "problem", "figures", "finished_at_ms")
        changes = {name: item[name] for name in ending}
        # From here on the batch alone has its key: whoever destroys it there destroys it.
        self._move(job, changes, NOT_ENDED, also=" REMOVE sealed_key")

    def _move(
        self,
        job: ImportJob,
        changes: Item,
        condition: str,
        also: str = "",
        values: Item | None = None,
    ) -> bool:
        expression, names, assigned = _assignments(changes)
        parts = NO_PART in condition
        try:
            self.table.update(
                _job_key(job.merchant_id, job.import_id),
                expression + also,
                values=assigned | ENDS | (values or {}) | ({":none": 0} if parts else {}),
                names=names | {"#state": "state"} | ({"#parts": "parts"} if parts else {}),
                condition=condition,
            )
        except ConditionFailed:
            return False
        return True

    def part(self, job: ImportJob, number: int) -> Part:
        item = self.table.get(_part_key(job, number), consistent=True)
        if item is None:
            raise LookupError(f"part {number} of import {job.import_id} is gone")
        return _part_of(item)

    def parts(self, job: ImportJob) -> Iterator[Part]:
        """All of them, in their order."""
        found = self.table.query("pk = :pk", {":pk": _part_key(job, 0)["pk"]}, consistent=True)
        return map(_part_of, found)


class Settling:
    """Parts go into the table of imports, their marks and their batch into that of stock."""

    def __init__(self, jobs: ImportJobs, seen_codes: SeenCodes) -> None:
        self.jobs = jobs
        self.seen_codes = seen_codes

    def settle(
        self, job: ImportJob, part: Part, marks: Sequence[bytes], seen: Seen, run_id: str
    ) -> bool | None:
        """Whether this run settled the part, or another one; None when `seen` is out of date."""
        actions = [put_new(self.jobs.table, _part_item(job, part)), self._advance(job, run_id)]
        if marks:
            actions += self.seen_codes.new_segment(job.merchant_id, job.batch_id, marks, seen)
        try:
            ask(self.jobs.table.client.transact_write_items, TransactItems=actions)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            key = _job_key(job.merchant_id, job.import_id)
            item = self.jobs.table.get(key, consistent=True) or {"parts": -1}
            if item["parts"] == part.number - 1 and item["file_mark"] == job.file_mark:
                return None
            # Our own write, whose answer was lost, was sent again and met itself.
            if (item["parts"], item.get("run_id")) != (part.number, run_id):
                return False
        if marks:
            self.seen_codes.remember(job.merchant_id, job.batch_id, marks, seen)
        return True

    def _advance(self, job: ImportJob, run_id: str) -> Item:
        changes = {
            "state": State.RUNNING.value,
            "problem": "",
            "parts": job.parts,
            "figures": list(job.figures),
            "run_id": run_id,
        }
        expression, names, values = _assignments(changes)
        values |= {":before": job.parts - 1, ":mark": job.file_mark}
        return {
            "Update": {
                "TableName": self.jobs.table.name,
                "Key": encode_item(_job_key(job.merchant_id, job.import_id)),
                "UpdateExpression": expression,
                "ConditionExpression": "#parts = :before AND file_mark = :mark",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": encode_item(values),
            }
        }

    def keep_batch(self, batch: Batch, plan: Plan) -> None:
        """The batch behind the chunks, with its lanes' terms. Safe to repeat."""
        terms = {
            lane_name(plan, batch.batch_id, number): list(each)
            for number, each in enumerate(plan.lanes)
        }
        try:
            self.seen_codes.table.put(
                {**batch_item(batch), "terms": terms}, condition="attribute_not_exists(pk)"
            )
        except ConditionFailed:
            return


BEGUN = frozenset(
    {"state", "problem", "plan", "batch_id", "sealed_key", "file_mark", "parts", "figures"}
)


def _assignments(changes: Item) -> tuple[str, dict[str, str], Item]:
    """A SET expression with its names and values: some of these words are reserved."""
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in changes)
    names = {f"#{name}": name for name in changes}
    return expression, names, {f":{name}": value for name, value in changes.items()}


def _job_key(merchant_id: str, import_id: str) -> Item:
    return {"pk": merchant_id, "sk": f"job#{import_id}"}


def _part_key(job: ImportJob, number: int) -> Item:
    return {"pk": f"{job.merchant_id}#{job.import_id}", "sk": f"part#{number:05d}"}


def _job_item(job: ImportJob) -> Item:
    wanted = job.wanted
    item = {
        **_job_key(job.merchant_id, job.import_id),
        "variant_id": wanted.variant_id,
        "file_name": wanted.file_name,
        "format": wanted.asked.format.value if wanted.asked.format else None,
        "encoding": wanted.asked.encoding,
        "separator": wanted.asked.separator,
        "dry_run": wanted.dry_run,
        "currency": wanted.currency,
        "state": job.state.value,
        "created_at_ms": job.created_at_ms,
        "figures": list(job.figures),
        "parts": job.parts,
        "batch_id": job.batch_id,
        "problem": job.problem,
        "started_at_ms": job.started_at_ms,
        "finished_at_ms": job.finished_at_ms,
    }
    if job.plan:
        item |= {"plan": _plan_item(job.plan), "sealed_key": job.sealed_key}
        item |= {"file_mark": job.file_mark}
    return {name: value for name, value in item.items() if value is not None}


def _job_of(item: Item) -> ImportJob:
    form = item.get("format")
    asked = Asked(Format(form) if form else None, item.get("encoding"), item.get("separator"))
    return ImportJob(
        merchant_id=item["pk"],
        import_id=item["sk"].removeprefix("job#"),
        wanted=Wanted(
            item["variant_id"], item["file_name"], asked, item["dry_run"], item["currency"]
        ),
        state=State(item["state"]),
        created_at_ms=item["created_at_ms"],
        figures=Figures(*item["figures"]),
        parts=item["parts"],
        plan=_plan_of(item["plan"]) if "plan" in item else None,
        batch_id=item["batch_id"],
        sealed_key=item.get("sealed_key", b""),
        file_mark=item.get("file_mark", b""),
        problem=item["problem"],
        started_at_ms=item.get("started_at_ms"),
        finished_at_ms=item.get("finished_at_ms"),
    )


def _plan_item(plan: Plan) -> Item:
    layout = plan.layout
    return {
        "rows": plan.rows,
        "format": layout.format.value,
        "columns": [column.value for column in layout.columns],
        "header": layout.header,
        "separator": layout.separator,
        "encoding": layout.encoding,
        "lanes": [list(terms) for terms in plan.lanes],
        "per_chunk": plan.per_chunk,
    }


def _plan_of(item: Mapping[str, Any]) -> Plan:
    columns = tuple(map(Column, item["columns"]))
    layout = Layout(
        Format(item["format"]), columns, item["header"], item["separator"], item["encoding"]
    )
    lanes = tuple(Terms(*terms) for terms in item["lanes"])
    return Plan(item["rows"], layout, lanes, item["per_chunk"])


def _part_item(job: ImportJob, part: Part) -> Item:
    return {
        **_part_key(job, part.number),
        "first_row": part.first_row,
        "outcomes": zlib.compress(part.outcomes),
        "codes": list(part.codes),
        "carried": [
            b"".join(row.to_bytes(ROW_BYTES, "big") for row in rows) for rows in part.carried
        ],
    }


def _part_of(item: Item) -> Part:
    return Part(
        number=int(item["sk"].removeprefix("part#")),
        first_row=item["first_row"],
        outcomes=zlib.decompress(item["outcomes"]),
        codes=tuple(item["codes"]),
        carried=tuple(
            tuple(
                int.from_bytes(rows[at : at + ROW_BYTES], "big")
                for at in range(0, len(rows), ROW_BYTES)
            )
            for rows in item["carried"]
        ),
    )
