"""moto looks in each DynamoDB value for each of the ten types that it might be of, which is a third
of what our tests cost. Here it looks for the one that is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from moto.core.serialize import BaseJSONSerializer

_whole = BaseJSONSerializer._serialize_type_structure


def _serialize(self: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name != "AttributeValue" or not key or not isinstance(value, dict):
        _whole(self, serialized, value, shape, key)
        return
    found: dict[str, Any] = {}
    for name, inner in value.items():
        self._serialize(found, inner, shape.members[name], name)
    self._default_serialize(serialized, found, shape, key)


@contextmanager
def fast_moto() -> Iterator[None]:
    with mock.patch.object(BaseJSONSerializer, "_serialize_type_structure", _serialize):
        yield
