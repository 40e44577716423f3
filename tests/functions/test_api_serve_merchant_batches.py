"""The merchant's API: batches listed, their codes counted and followed to orders, recalled."""

from typing import Any

import pytest

from scrip.domain import errors
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import CODES, Clock
from tests.in_memory import InMemory
from tests.shop import Reply, Shop

VARIANT = "card-50"
BATCHES = f"/v1/merchant/variants/{VARIANT}/batches"


def bought(shop: Shop, quantity: int = 1) -> Reply:
    placed = shop.place({VARIANT: quantity})
    assert shop.pay(placed).status == 200
    return placed


def available(shop: Shop) -> int:
    stock = shop.call("GET", f"/v1/merchant/variants/{VARIANT}/stock", key="operator")
    return int(stock.json["available"])


def figures(shop: Shop, batch_id: str = "") -> tuple[int, int, int]:
    """Sold, on sale, recalled."""
    found = shop.read_batch(VARIANT, batch_id).json
    assert found["ended"] == 0
    return found["sold"], found["on_sale"], found["recalled"]


def order_ids(*placed: Reply) -> list[str]:
    return sorted(each.json["order"]["order_id"] for each in placed)


def chunks(cloud: InMemory) -> list[dict[str, Any]]:
    return [item for item in cloud.table("stock").scan()["Items"] if "free" in item]


# --- looking


def test_batches_are_listed_newest_first_and_page_by_page(shop: Shop, clock: Clock) -> None:
    ids = []
    for number in range(3):
        shop.stock_up(VARIANT, CODES[number * 5 : number * 5 + 5])
        ids.append(shop.batches[VARIANT])
        clock.ahead_ms += 1000

    first = shop.call("GET", f"{BATCHES}?limit=2", key="finance").json["batches"]
    before = first[-1]["created_at_ms"]
    rest = shop.call("GET", f"{BATCHES}?before_ms={before}", key="finance").json["batches"]

    assert [each["batch_id"] for each in (*first, *rest)] == ids[::-1]
    assert {(each["state"], each["codes"]) for each in first} == {("published", 5)}


def test_a_batch_says_where_its_codes_are(shop: Shop) -> None:
    shop.stock_up(VARIANT, CODES)

    bought(shop, 3)

    assert figures(shop) == (3, 37, 0)
    assert shop.read_batch(VARIANT).json["complete"] is True


def test_sold_codes_are_listed_with_their_orders(shop: Shop) -> None:
    shop.stock_up(VARIANT, CODES)
    one, other = bought(shop, 2), bought(shop, 1)

    sold = shop.sold_codes(VARIANT)

    assert sorted({each["order_id"] for each in sold}) == order_ids(one, other)
    places = {(each["order_id"], each["line"], each["unit"]) for each in sold}
    assert len(places) == 3
    assert {(each["state"], each["email"]) for each in sold} == {("delivered", "buyer@example.com")}


def test_codes_of_another_batch_are_not_listed(shop: Shop) -> None:
    shop.stock_up(VARIANT, CODES[:2])
    first = shop.batches[VARIANT]
    bought(shop, 2)
    shop.stock_up(VARIANT, CODES[2:4])

    assert shop.sold_codes(VARIANT) == []
    assert len(shop.sold_codes(VARIANT, first)) == 2


def test_sold_codes_go_on_page_by_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHUNKS_AT_ONCE", "MAX_LOOKED_AT", "SOLD_A_PAGE"):
        monkeypatch.setattr(f"scrip.flows.read_batches.{name}", 1)
    shop.stock_up(VARIANT, [f"{code}-".ljust(200, "X") for code in CODES])
    placed = bought(shop, 20)

    page = shop.call("GET", shop.batch(VARIANT, "orders"), key="operator").json

    assert len(page["codes"]) <= 4
    assert page["next_cursor"] == "0-1"
    sold = shop.sold_codes(VARIANT)
    assert sorted(each["unit"] for each in sold) == list(range(20))
    assert {each["order_id"] for each in sold} == {*order_ids(placed)}


@pytest.mark.parametrize("cursor", ["x", "1", "-1-2", "0-", "0-9999999999", "0-1-1", "٣-1"])
def test_a_cursor_of_somebody_else_is_refused(shop: Shop, cursor: str) -> None:
    shop.stock_up(VARIANT, CODES)

    path = f"{shop.batch(VARIANT, 'orders')}?cursor={cursor}"
    assert is_refused(shop.call("GET", path, key="operator"), errors.RequestInvalid)


