"""By which route a unit goes: what bars one, and which comes first."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.charge import Quote
from scrip.domain.money import Money
from scrip.domain.route import USUAL, Barred, Preference, Route, Routing
from scrip.domain.routing import Choice, Wanted, choose
from scrip.domain.standing import FRESH_MS, Known, Low, Quoted, Record, Standing, least_recent
from scrip.domain.supplier_terms import MINUTE_MS
from tests.domain.making import NOW_MS

PRICE = Money(1000, "EUR")
LISTED = Routing(Preference.LISTED)
OLD_MS = NOW_MS - FRESH_MS - 1
SKU = "S"


def known(
    name: str,
    cost: str = "",
    *,
    available: bool = True,
    balance: str = "",
    at_ms: int = NOW_MS,
    record: tuple[int, int, int] = (0, 0, 0),
    least: int | None = None,
) -> Standing:
    """Money as `900 EUR`, in minor units."""
    return Standing(
        name,
        Known(money(balance), at_ms) if balance else None,
        {SKU: Quoted(Quote(money(cost), available), at_ms)} if cost else {},
        Record(*record),
        least,
    )


def money(text: str) -> Money:
    amount, currency = text.split()
    return Money(int(amount), currency)


def chosen(
    *standings: Standing,
    routing: Routing = USUAL,
    placed: bool = True,
    most: dict[str, str] | None = None,
    **more: Any,
) -> Choice:
    limits = most or {}
    routes = [
        Route(
            each.account, SKU, None, money(limits[each.account]) if each.account in limits else None
        )
        for each in standings
    ]
    by_name = {each.account: each for each in standings}
    return choose(Wanted(PRICE, routing, placed), routes, by_name, NOW_MS, **more)


def names(choice: Choice) -> str:
    return " ".join(route.supplier for route in choice.routes)


def barred(choice: Choice) -> dict[str, str]:
    return {route.supplier: why.value for route, why in choice.barred}


# --- which comes first


@pytest.mark.parametrize(
    ("standings", "order"),
    [
        ([known("a", "900 EUR"), known("b", "800 EUR")], "b a"),
        ([known("a", "900 EUR"), known("b", "900 EUR")], "a b"),
        ([known("a"), known("b", "800 EUR")], "a b"),
        ([known("a", "900 EUR"), known("b"), known("c", "800 EUR")], "c b a"),
        ([known("a", "900 EUR"), known("b", "1 CNY"), known("c", "800 EUR")], "c b a"),
        (
            [known("a", "9 CNY"), known("b", "9 EUR"), known("c", "8 CNY"), known("d", "8 EUR")],
            "c d a b",
        ),
        ([known("a", "900 EUR"), known("b", "800 EUR", at_ms=OLD_MS)], "a b"),
        # What fails or takes long is as if it cost more.
        ([known("a", "800 EUR", record=(100, 85, 0)), known("b", "900 EUR")], "b a"),
        ([known("a", "800 EUR", record=(100, 95, 0)), known("b", "900 EUR")], "a b"),
        ([known("a", "800 EUR", record=(19, 0, 0)), known("b", "900 EUR")], "a b"),
        ([known("a", "880 EUR", record=(20, 20, 5 * MINUTE_MS)), known("b", "900 EUR")], "b a"),
        ([known("a", "800 EUR", record=(20, 20, 9**9)), known("b", "900 EUR")], "a b"),
    ],
)
def test_the_cheapest_comes_first_where_costs_compare(
    standings: list[Standing], order: str
) -> None:
    assert names(chosen(*standings)) == order


def test_a_merchant_may_keep_its_own_order() -> None:
    dear, cheap, gone = known("a", "900 EUR"), known("b", "800 EUR"), known("c", "1500 EUR")

    choice = chosen(gone, dear, cheap, routing=LISTED)

    assert (names(choice), barred(choice)) == ("a b", {"c": "price"})


# --- what bars a route


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (known("a"), None),
        (known("a", "900 EUR"), None),
        (known("a", "900 EUR", available=False), "availability"),
        (known("a", "900 EUR", available=False, at_ms=OLD_MS), None),
        (known("a", "1000 EUR"), None),
        (known("a", "1001 EUR"), "price"),
        (known("a", "1001 EUR", at_ms=OLD_MS), None),
        (known("a", "999999 CNY"), None),
        (known("a", "900 EUR", balance="900 EUR"), None),
        (known("a", "900 EUR", balance="899 EUR"), "balance"),
        (known("a", "900 EUR", balance="899 EUR", at_ms=OLD_MS), None),
        (known("a", "900 EUR", balance="1 CNY"), None),
        (known("a", balance="0 EUR"), None),
        (known("a", balance="0 EUR", least=5), None),
    ],
)
def test_only_what_is_known_and_fresh_bars_a_placed_order(
    standing: Standing, why: str | None
) -> None:
    assert barred(chosen(standing)).get("a") == why


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (known("a", "900 EUR", balance="9000 EUR"), None),
        (known("a", "900 EUR", balance="8999 EUR"), "balance"),
        (known("a", "900 EUR", balance="900 EUR", least=0), None),
        (known("a", "900 EUR", balance="899 EUR", least=0), "balance"),
        (known("a", "900 EUR", balance="9999 EUR", least=10_000), "balance"),
        (known("a", "900 EUR", balance="1 CNY"), None),
        (known("a", "900 EUR", balance="1 CNY", least=2), "balance"),
        (known("a", balance="4 EUR", least=5), "balance"),
        (known("a", balance="5 EUR", least=5), None),
    ],
)
def test_new_orders_leave_a_reserve_for_those_that_are_placed(
    standing: Standing, why: str | None
) -> None:
    assert barred(chosen(standing, placed=False)).get("a") == why


@pytest.mark.parametrize(
    ("cost", "margin_percent", "most", "why"),
    [
        ("900 EUR", 10, "", None),
        ("901 EUR", 10, "", "price"),
        ("1200 EUR", -20, "", None),
        ("1201 EUR", -20, "", "price"),
        ("800 EUR", 0, "799 EUR", "price"),
        ("1100 EUR", 0, "1200 EUR", "price"),
        ("800 EUR", 0, "1 CNY", None),
        ("700 CNY", 99, "700 CNY", None),
        ("701 CNY", 99, "700 CNY", "price"),
    ],
)
def test_a_unit_may_cost_what_its_guard_says(
    cost: str, margin_percent: int, most: str, why: str | None
) -> None:
    routing = Routing(margin_percent=margin_percent)

    choice = chosen(known("a", cost), routing=routing, most={"a": most} if most else None)

    assert barred(choice).get("a") == why


def test_it_says_why_only_where_nothing_is_left() -> None:
    none, dear, fine = known("a", "9 EUR", available=False), known("b", "9999 EUR"), known("c")

    assert chosen(none, dear, fine).why == ()
    assert chosen(dear, none).why == (Barred.AVAILABILITY, Barred.PRICE)
    assert chosen(dear, none).first == Route("b", SKU)
    assert chosen().first is None


ACCOUNTS = st.builds(
    known,
    st.just(""),
    st.sampled_from(["", "1 EUR", "700 EUR", "900 EUR", "1001 EUR", "5 CNY", "9 CNY"]),
    available=st.booleans(),
    balance=st.sampled_from(["", "0 EUR", "800 EUR", "100000 EUR", "7 CNY"]),
    at_ms=st.sampled_from([NOW_MS, OLD_MS]),
    record=st.sampled_from([(0, 0, 0), (40, 30, 0), (40, 40, 9 * MINUTE_MS)]),
    least=st.sampled_from([None, 0, 500]),
)


@given(accounts=st.lists(ACCOUNTS, max_size=8), placed=st.booleans(), listed=st.booleans())
def test_every_route_is_tried_or_barred_once_and_costs_rise_within_a_currency(
    accounts: list[Standing], placed: bool, listed: bool
) -> None:
    named = [known_as(f"s{number}", each) for number, each in enumerate(accounts)]
    routing = LISTED if listed else USUAL

    choice = chosen(*named, routing=routing, placed=placed)

    left = [route.supplier for route in choice.routes]
    assert sorted([*left, *barred(choice)]) == sorted(each.account for each in named)
    assert choice == chosen(*named, routing=routing, placed=placed)
    by_name = {each.account: each for each in named}
    fresh = [by_name[name] for name in left if fresh_cost(by_name[name])]
    listed_order = [each.account for each in named if each.account in left]
    unknown = [name for name in left if not fresh_cost(by_name[name])]
    assert [left.index(name) for name in unknown] == [listed_order.index(name) for name in unknown]
    if listed:
        assert left == listed_order
    for currency in ("EUR", "CNY"):
        plain = [each for each in fresh if each.record == Record()]
        costs = [cost for each in plain if (cost := fresh_cost(each)) and cost.currency == currency]
        assert listed or costs == sorted(costs, key=lambda cost: cost.amount_minor)


def known_as(name: str, standing: Standing) -> Standing:
    return Standing(
        name, standing.balance, standing.quotes, standing.record, standing.min_balance_minor
    )


def fresh_cost(standing: Standing) -> Money | None:
    quoted = standing.quotes.get(SKU)
    return quoted.quote.cost if quoted and quoted.at_ms == NOW_MS else None


# --- standings


def test_a_balance_is_low_from_when_it_is_too_low_for_one_good_until_it_is_not() -> None:
    low = known("a", "900 EUR", balance="8999 EUR").with_low(NOW_MS)
    later = low.with_low(NOW_MS + 1)

    assert low.low == later.low == Low(NOW_MS)
    assert known("a", "900 EUR", balance="9000 EUR").with_low(NOW_MS).low is None
    assert known("a", "900 EUR", balance="1 CNY").with_low(NOW_MS).low is None
    assert known("a", balance="4 EUR", least=5).with_low(NOW_MS).low == Low(NOW_MS)
    assert known("a", "900 EUR").with_low(NOW_MS).low is None


def test_what_was_told_longest_ago_is_asked_for_first() -> None:
    quotes = {sku: Quoted(Quote(PRICE, True), at) for sku, at in {"a": 3, "b": 1, "c": 2}.items()}

    assert least_recent(["a", "b", "c", "e", "d"], quotes) == ["d", "e", "b", "c", "a"]
