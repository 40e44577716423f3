"""Where a device stands with a key, and what is kept of either."""

import pytest

from scrip.domain.activation import (
    Asked,
    KeyRecord,
    Seat,
    Standing,
    device_of,
    mark_of,
    source_of,
    standing_of,
)
from tests.domain.making import NOW_MS

KEY = bytes(range(32))
SEAT = Seat("Laptop", NOW_MS)


def record(*devices: str, until_ms: int = 0) -> KeyRecord:
    seats = dict.fromkeys(devices, SEAT)
    return KeyRecord("mark", "editor", "editor-1y", "7K2M.0.0", until_ms, seats)


@pytest.mark.parametrize(
    ("key", "standing"),
    [
        (None, Standing.UNKNOWN),
        (record("mine"), Standing.VALID),
        (record("mine", "a", "b", "c"), Standing.VALID),
        (record("a"), Standing.NOT_ACTIVATED),
        (record("a", "b"), Standing.LIMIT),
        (record("mine", until_ms=NOW_MS), Standing.EXPIRED),
        (record("mine", until_ms=NOW_MS + 1), Standing.VALID),
        (record("a", "b", until_ms=NOW_MS), Standing.EXPIRED),
    ],
)
def test_a_device_stands_by_its_seat_and_the_key_by_its_end(
    key: KeyRecord | None, standing: Standing
) -> None:
    assert standing_of(key, "editor", "mine", 2, NOW_MS) is standing


def test_a_key_of_another_product_is_unknown() -> None:
    assert standing_of(record("mine"), "viewer", "mine", 2, NOW_MS) is Standing.UNKNOWN


def test_marks_depend_on_key_and_kind_and_devices_on_the_licence_they_use() -> None:
    marks = {
        mark_of(KEY, "A"),
        mark_of(KEY, "B"),
        mark_of(bytes(32), "A"),
        device_of(KEY, "mark", "A"),
        device_of(KEY, "other", "A"),
        source_of(KEY, "203.0.113.7"),
        source_of(KEY, "203.0.113.8"),
    }

    assert len(marks) == 7
    assert all(len(mark) == 32 for mark in marks)
    assert mark_of(KEY, "A") == mark_of(KEY, "A")


def test_an_ipv6_network_counts_as_one() -> None:
    one = source_of(KEY, "2001:db8:1:2::1")

    assert source_of(KEY, "2001:db8:1:2:ffff::9") == one
    assert source_of(KEY, "2001:db8:1:3::1") != one
    assert source_of(KEY, "") == source_of(KEY, "nonsense")


def test_a_typed_key_does_not_show() -> None:
    asked = Asked("demo", "editor", "7K2M-9Q4X-TB3W-HD5N", "device-1", "203.0.113.7")

    assert "7K2M" not in repr(asked)
    assert "device-1" not in repr(asked)
