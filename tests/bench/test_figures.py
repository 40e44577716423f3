"""The arithmetic behind the figures."""

import json
from collections import Counter

import pytest

from tests.bench.__main__ import table
from tests.bench.callback import Sale, missed_stock
from tests.bench.cost import PRICES, STEPS, Step, usd_per_million
from tests.bench.meter import Tally, item_bytes


def test_an_items_size_counts_names_and_values_as_dynamodb_does() -> None:
    item = {
        "pk": {"S": "é"},
        "n": {"N": "-1234"},
        "yes": {"BOOL": True},
        "raw": {"B": b"12345"},
        "list": {"L": [{"S": "ab"}, {"NULL": True}]},
        "map": {"M": {"k": {"S": "v"}}},
    }

    size = item_bytes(item)

    names = sum(map(len, item))
    assert size == names + 2 + 4 + 1 + 5 + (3 + 3 + 2) + (3 + 1 + 2)


def test_an_order_too_many_is_paid_for_by_the_codes_delivered() -> None:
    sale = Sale([(Tally(wcu=2.0), True)] * 99 + [(Tally(wcu=5.0), False), (Tally(wcu=2.0), True)])

    total, delivered = sale.of(sale.ended)
    tail, tail_delivered = sale.of(sale.tail())

    assert (total.wcu, delivered) == (205.0, 100)
    assert (tail.wcu, tail_delivered) == (15.0, 5)


def test_an_order_misses_where_its_claim_is_refused_or_its_chunk_is_only_looked_at() -> None:
    order, claim = ("GetItem", {"TableName": "orders"}), ("UpdateItem", {"TableName": "stock"})
    look = ("GetItem", {"TableName": "stock"})

    at_once = Tally(calls=[order, claim, ("UpdateItem", {"TableName": "orders"})])
    refused = Tally(calls=[order, claim], refused=Counter(stock=1))
    looked_at = Tally(calls=[order, look, claim])

    missed = [missed_stock(each, "stock") for each in (at_once, refused, looked_at)]
    assert missed == [False, True, True]


def test_cost_is_what_was_counted_times_its_price() -> None:
    prices = json.loads(PRICES.read_text())
    asks = Tally(wcu=2.0, index_wcu=1.0, rcu=0.5)
    asks.requests.update({"dynamodb:PutItem": 2, "kms:Decrypt": 1})
    idle = Step(Tally(), 0, 1.0, 0.0)
    order = dict.fromkeys(STEPS, idle) | {"place": Step(asks, 1000, 5.0, 1.0)}

    figures = usd_per_million(order, [order], prices)

    split = "cost.usd_per_million_orders."
    assert figures[f"{split}dynamodb_writes"] == pytest.approx(0.625)
    assert figures[f"{split}dynamodb_index_writes"] == pytest.approx(0.625)
    assert figures[f"{split}dynamodb_reads"] == pytest.approx(0.0625)
    assert figures[f"{split}kms"] == pytest.approx(3.0)
    assert figures[f"{split}lambda_requests"] == pytest.approx(len(STEPS) * 0.2)
    # 4 ms of waiting, 1 ms of CPU at 512 of 1769 MB, rounded up; then Stripe.
    assert figures["cost.lambda_ms.place"] == 8 + 400
    parts = sum(value for name, value in figures.items() if name.startswith(split))
    assert figures["cost.usd_per_million_orders"] == pytest.approx(parts)


def test_a_budget_without_its_figure_is_broken() -> None:
    shown = table({"a": 1.0}, {"a": 1.0, "b": 2.0}).splitlines()

    assert shown[1].split() == ["a", "1", "<=", "1", "holds"]
    assert shown[2].split() == ["b", "absent", "<=", "2", "BROKEN"]


def test_a_ratio_below_its_floor_is_broken() -> None:
    shown = table({"a": 25.0, "b": 24.0}, {}, {"a": 25.0, "b": 25.0, "c": 1.0}).splitlines()

    assert shown[1].split() == ["a", "25", ">=", "25", "holds"]
    assert shown[2].split() == ["b", "24", ">=", "25", "BROKEN"]
    assert shown[3].split() == ["c", "absent", ">=", "1", "BROKEN"]
