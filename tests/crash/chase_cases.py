"""Orders whose callback never came, and that are closed before they expire."""

from scrip.domain.errors import StoreUnavailable
from tests.crash.breaking import Case
from tests.crash.cases import WINDOW_MINUTES, Prepare, case
from tests.crash.providers import place_at, with_provider
from tests.crash.world import PER_CHUNK, World
from tests.functions.by_provider import pay_unheard
from tests.oracles.paying import OPEN
from tests.shop import Reply


def reference(placed: Reply) -> str:
    return str(placed.json["payment"]["reference"])


@case("closing: one was paid and nobody told, one was not")
def paid_unheard(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    paid, unpaid = world.place({"card": PER_CHUNK + 1}), world.place({"card": 1})
    world.stripe.settle(reference(paid))
    world.clock.advance(WINDOW_MINUTES + 2)

    def expect() -> None:
        assert world.order(paid).state == "delivered"
        assert world.order(unpaid).state == "expired"
        assert world.stripe.payments[reference(unpaid)]["status"] == "canceled"

    return Case(world.sweep, expect)


@case("closing: what is held was paid and nobody told")
def held_paid_unheard(world: World) -> Case:
    world.stock("seat", PER_CHUNK, hold_minutes=10)
    paid, unpaid = world.place({"seat": 1}), world.place({"seat": 1})
    world.stripe.settle(reference(paid))
    world.clock.advance(12)

    def expect() -> None:
        assert world.order(paid).state == "delivered"
        assert world.order(unpaid).state == "expired"
        assert world.free("seat") == PER_CHUNK - 1

    return Case(world.sweep, expect)


@case("closing: too little was paid and nobody told")
def short_unheard(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    placed = world.place({"card": 1})
    world.stripe.keep(world.stripe.settle(reference(placed)), amount_received=1)
    world.clock.advance(WINDOW_MINUTES + 2)

    def expect() -> None:
        [item] = [item for item in world.items("orders") if "state" in item]
        assert item["state"] == "expired"
        assert [name for name in item if name.startswith("stray#")]

    return Case(world.sweep, expect)


@case("closing: a bank debit under way, given up and put down to be followed up")
def unclosed(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    placed = world.place({"card": 1}, return_url="https://shop.example/thanks")
    world.stripe.debit_bank(reference(placed))
    world.clock.advance(WINDOW_MINUTES + 5)

    def expect() -> None:
        [item] = [item for item in world.items("orders") if "state" in item]
        assert (item["state"], item["unclosed"]) == ("expired", True)
        assert item["follow_up_at"] >= item["expires_at_ms"]

    return Case(world.sweep, expect)


def at(name: str) -> Prepare:
    """Of two orders one was paid, and the provider's callback was lost."""

    def prepare(world: World) -> Case:
        provider = with_provider(world, name)
        world.stock("card", PER_CHUNK, currency=provider.currency)
        paid, unpaid = place_at(world, provider), place_at(world, provider)
        pay_unheard(provider, paid)
        if name == "alipay":  # which hears of an order when its buyer comes
            provider.server.visit(unpaid.json["payment"]["checkout_url"])
        world.clock.advance(WINDOW_MINUTES + 2)

        def expect() -> None:
            assert world.order(paid).state == "delivered"
            assert world.order(unpaid).state == "expired"

        return Case(world.sweep, expect)

    return prepare


for each in OPEN:
    case(f"closing: paid at {each} and nobody told")(at(each))


@case("following up: paid after it expired unclosed, and nobody told")
def late_unheard(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    placed = _unclosed(world)
    world.stripe.settle(reference(placed))

    def expect() -> None:
        [order] = world.orders()
        assert order.state == "delivered"
        assert not following(world)

    return Case(lambda: follow(world), expect, pause_minutes=11, again_calls=4)


@case("following up: closed after it expired")
def closed_late(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    placed = _unclosed(world)

    def expect() -> None:
        [item] = [item for item in world.items("orders") if "state" in item]
        assert item["state"] == "expired"
        assert "unclosed" not in item
        assert not following(world)
        assert world.stripe.payments[reference(placed)]["status"] == "canceled"

    return Case(lambda: follow(world), expect, pause_minutes=11, again_calls=4)


def _unclosed(world: World) -> Reply:
    """An order that expired while Stripe did not answer."""
    placed = world.place({"card": 1})
    world.clock.advance(WINDOW_MINUTES + 6)
    world.stripe.fail_with += [(503, {})] * 9
    assert world.sweep()
    world.stripe.fail_with.clear()
    return placed


def follow(world: World) -> bool:
    """The follow-up comes round. Whether nothing is left for it."""
    try:
        world.cloud.invoke("schedule_follow_up", {})
    except StoreUnavailable:
        return False
    return not following(world)


def following(world: World) -> list[str]:
    return [item["pk"] for item in world.items("orders") if "follow_up" in item]


@case("asking: one was paid and nobody told, one was not")
def young_unheard(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    paid, unpaid = world.place({"card": PER_CHUNK + 1}), world.place({"card": 1})
    world.stripe.settle(reference(paid))
    world.clock.advance(3)

    def event() -> bool:
        # Who could not be asked now is asked seven minutes later.
        return world.sweep() and world.order(paid).state == "delivered"

    def expect() -> None:
        assert world.order(unpaid).state == "pending"
        assert world.stripe.payments[reference(unpaid)]["status"] == "requires_payment_method"

    return Case(event, expect, pause_minutes=8)
