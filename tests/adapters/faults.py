"""Failures put between an adapter and AWS: what a call answers instead of, or before, the truth."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from botocore.client import BaseClient
from botocore.exceptions import ClientError

Fault = BaseException | Callable[[dict[str, Any]], Any] | None
"""An error to raise, something to do with the parameters (its answer, if any, is the call's), or
None to let the call pass."""


@dataclass
class Faults:
    """`calls`: (operation, parameters) in order. `plans`: what the next calls of each meet."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    plans: dict[str, list[Fault]] = field(default_factory=dict)

    def plan(self, operation: str, *faults: Fault) -> None:
        self.plans.setdefault(operation, []).extend(faults)

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.calls)

    @property
    def all_met(self) -> bool:
        return not any(self.plans.values())


def refused(code: str, message: str = "") -> ClientError:
    """What botocore raises when AWS answers with an error."""
    return ClientError({"Error": {"Code": code, "Message": message or code}}, "Operation")


@contextmanager
def faults() -> Iterator[Faults]:
    met, call = Faults(), vars(BaseClient)["_make_api_call"]

    def instead(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        met.calls.append((operation, parameters))
        fault = met.plans[operation].pop(0) if met.plans.get(operation) else None
        if isinstance(fault, BaseException):
            raise fault
        if fault is not None:
            answer = fault(parameters)
            if answer is not None:
                return answer
        return call(client, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", instead):
        yield met
