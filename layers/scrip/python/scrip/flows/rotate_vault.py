"""Wrap every value anew under the vault's current key, one by one.

KMS does it inside: no plaintext leaves it. Each value remembers when that was, so a run that died
is gone on with by running again from the same moment; a run that is repeated does no harm.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from scrip.domain.errors import SealBroken


class Value(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def wrapped_at_ms(self) -> int: ...


_Value = TypeVar("_Value", bound=Value)


class Values(Protocol[_Value]):
    def all(self) -> Iterable[_Value]: ...
    def renew(self, old: _Value, at_ms: int) -> bool: ...


@dataclass
class Rotated:
    """How many were renewed, how many were new enough, how many somebody else changed meanwhile;
    and the names of those that did not open, which stay as they are."""

    renewed: int = 0
    current: int = 0
    changed: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def seen(self) -> int:
        return self.renewed + self.current + self.changed + len(self.broken)


def rotate_vault(
    before_ms: int,
    *,
    at_ms: int,
    values: Values[_Value],
    progress: Callable[[Rotated], None],
) -> Rotated:
    """Renew what was wrapped before `before_ms`; `at_ms` is when that was done, and no earlier.

    Raises StoreUnavailable; what is done stays done.
    """
    rotated = Rotated()
    for value in values.all():
        if value.wrapped_at_ms >= before_ms:
            rotated.current += 1
        else:
            _renew(value, at_ms, values, rotated)
        progress(rotated)
    return rotated


def _renew(value: _Value, at_ms: int, values: Values[_Value], rotated: Rotated) -> None:
    try:
        if values.renew(value, at_ms):
            rotated.renewed += 1
        else:
            rotated.changed += 1
    except SealBroken:
        rotated.broken.append(value.name)
