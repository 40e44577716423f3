"""The merchant's imports of files: where to upload one, and how far it is."""

from typing import Any

from scrip.chance import now_ms, random_hex
from scrip.contracts import merchant_import_views as views
from scrip.contracts.http import Answer
from scrip.contracts.merchant_imports import IMPORT_OPERATIONS
from scrip.flows import open_import as opening
from scrip.flows.authenticate import authenticate
from scrip.serving import Api, Call
from scrip.telemetry import logger
from scrip.wiring import imports


def open_import(call: Call) -> Answer:
    wired = _wired()
    job = opening.open_import(
        call.merchant_id,
        views.wanted(call.path.variant_id, call.body),
        call.request.idempotency_key(),
        luck_id=random_hex(5),
        now_ms=now_ms(),
        catalogue=wired.catalogue,
        jobs=wired.jobs,
        index_keys=wired.index_keys,
    )
    logger.append_keys(import_id=job.import_id)
    return Answer(200, views.import_view(job, upload=wired.uploads.upload_form(job)))


def list_imports(call: Call) -> Answer:
    jobs = opening.list_imports(call.merchant_id, jobs=_wired().jobs)
    return Answer(200, views.imports_view(jobs))


def read_import(call: Call) -> Answer:
    wired = _wired()
    job = opening.read_import(call.merchant_id, call.path.import_id, jobs=wired.jobs)
    return Answer(200, views.import_view(job, result_url=wired.uploads.result_url(job)))


_wired = imports.imports_side
API = Api(
    IMPORT_OPERATIONS,
    {"open_import": open_import, "list_imports": list_imports, "read_import": read_import},
    authenticate=lambda text: authenticate(text, keys=_wired().merchants),
)
imports.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return API.answer(event, context)
