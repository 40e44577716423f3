"""A person decides of units that nobody knows the end of, to break. The engine itself is broken at
random in tests/suppliers/test_conformance.py."""

from collections.abc import Callable
from contextlib import suppress

from scrip.domain.line import Fate
from scrip.domain.order import FulfillingOrder, Order, SettledOrder
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import World
from tests.topping_up import Queued, paid, stuck


def waiting(world: World) -> FulfillingOrder:
    """An order of one unit that waits for a person."""
    order = paid(world.cloud, world.shop.merchant_id, world.clock.at_ms, provider="elsewhere")
    stuck(world.cloud, order)
    world.also_kept.append(lambda: keep_queue(world))
    return order


def keep_queue(world: World) -> Callable[[], None]:
    messages = list(world.queued("topup"))

    def put_back() -> None:
        world.queued("topup")[:] = messages

    return put_back


def says(world: World, order: Order, verdict: str) -> Callable[[], bool]:
    """A person says so, and sends again until it was taken, or somebody said otherwise before."""
    path = f"/v1/merchant/orders/{order.order_id}/top-ups/decide"
    body = {"line": 0, "unit": 0, "verdict": verdict, "reason": "asked the supplier"}

    def event() -> bool:
        reply = world.shop.call("POST", path, body, key="operator")
        return reply.problem == "top-up-not-waiting" or world.took(reply)

    return event


def advance(world: World) -> bool:
    """The queue of top-ups hands over what it has. Whether all was acknowledged."""
    done = True
    for message in list(world.queued("topup")):
        event = Queued(message.body, 0).event()
        if world.cloud.invoke("queue_top_up", event)["batchItemFailures"]:
            done = False
            continue
        with suppress(ValueError):  # another run had it, too
            world.queued("topup").remove(message)
    return done


def then_advance(world: World, say: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: say() and advance(world)


def ended(world: World) -> tuple[str, Fate, int]:
    """State, the unit's fate, what is owed: of the one order there is."""
    [order] = world.orders()
    assert isinstance(order, SettledOrder)
    return order.state, order.lines[0].fates[0], order.owed_minor


@case("topping up: a person says that it succeeded")
def said_succeeded(world: World) -> Case:
    order = waiting(world)

    def expect() -> None:
        assert ended(world) == ("delivered", Fate.DONE, 0)

    event = then_advance(world, says(world, order, "succeeded"))
    return Case(event, expect, again_calls=8)


@case("topping up: a person says that it failed")
def said_failed(world: World) -> Case:
    order = waiting(world)

    def expect() -> None:
        assert ended(world) == ("refund_due", Fate.FAILED, 3000)
        assert [each["act"] for each in world.items("audit")].count("top_up_failed") >= 1

    event = then_advance(world, says(world, order, "failed"))
    return Case(event, expect, again_calls=8)


@case("topping up: a person has its supplier asked again")
def said_ask_again(world: World) -> Case:
    order = waiting(world)

    def expect() -> None:
        assert ended(world) == ("fulfilling", Fate.OPEN, 0)
        [top_up] = [each for each in world.items("top_ups") if "reference" in each]
        assert top_up["state"] == "unknown"
        assert world.queued("topup")

    return Case(says(world, order, "ask_again"), expect)
