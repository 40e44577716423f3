"""The two families of facts that stop a request; `errors.py` lists the facts."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken: its number from 1 and why, never its content."""

    row: int
    reason: str


class ScripError(Exception):
    """Base of both families. `detail` is shown to the caller and must hold no secret."""

    slug: ClassVar[str]

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.slug)
        self.detail = detail


class Rejected(ScripError):
    """Final for this input."""


class Retryable(ScripError):
    """Not decided; the same input may succeed later, not before `retry_after_seconds`."""

    retry_after_seconds = 2