def test_a_place_behind_the_end_is_the_end(shop: Shop) -> None:
    shop.stock_up(VARIANT, CODES)
    bought(shop)

    for cursor in ("0-99999", "7-0"):
        path = f"{shop.batch(VARIANT, 'orders')}?cursor={cursor}"
        page = shop.call("GET", path, key="operator").json
        assert page == {"codes": [], "next_cursor": None}


def test_what_nobody_imported_is_unknown(shop: Shop) -> None:
    shop.put_variant(VARIANT)
    unknown = "0123456789"

    for path in (shop.batch(VARIANT, *parts, batch_id=unknown) for parts in ((), ("orders",))):
        assert is_refused(shop.call("GET", path, key="operator"), errors.BatchUnknown)
    assert is_refused(shop.recall(VARIANT, unknown), errors.BatchUnknown)
    path = "/v1/merchant/variants/nothing/batches"
    assert is_refused(shop.call("GET", path, key="operator"), errors.VariantUnknown)
    assert shop.call("GET", BATCHES, key="operator").json == {"batches": []}


# --- recalling


def test_a_recalled_batch_sells_nothing_more_and_is_counted(shop: Shop, cloud: InMemory) -> None:
    shop.stock_up(VARIANT, CODES)
    placed = bought(shop, 3)

    done = shop.recall(VARIANT).json

    assert (done["recalled"], done["complete"]) == (37, True)
    assert available(shop) == 0
    assert is_refused(shop.place({VARIANT: 1}), errors.SoldOut)
    assert figures(shop) == (3, 0, 37)
    assert {chunk["shut"] for chunk in chunks(cloud)} == {"recalled"}
    assert {each["order_id"] for each in shop.sold_codes(VARIANT)} == {*order_ids(placed)}
    assert len(shop.codes(placed)) == 3


def test_recalling_again_changes_nothing(shop: Shop, cloud: InMemory) -> None:
    shop.stock_up(VARIANT, CODES)
    first = shop.recall(VARIANT)

    with nothing_changes(cloud):
        assert shop.recall(VARIANT).json == first.json


def test_a_recall_is_written_down_with_who_and_why(shop: Shop, cloud: InMemory) -> None:
    shop.stock_up(VARIANT, CODES)
    for _ in range(2):
        shop.recall(VARIANT)

    [entry] = [each for each in cloud.table("audit").scan()["Items"] if each["act"] == "recalled"]
    operator = shop.keys["operator"].split("_")[2]
    assert entry["pk"] == f"demo#batch#{VARIANT}#{shop.batches[VARIANT]}"
    assert (entry["by"], entry["reason"], entry["source"]) == (
        operator,
        "printed twice",
        "203.0.113.7",
    )
    seen = shop.read_batch(VARIANT).json
    assert (seen["state"], seen["recalled_by"], seen["reason"]) == (
        "recalled",
        operator,
        "printed twice",
    )
    [listed] = shop.call("GET", BATCHES, key="operator").json["batches"]
    assert listed["recalled_at_ms"] == seen["recalled_at_ms"] > 0


def test_an_order_placed_before_a_recall_gets_other_stock(shop: Shop) -> None:
    shop.stock_up(VARIANT, CODES[:20])
    old = shop.batches[VARIANT]
    placed = shop.place({VARIANT: 2})
    shop.stock_up(VARIANT, CODES[20:])

    shop.recall(VARIANT, old)

    assert shop.pay(placed).json["outcome"] == "delivered"
    assert set(shop.codes(placed)) <= {*CODES[20:]}


def test_an_order_placed_before_a_recall_of_all_there_is_is_refunded(shop: Shop) -> None:
    shop.stock_up(VARIANT, CODES)
    placed = shop.place({VARIANT: 2})

    shop.recall(VARIANT)

    assert shop.pay(placed).json["outcome"] == "refund_due"
    assert shop.sold_codes(VARIANT) == []


