"""A supplier's module that is only there for a test."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from scrip.adapters.suppliers import registry


@contextmanager
def registered_kind(name: str, **offered: Any) -> Iterator[None]:
    """`offered`: what such a module offers, as the registry says."""
    module = SimpleNamespace(**{"SIGNATURE_HEADERS": (), "ACKNOWLEDGED": None, **offered})
    place = f"scrip.adapters.suppliers.{name}"
    with mock.patch.object(registry, "KINDS", (*registry.KINDS, name)):
        # Not by mock.patch.dict, which also forgets whatever is imported meanwhile.
        sys.modules[place] = module  # type: ignore[assignment]
        try:
            yield
        finally:
            del sys.modules[place]
