"""Disputed payments, to break."""

from scrip.adapters.scorecards import Scorecards
from scrip.domain.scorecard import Ending, day_of
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.refund_cases import all_followed_up
from tests.crash.topping import charging
from tests.crash.world import PER_CHUNK, World
from tests.suppliers.faults import Fate as Becomes
from tests.topping_up import ACCOUNT, table

AT = 1_790_000_000


def disputing(world: World, *told: str, frozen: bool) -> Case:
    """A delivered order's dispute is told of, step by step; the last one breaks."""
    world.stock("card", 3)
    placed = world.place({"card": 1})
    world.pay(placed)
    reference = placed.json["payment"]["reference"]

    def tell(status: str) -> bool:
        about = world.stripe.dispute(reference, status)
        at = AT + told.index(status)
        return world.post(world.stripe.event("charge.dispute.updated", about, created=at))

    for status in told[:-1]:
        assert tell(status)

    def expect() -> None:
        [order] = world.orders()
        assert order.state == "delivered"
        assert order.frozen is frozen

    return Case(lambda: tell(told[-1]), expect, again_calls=4)


@case("a dispute: opened")
def opened(world: World) -> Case:
    return disputing(world, "needs_response", frozen=True)


@case("a dispute: won")
def won(world: World) -> Case:
    return disputing(world, "needs_response", "won", frozen=False)


@case("a dispute: lost, and codes that nobody saw go back on sale")
def revoked(world: World) -> Case:
    world.stock("card", 3 * PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 1})
    world.pay(placed)
    about = world.stripe.dispute(placed.json["payment"]["reference"], "lost")
    assert world.post(world.stripe.event("charge.dispute.closed", about, created=AT))

    def expect() -> None:
        [order] = world.orders()
        assert [line.units_claimed for line in order.lines] == [0]
        assert world.free("card") == 3 * PER_CHUNK

    return Case(lambda: all_followed_up(world), expect)


@case("deciding: held money is delivered")
def decided(world: World) -> Case:
    world.merchant_chooses(payment_policy={"over": "hold"})
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": 1})
    assert world.post(world.paid(placed, amount_received=4501))
    order_id, reference = placed.json["order"]["order_id"], placed.json["payment"]["reference"]
    path = f"/v1/merchant/orders/{order_id}/stray-payments/decide"
    body = {"stray_id": f"stripe#{reference}", "action": "deliver", "reason": "it was meant so"}

    def expect() -> None:
        [order] = world.orders()
        assert order.readable
        assert world.free("card") == 2 * PER_CHUNK - 1

    def event() -> bool:
        decision = world.shop.call("POST", path, body, key="operator")
        if decision.status == 404:  # delivered: it stands beside the order no more
            return all_followed_up(world)
        return world.took(decision) and all_followed_up(world)

    return Case(event, expect)


@case("a dispute: its shop freezes the order")
def frozen_by_shop(world: World) -> Case:
    world.stock("card", 3)
    placed = world.place({"card": 1})
    world.pay(placed)

    def expect() -> None:
        [order] = world.orders()
        assert order.frozen

    return Case(lambda: world.took(world.shop.freeze(placed, frozen=True)), expect)


@case("a dispute: what a supplier did counts once")
def counted(world: World) -> Case:
    station = charging(world)
    placed = station.queued(2)
    station.simulator.plan.fates.extend([Becomes(), Becomes()])
    assert station.run_out()
    about = world.stripe.dispute(placed.json["payment"]["reference"], "needs_response")
    event = world.stripe.event("charge.dispute.created", about, created=AT)

    def expect() -> None:
        day, scorecards = day_of(AT * 1000), Scorecards(table(world.cloud, "top_ups"))
        found = scorecards.disputed_of_days(world.shop.merchant_id, ACCOUNT, range(day, day + 1))
        assert [card.ended for card in found.values()] == [{Ending.DISPUTED: 2}]

    return Case(lambda: world.post(event) and all_followed_up(world), expect)
