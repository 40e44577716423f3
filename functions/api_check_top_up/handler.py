"""Whether a top-up can be charged, as far as its supplier says before anything is paid."""

from typing import Any

from scrip.chance import now_ms, random_id
from scrip.contracts.http import Answer
from scrip.contracts.prechecks import PRECHECK_OPERATIONS, top_up_checked
from scrip.flows import check_top_up as checking
from scrip.flows.authenticate import authenticate
from scrip.serving import Api, Call
from scrip.telemetry import count_by_reason
from scrip.wiring import prechecking


def check_top_up(call: Call) -> Answer:
    wired = prechecking.prechecking()
    checked = checking.check_top_up(
        checking.Question(call.merchant_id, call.key_id, call.body.variant_id, call.body.filled),
        now_ms=now_ms(),
        chance=random_id(8),
        rates=wired.rates,
        catalogue=wired.catalogue,
        suppliers=wired.suppliers,
        gates=wired.gates,
    )
    count_by_reason("TopUpsChecked", checked.result.value)
    return Answer(200, top_up_checked(checked))


API = Api(
    PRECHECK_OPERATIONS,
    {"check_top_up": check_top_up},
    authenticate=lambda text: authenticate(text, keys=prechecking.prechecking().merchants),
)
prechecking.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return API.answer(event, context)
