"""DynamoDB as the adapters see it: plain items, and failures told apart."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from scrip.adapters.tables import (
    BATCH_GET_KEYS,
    CONFLICT_TRIES,
    ConditionFailed,
    Table,
    decode_item,
    encode_item,
)
from scrip.domain.errors import StoreUnavailable
from tests.adapters.faults import Faults, refused

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary())
VALUES = st.recursive(
    SCALARS | st.sets(st.integers(), min_size=1) | st.sets(st.text(), min_size=1),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=6,
)
CONFLICT = "TransactionConflictException"


@settings(max_examples=40)
@given(VALUES)
def test_an_item_decodes_to_what_was_encoded(value: Any) -> None:
    assert decode_item(encode_item({"a": value})) == {"a": value}


def test_true_stays_a_boolean_and_one_a_number() -> None:
    assert encode_item({"a": True, "b": 1}) == {"a": {"BOOL": True}, "b": {"N": "1"}}


@pytest.mark.parametrize("value", [1.5, 2 + 1j, object()])
def test_a_value_without_an_attribute_type_is_a_bug(value: Any) -> None:
    with pytest.raises(TypeError):
        encode_item({"a": value})


def test_an_attribute_type_nobody_writes_is_a_bug() -> None:
    with pytest.raises(TypeError):
        decode_item({"a": {"BS": [b"x"]}})


def test_a_table_gives_back_what_was_put(notes: Table) -> None:
    item = {"pk": "a", "n": 7, "set": {3, 1}, "raw": b"\x00\xff", "map": {"l": [True, None, "x"]}}

    notes.put(item)

    assert notes.get({"pk": "a"}) == item
    assert notes.get({"pk": "b"}) is None


def test_a_failed_put_tells_what_stood_in_the_way(notes: Table) -> None:
    notes.put({"pk": "a", "n": 1})

    with pytest.raises(ConditionFailed) as failed:
        notes.put({"pk": "a", "n": 2}, condition="attribute_not_exists(pk)")

    assert failed.value.item == {"pk": "a", "n": 1}
    assert notes.get({"pk": "a"}) == {"pk": "a", "n": 1}


def test_a_failed_update_tells_what_stood_in_the_way_or_that_nothing_did(notes: Table) -> None:
    notes.put({"pk": "a", "n": 1})

    for pk, stood in (("a", {"pk": "a", "n": 1}), ("b", None)):
        with pytest.raises(ConditionFailed) as failed:
            notes.update({"pk": pk}, "SET n = :two", values={":two": 2}, condition="n = :two")
        assert failed.value.item == stood


def test_an_update_returns_what_was_asked_for(notes: Table) -> None:
    notes.put({"pk": "a", "n": 1})

    old = notes.update({"pk": "a"}, "SET n = :n", values={":n": 2}, returns="ALL_OLD")
    new = notes.update({"pk": "a"}, "SET n = :n", values={":n": 3}, returns="ALL_NEW")
    none = notes.update({"pk": "a"}, "SET n = :n", values={":n": 4})

    assert (old["n"], new["n"], none) == (1, 3, {})


def test_a_delete_tells_what_was_there(notes: Table) -> None:
    notes.put({"pk": "a", "n": 1})

    assert notes.delete({"pk": "a"}) == {"pk": "a", "n": 1}
    assert notes.delete({"pk": "a"}) is None


WRITES: dict[str, tuple[str, Callable[[Table], Any]]] = {
    "put": ("PutItem", lambda table: table.put({"pk": "a", "n": 1})),
    "update": (
        "UpdateItem",
        lambda table: table.update({"pk": "a"}, "SET n = :n", values={":n": 1}),
    ),
    "delete": ("DeleteItem", lambda table: table.delete({"pk": "a"})),
}
READS: dict[str, tuple[str, Callable[[Table], Any]]] = {
    "get": ("GetItem", lambda table: table.get({"pk": "a"})),
    "get_many": ("BatchGetItem", lambda table: table.get_many([{"pk": "a"}])),
    "query": ("Query", lambda table: list(table.query("pk = :pk", {":pk": "a"}))),
    "scan": ("Scan", lambda table: list(table.scan("n = :n", {":n": 1}))),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_meets_a_transaction_is_tried_again(
    notes: Table, met: Faults, write: str
) -> None:
    operation, act = WRITES[write]
    met.plan(operation, *[refused(CONFLICT)] * (CONFLICT_TRIES - 1))

    act(notes)

    assert met.count(operation) == CONFLICT_TRIES
    assert notes.get({"pk": "a"}) == (None if write == "delete" else {"pk": "a", "n": 1})


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_keeps_meeting_transactions_gives_up(
    notes: Table, met: Faults, write: str
) -> None:
    operation, act = WRITES[write]
    met.plan(operation, *[refused(CONFLICT)] * CONFLICT_TRIES)

    with pytest.raises(StoreUnavailable, match=CONFLICT):
        act(notes)

    assert met.all_met
    assert notes.get({"pk": "a"}) is None


BUSY = [
    refused("ProvisionedThroughputExceededException"),
    refused("ThrottlingException"),
    refused("RequestLimitExceeded"),
    refused("InternalServerError"),
    ReadTimeoutError(endpoint_url="https://dynamodb"),
    ConnectTimeoutError(endpoint_url="https://dynamodb"),
    EndpointConnectionError(endpoint_url="https://dynamodb"),
]


@pytest.mark.parametrize("act", WRITES | READS)
def test_a_busy_or_silent_table_is_unavailable_at_once(notes: Table, met: Faults, act: str) -> None:
    operation, call = (WRITES | READS)[act]

    for fault in BUSY:
        met.plan(operation, fault)
        with pytest.raises(StoreUnavailable):
            call(notes)

    assert met.count(operation) == len(BUSY)


@pytest.mark.parametrize("act", WRITES | READS)
def test_a_missing_permission_is_a_bug_not_a_busy_table(
    notes: Table, met: Faults, act: str
) -> None:
    operation, call = (WRITES | READS)[act]
    met.plan(operation, refused("AccessDeniedException"))

    with pytest.raises(ClientError, match="AccessDenied"):
        call(notes)


def test_get_many_asks_for_a_hundred_at_a_time(notes: Table, met: Faults) -> None:
    for number in range(BATCH_GET_KEYS + 5):
        notes.put({"pk": f"n{number}", "n": number})

    found = notes.get_many([{"pk": f"n{number}"} for number in range(-3, BATCH_GET_KEYS + 5)])

    assert sorted(item["n"] for item in found) == list(range(BATCH_GET_KEYS + 5))
    assert met.count("BatchGetItem") == 2


def test_get_many_of_nothing_asks_nothing(notes: Table, met: Faults) -> None:
    assert notes.get_many([]) == []
    assert met.calls == []


def test_get_many_asks_again_for_what_was_left_out(notes: Table, met: Faults) -> None:
    notes.put({"pk": "a"})
    notes.put({"pk": "b"})
    met.plan(
        "BatchGetItem",
        lambda asked: {
            "Responses": {notes.name: [{"pk": {"S": "a"}}]},
            "UnprocessedKeys": {notes.name: {"Keys": [{"pk": {"S": "b"}}]}},
        },
    )

    found = notes.get_many([{"pk": "a"}, {"pk": "b"}], consistent=True)

    assert sorted(item["pk"] for item in found) == ["a", "b"]
    assert met.calls[-1][1]["RequestItems"][notes.name] == {
        "Keys": [{"pk": {"S": "b"}}],
        "ConsistentRead": True,
    }


def test_get_many_never_passes_over_what_was_left_out(notes: Table, met: Faults) -> None:
    def nothing(asked: dict[str, Any]) -> dict[str, Any]:
        return {"Responses": {}, "UnprocessedKeys": asked["RequestItems"]}

    met.plan("BatchGetItem", *[nothing] * CONFLICT_TRIES)

    with pytest.raises(StoreUnavailable, match="UnprocessedKeys"):
        notes.get_many([{"pk": "a"}])


def filled(trail: Table, count: int) -> None:
    for number in range(count):
        trail.put({"pk": "a", "sk": f"{number:03d}"})


def small_pages(asked: dict[str, Any]) -> None:
    """DynamoDB ends a page at a megabyte: here already after two items."""
    asked["Limit"] = 2


def test_a_query_reads_page_after_page(trail: Table, met: Faults) -> None:
    filled(trail, 5)
    met.plan("Query", *[small_pages] * 3)

    found = [item["sk"] for item in trail.query("pk = :pk", {":pk": "a"})]

    assert found == ["000", "001", "002", "003", "004"]
    assert met.all_met


def test_a_query_newest_first_turns_round(trail: Table) -> None:
    filled(trail, 3)

    found = [item["sk"] for item in trail.query("pk = :pk", {":pk": "a"}, newest_first=True)]

    assert found == ["002", "001", "000"]


def test_a_limited_query_stops_reading(trail: Table, met: Faults) -> None:
    filled(trail, 5)

    found = [item["sk"] for item in trail.query("pk = :pk", {":pk": "a"}, limit=3)]

    assert found == ["000", "001", "002"]
    assert met.count("Query") == 1


def test_a_limited_query_goes_on_after_a_short_page(trail: Table, met: Faults) -> None:
    filled(trail, 6)
    met.plan("Query", small_pages, small_pages)

    found = [item["sk"] for item in trail.query("pk = :pk", {":pk": "a"}, limit=4)]

    assert found == ["000", "001", "002", "003"]


def test_a_scan_reads_every_page(trail: Table, met: Faults) -> None:
    filled(trail, 5)
    met.plan("Scan", *[small_pages] * 3)

    found = [item["sk"] for item in trail.scan("pk = :pk", {":pk": "a"})]

    assert sorted(found) == ["000", "001", "002", "003", "004"]
