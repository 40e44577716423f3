"""Messages of the queue of top-ups: which unit to look at. Ids only, nothing of the buyer's."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec

from scrip.domain.gate import Turn
from scrip.domain.top_up import Due, Reserved, Unit


class TurnReserved(msgspec.Struct, forbid_unknown_fields=True):
    """A turn to call an account with a supplier."""

    account: str
    at_ms: int
    closings: int = 0


class TopUpDue(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Look at one unit of an order. `version`: as which it was last written down, 0: not yet.
    `hint`: its supplier has news of it; `named`: of the attempt under this reference."""

    merchant_id: str
    order_id: str
    line: int
    unit: int
    version: int = 0
    turn: TurnReserved | None = None
    hint: bool = False
    named: str = ""


def encode_due(due: Due) -> str:
    turn = None
    if due.reserved:
        at_ms, closings, _ = due.reserved.turn
        turn = TurnReserved(due.reserved.account, at_ms, closings)
    return msgspec.json.encode(TopUpDue(*due.unit, due.version, turn, due.hint, due.named)).decode()


def read_dues(event: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Due]]]:
    """Each message's id and how to decode it: one that does not fit must not stop the others."""
    for record in event["Records"]:
        again = int(record["attributes"]["ApproximateReceiveCount"]) > 1
        yield record["messageId"], partial(_due, record["body"].encode(), again)


def _due(body: bytes, again: bool) -> Due:
    """Raises msgspec.ValidationError, msgspec.DecodeError."""
    told = msgspec.json.decode(body, type=TopUpDue)
    reserved = None
    if told.turn:
        reserved = Reserved(told.turn.account, Turn(told.turn.at_ms, told.turn.closings))
    unit = Unit(told.merchant_id, told.order_id, told.line, told.unit)
    return Due(unit, told.version, reserved, again, told.hint, told.named)
