"""What the log and the metrics must tell of each callback, and what they must not."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from scrip.contracts.problems import TYPE_PREFIX
from tests.scenarios.adversarial.cases import (
    DELIVERED,
    DISPUTED,
    DUPLICATE,
    IGNORED,
    REFUND,
    REFUND_DUE,
    STRAY,
    UNMATCHED,
    Case,
)

Entries = Sequence[Mapping[str, Any]]

WINDOW = 48
"""Letters and digits of a body that nothing but a copy of it would have in a row."""


class Logged(NamedTuple):
    """What a case left in the log: a trace for each callback. `hidden` may not be there, nor any
    piece of `bodies`."""

    traces: list[str]
    hidden: set[str]
    bodies: list[bytes]


def check_logged(
    case: Case, logged: Logged, by_trace: Mapping[str, Entries], log: str
) -> Counter[str]:
    """One line tells how each callback ended. No line tells a secret or any of the body. Answers
    how they ended: outcomes, or types of problems."""
    endings = Counter(_ending(by_trace.get(each, ())) for each in logged.traces)
    told = Counter(x if isinstance(x, str) else TYPE_PREFIX + x.slug for x in case.answers)
    if case.at_once and (twins := endings[DELIVERED] - 1) > 0:
        # In one and the same millisecond nobody can tell whose write it was that delivered.
        told += Counter({DELIVERED: twins})
        told -= Counter({DUPLICATE: twins})
    assert endings == told, (case, endings)
    own = bare(str([by_trace[each] for each in logged.traces]))
    pieces = [bare(each.decode("latin-1")) for each in logged.bodies]
    pieces = [each[len(each) // 2 :][:WINDOW] for each in pieces if len(each) > 2 * WINDOW]
    assert not [each for each in pieces if each in own], case
    assert not [each for each in logged.hidden if each in log], case
    return endings


def bare(text: str) -> str:
    """However it is escaped."""
    return re.sub(r"\\+[nrt]|[^A-Za-z0-9]", "", text)


def _ending(entries: Entries) -> str:
    """How the log tells that one callback ended: in one line, or in a refusal before it."""
    told = [each for each in entries if each["message"] == "answered"]
    refusals = [each for each in entries if each["message"] == "refused"]
    assert len(told) == 1, entries
    assert len(refusals) == (0 if told[0]["status"] < 300 else 1), entries
    assert {each["level"] for each in entries} == {"INFO"}, entries
    if refusals:
        assert refusals[0]["status"] == told[0]["status"]
        return str(refusals[0]["problem"])
    return str(told[0]["ending"])


def check_counted(cases: Sequence[Case], endings: Counter[str], entries: Entries) -> None:
    """What alarms watch counts what happened and nothing else: no refused signature rings."""
    actions = Counter(each.rpartition(" ")[2] for case in cases for each in case.strays)
    refused = {each: n for each, n in endings.items() if each.startswith(TYPE_PREFIX)}
    unmatched = sum(endings[TYPE_PREFIX + each.slug] for each in UNMATCHED)
    counted = Counter[str]()
    for entry in entries:
        if "_aws" in entry and "reason" not in entry:
            for metric in entry["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                counted[metric["Name"]] += sum(entry[metric["Name"]])
    del counted["PaymentToReadable"]
    disputed = sum(counted.pop(f"Disputes{each}", 0) for each in ("Opened", "Won", "Lost"))
    assert disputed == endings[DISPUTED]
    expected = Counter(
        CallbackRefused=sum(refused.values()),
        CallbacksDuplicate=endings[DUPLICATE],
        CallbacksIgnored=endings[IGNORED],
        OrdersDelivered=endings[DELIVERED],
        OrdersPaid=endings[DELIVERED] + endings[REFUND_DUE],
        PaymentsUnmatched=unmatched + actions["hold"],
        RefundsForeign=endings[REFUND],
        RefundsMoved=endings[REFUND],
        RefundDue=endings[REFUND_DUE] + actions["refund"],
        StrayPayments=endings[STRAY],
    )
    more, less = counted - expected, expected - counted
    differs = f"{more} too many, {less} too few (a case that failed counts, too)"
    assert more == less == Counter(), differs
