"""The stream's records as Lambda hands them over: binary values as base64 text."""

import base64
import json
from typing import Any

from scrip.adapters.order_stream import OrderMove, read_records
from scrip.adapters.orders import Orders
from scrip.domain.order import OrderRecord, listing_place
from tests.domain.making import NOW_MS, TRACE_ID, line, payment, pending


def as_lambda(value: Any) -> Any:
    """What JSON makes of an image."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: as_lambda(each) for name, each in value.items()}
    return [as_lambda(each) for each in value] if isinstance(value, list) else value


def image(orders: Orders, pk: str) -> Any:
    answer = orders.table.client.get_item(TableName=orders.table.name, Key={"pk": {"S": pk}})
    return json.loads(json.dumps(as_lambda(answer["Item"])))


def record(number: int, **images: Any) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": str(number), **images}}


def moves(*records: dict[str, Any]) -> list[tuple[str, OrderMove]]:
    return [(name, read()) for name, read in read_records({"Records": list(records)})]


def test_a_record_tells_what_an_order_was_and_became(orders: Orders) -> None:
    order = pending(line(0, 2))
    orders.place(order)
    pk = f"demo#{order.order_id}"
    old = image(orders, pk)
    closed = order.with_line(order.lines[0].picked(1)).pay(payment(9000)).settle(NOW_MS)
    orders.close(order, closed)
    new = image(orders, pk)

    told = moves(
        record(1, NewImage=old), record(2, OldImage=old, NewImage=new), record(3, OldImage=new)
    )

    place = listing_place(order.placed_at_ms, order.order_id)
    before, after = OrderRecord(order, place, ()), OrderRecord(closed, place, ())
    expected = [(None, before), (before, after), (after, None)]
    assert [(name, (move.old, move.new)) for name, move in told] == [
        (str(number), pair) for number, pair in enumerate(expected, 1)
    ]
    assert {move.facts["trace_id"] for _, move in told} == {TRACE_ID}


def test_an_item_that_is_no_order_moves_nothing(orders: Orders) -> None:
    orders.set_mark("demo", "expiry", orders.mark("demo", "expiry"), "5")

    [(_, move)] = moves(record(1, NewImage=image(orders, "demo#expiry")))

    assert (move, move.facts) == (OrderMove(None, None), {})


def test_a_broken_record_fails_alone(orders: Orders) -> None:
    order = pending()
    orders.place(order)
    whole = image(orders, f"demo#{order.order_id}")
    broken = {name: value for name, value in whole.items() if name != "email"}

    readers = dict(
        read_records({"Records": [record(1, NewImage=broken), record(2, NewImage=whole)]})
    )

    found = readers["2"]().new
    assert found is not None
    assert found.order == order
