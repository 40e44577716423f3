"""Import uploaded files of codes: the bucket tells of an upload, a long import of itself."""

from functools import partial
from typing import Any

from scrip.batching import in_batches
from scrip.chance import now_ms, random_id
from scrip.contracts.import_messages import FileUploaded, read_messages
from scrip.flows.import_file import Outcome, Run, import_file
from scrip.telemetry import count, logger
from scrip.wiring import file_import

file_import.warm()


def take(message: FileUploaded, context: Any) -> None:
    wired = file_import.import_side()
    run = Run(
        run_id=random_id(8),
        clock=now_ms,
        time_left_ms=context.get_remaining_time_in_millis,
        jobs=wired.jobs,
        settling=wired.settling,
        uploads=wired.uploads,
        stock=wired.stock,
        vault=wired.vault,
        index_keys=wired.index_keys,
        seen_codes=wired.seen_codes,
        queue=wired.queue,
    )
    outcome, figures = import_file(message.merchant_id, message.import_id, run)
    if outcome is Outcome.DONE:
        count("CodesImported", figures.taken)
    logger.info("import", outcome=outcome.value, rows=figures.rows, taken=figures.taken)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return in_batches(read_messages(event), partial(take, context=context), context)