def test_a_hold_keeps_its_code_and_what_it_lets_go_stays_off_sale(
    shop: Shop, cloud: InMemory, clock: Clock
) -> None:
    shop.stock_up(VARIANT, CODES)
    shop.put_variant(VARIANT, hold_minutes=10)
    paid, unpaid = (shop.place({VARIANT: 2}) for _ in range(2))
    shop.recall(VARIANT)

    assert {each["state"] for each in shop.sold_codes(VARIANT)} == {"pending"}
    assert shop.pay(paid).json["outcome"] == "delivered"
    clock.ahead_ms += 11 * 60_000
    cloud.invoke("schedule_expire_orders", {})

    assert {each["order_id"] for each in shop.sold_codes(VARIANT)} == {*order_ids(paid)}
    assert available(shop) == 0
    assert is_refused(shop.place({VARIANT: 1}), errors.SoldOut)
    assert shop.read(unpaid).json["state"] == "expired"


def test_codes_that_came_back_are_recalled_too(shop: Shop, cloud: InMemory, clock: Clock) -> None:
    shop.stock_up(VARIANT, CODES)
    shop.put_variant(VARIANT, hold_minutes=10)
    shop.place({VARIANT: 4})
    clock.ahead_ms += 11 * 60_000
    cloud.invoke("schedule_expire_orders", {})
    assert available(shop) == len(CODES)

    assert shop.recall(VARIANT).json["recalled"] == len(CODES)

    assert available(shop) == 0
    assert all("shut" in chunk for chunk in chunks(cloud))


def test_codes_that_came_back_and_were_sold_are_listed(
    shop: Shop, cloud: InMemory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrip.adapters.gateways.stripe_signature.TOLERANCE_SECONDS", 10**6)
    shop.stock_up(VARIANT, CODES[:4])
    shop.put_variant(VARIANT, hold_minutes=10)
    shop.place({VARIANT: 4})
    clock.ahead_ms += 11 * 60_000
    cloud.invoke("schedule_expire_orders", {})
    placed = bought(shop, 3)

    assert figures(shop) == (3, 1, 0)
    assert [each["order_id"] for each in shop.sold_codes(VARIANT)] == order_ids(placed) * 3
    shop.recall(VARIANT)
    assert figures(shop) == (3, 0, 1)
    assert len(shop.sold_codes(VARIANT)) == 3


def test_a_batch_that_sold_out_can_be_recalled(shop: Shop) -> None:
    shop.stock_up(VARIANT, CODES[:3])
    bought(shop, 3)

    done = shop.recall(VARIANT).json

    assert (done["recalled"], done["complete"]) == (0, True)
    assert len(shop.sold_codes(VARIANT)) == 3


def test_an_import_of_a_recalled_batch_is_refused_when_it_comes_again(shop: Shop) -> None:
    shop.put_variant(VARIANT)
    assert shop.import_codes(VARIANT, CODES, idempotency_key="again").status == 200
    shop.recall(VARIANT)

    again = shop.import_codes(VARIANT, CODES, idempotency_key="again")

    assert is_refused(again, errors.BatchRecalled)


def test_a_recall_goes_on_where_it_stopped(
    shop: Shop, cloud: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrip.flows.recall_batch.CHUNKS_AT_ONCE", 2)
    monkeypatch.setattr("scrip.flows.recall_batch.MAX_CHUNKS", 4)
    shop.stock_up(VARIANT, [f"{code}-".ljust(200, "X") for code in CODES])
    many = len(chunks(cloud))
    assert many > 8

    answers = [shop.recall(VARIANT).json]
    assert available(shop) == 0
    assert is_refused(shop.shred_batch(VARIANT), errors.BatchOnSale)
    while not answers[-1]["complete"]:
        answers.append(shop.recall(VARIANT).json)

    assert [each["complete"] for each in answers] == [False] * (len(answers) - 1) + [True]
    assert answers[-1]["recalled"] == len(CODES)
    assert len(answers) == -(-many // 4)
    assert all("shut" in chunk for chunk in chunks(cloud))


def test_a_recalled_batch_may_be_shredded(shop: Shop) -> None:
    shop.stock_up(VARIANT, CODES)
    placed = bought(shop, 2)
    assert is_refused(shop.shred_batch(VARIANT), errors.BatchOnSale)

    shop.recall(VARIANT)

    assert shop.shred_batch(VARIANT).status == 200
    assert is_refused(shop.reveal(placed), errors.CodesShredded)
