"""Logs, metrics and traces: one logger and one metrics buffer for the function.

Neither may ever hold a code, a key, a token or a body. Names and ids only.
"""

import re
import secrets
from typing import NamedTuple

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Scrip"
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)


class Trace(NamedTuple):
    """A W3C trace context: this invocation's own span in somebody's trace."""

    trace_id: str
    span_id: str
    flags: str

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def follow(traceparent: str) -> Trace:
    """Join the caller's trace, or begin one where there is none or it is not well-formed."""
    found = TRACEPARENT.fullmatch(traceparent)
    span_id = secrets.token_hex(8)
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        return Trace(secrets.token_hex(16), span_id, "01")
    return Trace(found[1], span_id, found[3])


def count(name: str, amount: int = 1) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=amount)


def count_by_reason(name: str, reason: str) -> None:
    """Counts twice: in total, which alarms watch, and by reason, which people read."""
    count(name)
    with single_metric(name=name, unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as by_reason:
        by_reason.add_dimension(name="reason", value=reason)


def milliseconds(name: str, value: int) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Milliseconds, value=value)


def flush() -> None:
    if metrics.metric_set:
        metrics.flush_metrics()
