"""Suppliers are asked while a merchant puts a variant, or while they are asked: no verdict sticks
that was reached by another price, and nothing is told twice."""

from tests.crash.breaking import Case, meet_everywhere
from tests.crash.figures import keep
from tests.crash.standing_cases import SOON, halts, selling, told
from tests.crash.world import World, world
from tests.oracles.stripe_server import StripeServer
from tests.top_ups import order_top_up, sell_top_up


def put(world: World, price: int) -> None:
    routes = [{"supplier": "one", "sku": "A"}]
    sell_top_up(world.shop, routes=routes, price=price)


def test_a_round_meets_a_new_price(stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        selling(made).costs["one", "A"] = 1100

        def expect() -> None:
            assert made.sync_suppliers()
            assert made.sync_suppliers()
            assert halts(made) == []
            assert told(made) in ([], ["variant.halted", "variant.resumed"])

        def puts() -> bool:
            put(made, 1200)
            return True

        report = meet_everywhere(made, Case(made.sync_suppliers, expect, SOON), Case(puts))

    keep("asking suppliers and a new price", report)


def test_a_round_meets_another(stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        selling(made).balances["one"] = 1

        def expect() -> None:
            assert [is_told for _, _, is_told in halts(made)] == [True]
            assert told(made) == ["supplier.balance_low", "variant.halted"]
            assert order_top_up(made.shop).problem == "variant-halted"

        asked = Case(made.sync_suppliers, expect, SOON)
        report = meet_everywhere(made, asked, Case(made.sync_suppliers))

    keep("asking suppliers twice", report)
