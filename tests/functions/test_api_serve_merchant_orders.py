"""The merchant's API: orders page by page, newest first, by state and time."""

from typing import Any
from urllib.parse import quote

import pytest

from scrip.domain import errors
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.shop import Reply, Shop

MINUTE_MS = 60_000


@pytest.fixture
def orders(stocked: Shop, clock: Clock) -> list[Any]:
    """Seven orders, a minute apart, newest first; the second and fifth of them are paid."""
    placed = []
    for number in range(7):
        clock.ahead_ms = (number - 10) * MINUTE_MS
        placed.append(stocked.place({"card-50": 1}))
    clock.ahead_ms = 0
    placed.reverse()
    stocked.pay(placed[1])
    stocked.pay(placed[4])
    return [each.json["order"] for each in placed]


def listed(shop: Shop, **query: object) -> Reply:
    text = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    return shop.call("GET", f"/v1/merchant/orders?{text}".rstrip("?"), key="finance")


def ids(orders: list[Any]) -> list[str]:
    return [order["order_id"] for order in orders]


def test_orders_come_newest_first_with_their_buyer_and_without_codes(
    stocked: Shop, orders: list[Any]
) -> None:
    page = listed(stocked)

    assert ids(page.json["orders"]) == ids(orders)
    assert page.json["next_cursor"] is None
    assert page.json["orders"][1]["transaction_id"]
    assert page.json["orders"][0]["email"] == "buyer@example.com"
    assert "CODE-" not in page.text


def test_pages_join_to_the_whole_list(stocked: Shop, orders: list[Any]) -> None:
    for limit in (1, 2, 3, 6, 7, 100):
        page = listed(stocked, limit=limit).json
        found = list(page["orders"])
        while page["next_cursor"]:
            page = listed(stocked, limit=limit, cursor=page["next_cursor"]).json
            assert len(page["orders"]) <= limit
            found += page["orders"]
            assert len(found) <= len(orders), limit

        assert ids(found) == ids(orders), limit


def test_orders_are_filtered_by_state_over_pages(stocked: Shop, orders: list[Any]) -> None:
    first = listed(stocked, state="delivered", limit=1).json
    second = listed(stocked, state="delivered", limit=1, cursor=first["next_cursor"]).json
    third = listed(stocked, state="delivered", limit=1, cursor=second["next_cursor"]).json

    assert ids(first["orders"] + second["orders"]) == ids([orders[1], orders[4]])
    assert (third["orders"], third["next_cursor"]) == ([], None)
    assert listed(stocked, state="refund_due").json["orders"] == []


def test_orders_are_filtered_by_time_from_included_to_excluded(
    stocked: Shop, orders: list[Any]
) -> None:
    newer, older = orders[2]["placed_at_ms"], orders[5]["placed_at_ms"]

    assert ids(listed(stocked, from_ms=newer).json["orders"]) == ids(orders[:3])
    assert ids(listed(stocked, to_ms=older).json["orders"]) == ids(orders[6:])
    between = listed(stocked, from_ms=older, to_ms=newer).json["orders"]
    assert ids(between) == ids(orders[3:6])
    assert listed(stocked, from_ms=newer, to_ms=older).json["orders"] == []
    assert listed(stocked, to_ms=0).json["orders"] == []
    assert ids(listed(stocked, to_ms=9_999_999_999_999).json["orders"]) == ids(orders)


BAD_QUERIES: list[dict[str, object]] = [
    {"limit": 0},
    {"limit": 101},
    {"limit": "ten"},
    {"limit": ""},
    {"state": "gone"},
    {"from_ms": -1},
    {"to_ms": 10**13},
    {"to_ms": 10**30},
    {"from_ms": "yesterday"},
    {"unknown": 1},
    {"cursor": "nonsense"},
    {"cursor": "1767268800000"},
    {"cursor": "1767268800000#"},
    {"cursor": "1767268800000#7K2M9Q4X#"},
    {"cursor": "17672688000000#7K2M9Q4XTB3WHD5N"},
    {"cursor": "١٧٦٧٢٦٨٨٠٠٠٠٠#7K2M9Q4XTB3WHD5N"},
    {"cursor": "1767268800000#7K2M9Q4XTB3WHD5N\n"},
    {"cursor": "x" * 201},
]


def test_a_query_that_does_not_fit_is_refused(
    cloud: InMemory, stocked: Shop, subtests: pytest.Subtests
) -> None:
    for query in BAD_QUERIES:
        with subtests.test(str(query)):
            with nothing_changes(cloud):
                reply = listed(stocked, **query)

            assert is_refused(reply, errors.RequestInvalid), reply.text


def test_a_cursor_made_up_within_the_rules_shows_only_own_orders(
    stocked: Shop, orders: list[Any]
) -> None:
    place = f"{orders[3]['placed_at_ms']:013d}#ZZZZZZZZZZZZZZZZ"

    page = listed(stocked, cursor=place).json

    assert ids(page["orders"]) == ids(orders[3:])


def test_one_order_is_read_by_its_number(stocked: Shop, orders: list[Any]) -> None:
    path = f"/v1/merchant/orders/{orders[1]['order_id']}"

    order = stocked.call("GET", path, key="operator").json

    assert (order["state"], order["amount_minor"]) == ("delivered", 4500)
    unknown = stocked.call("GET", "/v1/merchant/orders/7K2M9Q4XTB3WHD5N", key="operator")
    assert is_refused(unknown, errors.OrderUnknown)
    malformed = stocked.call("GET", "/v1/merchant/orders/expiry", key="operator")
    assert is_refused(malformed, errors.RequestInvalid)
