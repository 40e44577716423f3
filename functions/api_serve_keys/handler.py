"""The keys API, for merchants' applications: activate, deactivate, validate; public keys."""

from typing import Any

from scrip.chance import now_ms
from scrip.contracts import keys as wire
from scrip.contracts.generated import licence_keys_view
from scrip.contracts.http import Answer
from scrip.contracts.problems import Problem
from scrip.domain.activation import Asked, Standing
from scrip.domain.errors import GeneratedKeyUnknown, KeyMistyped, TooManyRequests
from scrip.flows import use_key
from scrip.flows.manage_licence_keys import list_licence_keys
from scrip.serving import Api, Call
from scrip.telemetry import count, logger
from scrip.wiring import keys

COUNTS = {
    GeneratedKeyUnknown.slug: "KeyGuesses",
    KeyMistyped.slug: "KeyTypos",
    TooManyRequests.slug: "KeyRequestsThrottled",
}


def activate(call: Call) -> Answer:
    record, limit = use_key.activate_key(
        _asked(call), call.body.label, now_ms=now_ms(), desk=keys.keys_side()
    )
    count("KeyActivations")
    return Answer(200, wire.key_use(record, limit, active=True))


def deactivate(call: Call) -> Answer:
    record, limit = use_key.deactivate_key(_asked(call), now_ms=now_ms(), desk=keys.keys_side())
    return Answer(200, wire.key_use(record, limit, active=False))


def validate(call: Call) -> Answer:
    standing, until_ms = use_key.validate_key(_asked(call), now_ms=now_ms(), desk=keys.keys_side())
    if standing is Standing.UNKNOWN:
        count("KeyGuesses")
    return Answer(200, wire.key_standing(standing, until_ms))


def read_licence_keys(call: Call) -> Answer:
    found = list_licence_keys(call.path.merchant_id, licence_keys=keys.keys_side().licence_keys)
    return Answer(200, licence_keys_view(found))


def _asked(call: Call) -> Asked:
    logger.append_keys(merchant_id=call.body.merchant_id, product_id=call.body.product_id)
    return wire.asked_of(call.body, call.request.source_ip)


def refused(problem: Problem) -> None:
    if problem.slug in COUNTS:
        count(COUNTS[problem.slug])


API = Api(
    wire.KEYS_OPERATIONS,
    {
        "activate_key": activate,
        "deactivate_key": deactivate,
        "validate_key": validate,
        "read_licence_keys": read_licence_keys,
    },
    refused=refused,
)
keys.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return API.answer(event, context)
