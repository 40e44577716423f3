"""The registry of generated keys: put once, seats by one conditional write each."""

import pytest

from scrip.adapters.key_registry import KeyRegistry
from scrip.adapters.rates import KEEP_SECONDS, Rates
from scrip.adapters.tables import Table
from scrip.domain.activation import KeyRecord, Seat
from scrip.domain.rate import Limit
from scrip.wiring.clients import table
from tests.adapters.faults import Faults
from tests.domain.making import NOW_MS
from tests.in_memory import InMemory

KEY = KeyRecord("0a" * 16, "editor", "editor-1y", "7K2M9Q4XTB3WHD5N.0.0", 0, {})
SEAT = Seat("Laptop", NOW_MS)


@pytest.fixture
def generated(cloud: InMemory) -> Table:
    return table(cloud.values["GeneratedKeysTable"])


@pytest.fixture
def registry(generated: Table) -> KeyRegistry:
    found = KeyRegistry(generated)
    assert found.register("demo", KEY)
    return found


def take(registry: KeyRegistry, device: str, seat: Seat = SEAT, **changes: str) -> KeyRecord | None:
    product = changes.get("product", "editor")
    return registry.take_seat("demo", changes.get("mark", KEY.mark), product, device, seat, 2)


def test_a_key_is_put_once_and_found_again(registry: KeyRegistry) -> None:
    assert registry.register("demo", KEY)
    assert registry.find("demo", KEY.mark) == KEY


def test_a_key_of_another_unit_is_told_and_stays(registry: KeyRegistry) -> None:
    other = KeyRecord(KEY.mark, "editor", "editor-1y", "7K2M9Q4XTB3WHD5N.0.1", 0, {})

    assert not registry.register("demo", other)
    assert registry.find("demo", KEY.mark) == KEY


def test_putting_again_leaves_the_seats(registry: KeyRegistry) -> None:
    take(registry, "a")

    assert registry.register("demo", KEY)

    found = registry.find("demo", KEY.mark)
    assert found is not None
    assert found.seats == {"a": SEAT}


def test_a_merchant_has_its_own_keys(registry: KeyRegistry) -> None:
    assert registry.find("other", KEY.mark) is None
    assert registry.register("other", KEY)


def test_seats_are_given_up_to_the_limit(registry: KeyRegistry) -> None:
    for device in ("a", "b", "c"):
        take(registry, device)

    found = registry.find("demo", KEY.mark)
    assert found is not None
    assert set(found.seats) == {"a", "b"}


def test_a_device_keeps_the_seat_it_has(registry: KeyRegistry) -> None:
    take(registry, "a")
    take(registry, "b")

    again = take(registry, "a", Seat("New name", NOW_MS + 1))

    assert again is not None
    assert again.seats == {"a": SEAT, "b": SEAT}


def test_a_seat_that_is_left_is_free_and_leaving_again_changes_nothing(
    registry: KeyRegistry,
) -> None:
    take(registry, "a")
    take(registry, "b")

    for _ in range(2):
        left = registry.leave_seat("demo", KEY.mark, "editor", "a")

        assert left is not None
        assert set(left.seats) == {"b"}
    taken = take(registry, "c")
    assert taken is not None
    assert set(taken.seats) == {"b", "c"}


def test_no_seat_of_a_key_that_is_not_there_or_of_another_product(registry: KeyRegistry) -> None:
    assert take(registry, "a", mark="0b" * 16) is None
    assert registry.leave_seat("demo", "0b" * 16, "editor", "a") is None
    assert registry.leave_seat("demo", KEY.mark, "viewer", "a") is None

    refused = take(registry, "a", product="viewer")

    assert refused == KEY
    assert registry.find("demo", "0b" * 16) is None


def test_no_seat_after_the_end(registry: KeyRegistry) -> None:
    dated = KeyRecord("0c" * 16, "editor", "editor-1y", "7K2M9Q4XTB3WHD5N.1.0", NOW_MS, {})
    registry.register("demo", dated)

    assert take(registry, "a", Seat("", NOW_MS), mark=dated.mark) == dated
    early = take(registry, "a", Seat("", NOW_MS - 1), mark=dated.mark)

    assert early is not None
    assert set(early.seats) == {"a"}


def test_a_write_whose_answer_is_lost_gives_one_seat(registry: KeyRegistry, met: Faults) -> None:
    met.plan("UpdateItem", lambda _: take(registry, "a") and None)  # the write before its repeat

    again = take(registry, "a")

    assert met.count("UpdateItem") == 2
    assert again is not None
    assert again.seats == {"a": SEAT}


# --- rates


LIMIT = Limit(hits=3, seconds=60)


def test_as_many_pass_as_the_limit_says_in_each_window(generated: Table) -> None:
    rates = Rates(generated)

    passed = [rates.take("demo", "key", "x", LIMIT, NOW_MS) for _ in range(5)]

    assert passed == [True, True, True, False, False]
    assert rates.take("demo", "key", "x", LIMIT, NOW_MS + 60_000)


def test_counts_are_apart_by_merchant_kind_and_name(generated: Table) -> None:
    rates = Rates(generated)
    one = Limit(hits=1, seconds=60)

    for merchant, kind, name in (
        ("demo", "key", "x"),
        ("demo", "key", "y"),
        ("demo", "source", "x"),
        ("other", "key", "x"),
    ):
        assert rates.take(merchant, kind, name, one, NOW_MS)
        assert not rates.take(merchant, kind, name, one, NOW_MS)


def test_a_count_is_forgotten_after_its_window(generated: Table) -> None:
    Rates(generated).take("demo", "key", "x", LIMIT, NOW_MS)

    [item] = generated.scan("hits > :zero", {":zero": 0})

    assert item["delete_at"] == NOW_MS // 1000 + 60 + KEEP_SECONDS
