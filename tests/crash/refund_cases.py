"""Money that is owed and given back, at Stripe, to break. The other providers:
tests/functions/test_refunds_break.py."""

from collections.abc import Callable
from typing import Any

from scrip.adapters.order_items import record_of
from scrip.domain.order import OrderRecord, SettledOrder
from scrip.domain.refund import RefundState
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import PER_CHUNK, World
from tests.oracles.stripe_book import Object
from tests.oracles.stripe_calls import begin_refund, move_refund
from tests.shop import Reply


def records(world: World) -> list[OrderRecord]:
    return [record_of(item) for item in world.items("orders") if "state" in item]


def owed(world: World) -> int:
    """By the one order there is."""
    [record] = records(world)
    assert isinstance(record.order, SettledOrder)
    return record.order.owed_minor


def at_stripe(world: World) -> list[Object]:
    """Refunds of this world's payments."""
    ours = {
        payment
        for record in records(world)
        for payment in (
            record.order.payment_ref,
            *(stray.payment.transaction_id for stray in record.strays),
        )
    }
    return [each for each in world.stripe.of_kind("refund") if each["payment_intent"] in ours]


def given_back(world: World) -> list[int]:
    """Amounts at Stripe, smallest first."""
    return sorted(each["amount"] for each in at_stripe(world))


def all_followed_up(world: World) -> bool:
    """The schedule comes round twice; whether it leaves nothing for another minute."""
    for _ in range(2):
        if not world.follow_up():
            return False
        if not [item for item in world.items("orders") if "follow_up" in item]:
            return True
        world.clock.advance(1.1)
    return False


@case("refunding: what stock could not fill")
def refunding(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    world.pay(world.place({"card": PER_CHUNK + 2}))

    def expect() -> None:
        [record] = records(world)
        assert [each.state for each in record.refunds] == [RefundState.SUCCEEDED]
        assert given_back(world) == [9000]

    return Case(lambda: all_followed_up(world), expect, again_calls=4)


@case("refunding: two payments of one order, one after the other")
def refunding_second(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": 1})
    assert world.post(world.paid(placed, amount_received=4600))
    other = world.stripe.keep(
        world.stripe.payments[placed.json["payment"]["reference"]]
        | {"id": world.stripe.new_id("pi_second"), "status": "requires_payment_method"}
    )
    assert world.post(world.stripe.paid(other["id"]))

    def expect() -> None:
        [record] = records(world)
        assert [each.money.amount_minor for each in record.refunds] == [100, 4500]
        assert {each.state for each in record.refunds} == {RefundState.SUCCEEDED}
        assert given_back(world) == [100, 4500]

    return Case(lambda: all_followed_up(world), expect, again_calls=4)


@case("refunding: the provider tells that one failed")
def refund_failed(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    world.pay(world.place({"card": PER_CHUNK + 2}))
    assert all_followed_up(world)
    [made] = at_stripe(world)
    event = world.stripe.event("refund.failed", move_refund(world.stripe, made["id"], "failed"))

    def expect() -> None:
        [record] = records(world)
        assert [each.state for each in record.refunds] == [RefundState.FAILED]
        assert [item for item in world.items("orders") if "follow_up" in item]

    return Case(lambda: world.post(event), expect, again_calls=3)


@case("refunding: the provider tells of one that was begun elsewhere")
def refund_begun_elsewhere(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 2})
    world.pay(placed)
    event = elsewhere(world, placed, 1000)

    def expect() -> None:
        [record] = records(world)
        assert sum(each.money.amount_minor for each in record.refunds if each.foreign) == 1000

    return Case(lambda: world.post(event), expect, again_calls=4)


def elsewhere(world: World, placed: Reply, amount: int) -> bytes:
    """Somebody pressed a button in the dashboard: Stripe's word of it."""
    intent = world.stripe.payments[placed.json["payment"]["reference"]]
    return world.stripe.event("refund.created", begin_refund(world.stripe, intent, amount))


@case("refunding: a shop wants all of it given back, which nobody saw")
def wishing_all(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    world.stock("pass", PER_CHUNK, price=999)
    placed = world.place({"card": PER_CHUNK + 1, "pass": 2})
    world.pay(placed)
    everything = (PER_CHUNK + 1) * 4500 + 2 * 999

    def expect() -> None:
        assert owed(world) == everything
        assert (world.free("card"), world.free("pass")) == (2 * PER_CHUNK, PER_CHUNK)

    return Case(wish(world, placed, refund_due_minor=everything), expect, again_calls=2)


@case("refunding: a shop wants units of two lines given back, which were seen")
def wishing_lines(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    world.stock("pass", PER_CHUNK, price=999)
    placed = world.place({"card": PER_CHUNK + 1, "pass": 2})
    world.pay(placed)
    assert world.took(world.shop.reveal(placed))
    lines = [{"line": 0, "units": 2}, {"line": 1, "units": 1}]

    def expect() -> None:
        assert owed(world) == 2 * 4500 + 999
        assert world.free("card") == PER_CHUNK - 1

    return Case(wish(world, placed, lines=lines), expect, again_calls=2)


def wish(world: World, placed: Reply, **wished: Any) -> Callable[[], bool]:
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/refund-due"
    body = {"reason": "called off", **wished}
    world.wished = True
    return lambda: world.took(world.shop.call("PUT", path, body, key="operator"))
