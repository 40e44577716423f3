"""Two invocations at once: the second runs whole, just before each call of the first in turn."""

from collections.abc import Callable

import pytest

from scrip.adapters.order_items import strays_of
from scrip.domain.outcome import Case as PaymentCase
from tests.crash.breaking import Case, die_everywhere, meet_everywhere
from tests.crash.cases import CASES, WINDOW_MINUTES
from tests.crash.figures import keep
from tests.crash.world import PER_CHUNK, World, world
from tests.oracles.stripe_server import StripeServer

Meeting = Callable[[World], tuple[Case, Case]]


def duplicate(name: str) -> Meeting:
    """The same event in two processes at the same time."""

    def prepare(world: World) -> tuple[Case, Case]:
        case = CASES[name](world)
        return case, case

    return prepare


def last_code(world: World) -> tuple[Case, Case]:
    """Two buyers pay for the last code. One gets it, one is told."""
    world.stock("card", 1)
    first, second = (world.place({"card": 1}) for _ in range(2))

    def expect() -> None:
        states = {world.order(placed).state for placed in (first, second)}
        assert states == {"delivered", "refund_due"}

    paid, paid_too = world.paid(first), world.paid(second)
    return (
        Case(lambda: world.post(paid), expect, again_calls=2),
        Case(lambda: world.post(paid_too)),
    )


def last_codes(world: World) -> tuple[Case, Case]:
    """Two buyers pay for more than there is, over several chunks."""
    world.stock("card", 2 * PER_CHUNK)
    first, second = (world.place({"card": PER_CHUNK + 1}) for _ in range(2))

    def expect() -> None:
        claimed = [world.order(placed).lines[0].units_claimed for placed in (first, second)]
        assert sum(claimed) == 2 * PER_CHUNK

    paid, paid_too = world.paid(first), world.paid(second)
    return Case(lambda: world.post(paid), expect), Case(lambda: world.post(paid_too))


def callback_and_expiry(world: World) -> tuple[Case, Case]:
    callback, sweep = _at_the_end(world)
    return callback, sweep


def expiry_and_callback(world: World) -> tuple[Case, Case]:
    callback, sweep = _at_the_end(world)
    return sweep, callback


def _at_the_end(world: World) -> tuple[Case, Case]:
    """Payment comes in the minute in which the order expires."""
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 1})
    world.clock.advance(WINDOW_MINUTES + 2)
    paid = world.paid(placed)

    def expect() -> None:
        assert world.order(placed).state == "delivered"

    return Case(lambda: world.post(paid), expect), Case(world.sweep)


def two_payments(world: World) -> tuple[Case, Case]:
    """One order is paid twice, by two payments. One buys, one is kept to be refunded."""
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": 1})
    paid, paid_too = world.paid(placed), world.paid(placed, id="pi_second")

    def expect() -> None:
        [item] = [item for item in world.items("orders") if "state" in item]
        strays = [name for name in item if name.startswith("stray#")]
        assert item["state"] == "delivered"
        assert len(strays) == 1
        assert strays != [f"stray#stripe#{item['payment']['transaction']}"]

    return Case(lambda: world.post(paid), expect), Case(lambda: world.post(paid_too))


def one_payment_two_amounts(world: World) -> tuple[Case, Case]:
    """The provider tells of one payment twice at once, and names two amounts."""
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": 1})
    right, more = world.paid(placed), world.paid(placed, amount_received=4501)

    def expect() -> None:
        [item] = [item for item in world.items("orders") if "state" in item]
        [stray] = strays_of(item)
        assert stray.case is PaymentCase.CHANGED
        assert stray.payment.money.amount_minor != item["payment"]["amount"]
        assert world.free("card") == 2 * PER_CHUNK - 1

    return Case(lambda: world.post(right), expect), Case(lambda: world.post(more))


def placing_and_payment(world: World) -> tuple[Case, Case]:
    """A storefront's first try is still on its way when its second was answered and paid."""
    world.stock("card", 2 * PER_CHUNK)

    def place() -> bool:
        return world.took(world.shop.place({"card": 1}, idempotency_key="the-order"))

    def place_and_pay() -> bool:
        return world.post(world.paid(world.place({"card": 1}, idempotency_key="the-order")))

    def expect() -> None:
        [order] = world.orders()
        assert order.state == "delivered"

    return Case(place), Case(place_and_pay, expect)


def importing_and_sale(world: World) -> tuple[Case, Case]:
    """An import's first try is still on its way when its second is done and selling."""
    case = CASES["importing: the first batch"](world)

    def import_and_sell() -> bool:
        done = case.event()
        world.pay(world.place({"card": 2 * PER_CHUNK}))
        return done

    return case, Case(import_and_sell)


def two_imports(world: World) -> tuple[Case, Case]:
    """Two batches of one variant are put on sale at once."""
    world.shop.put_variant("card")
    codes = world.new_codes("card", 2 * PER_CHUNK)
    first, second = codes[:PER_CHUNK], codes[PER_CHUNK:]
    return (
        Case(lambda: world.hand_in("card", first, "first")),
        Case(lambda: world.hand_in("card", second, "second")),
    )


def overlapping_imports(world: World) -> tuple[Case, Case]:
    """Two files share codes. Each code goes on sale once, whichever takes it."""
    world.shop.put_variant("card")
    codes = world.new_codes("card", 3 * PER_CHUNK)
    first, second = codes[: 2 * PER_CHUNK], codes[PER_CHUNK:]
    return (
        Case(lambda: world.hand_in("card", first, "first")),
        Case(lambda: world.hand_in("card", second, "second")),
    )


def import_and_sale(world: World) -> tuple[Case, Case]:
    """New codes arrive while the last old one is sold."""
    world.stock("card", 1)
    placed, fresh = world.place({"card": 2}), world.new_codes("card", PER_CHUNK)
    event, world.restocked = world.paid(placed), True

    def expect() -> None:
        assert world.order(placed).state in ("delivered", "refund_due")

    return (
        Case(lambda: world.post(event), expect),
        Case(lambda: world.hand_in("card", fresh, "more")),
    )


MEETINGS: dict[str, Meeting] = {
    "placing twice at once": duplicate("placing: one line"),
    "placing while the same order is paid": placing_and_payment,
    "one code paid twice at once": duplicate("paying: one code"),
    "several chunks paid twice at once": duplicate("paying: a quantity over several chunks"),
    "several lines paid twice at once": duplicate("paying: several lines"),
    "own chunk exhausted, paid twice at once": duplicate("paying: own chunk exhausted meanwhile"),
    "sold out, paid twice at once": duplicate("paying: sold out meanwhile"),
    "paid late, twice at once": duplicate("paying: late, after the order expired"),
    "two payments of one order": two_payments,
    "one payment told with two amounts": one_payment_two_amounts,
    "two buyers, the last code": last_code,
    "two buyers, the last chunks": last_codes,
    "payment while the order expires": callback_and_expiry,
    "expiry while the order is paid": expiry_and_callback,
    "expiring twice at once": duplicate("expiring: two due, one paid, one not due"),
    "importing twice at once": duplicate("importing: the first batch"),
    "importing while the same codes are sold": importing_and_sale,
    "two imports of one variant": two_imports,
    "two imports that share codes": overlapping_imports,
    "an import while stock runs out": import_and_sale,
    "mailing twice at once": duplicate("mailing: an order is ready"),
}


@pytest.mark.parametrize("name", MEETINGS)
def test_two_at_once_end_like_one_after_the_other(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total == len(report.calls) > 0
    keep(f"meeting: {name}", report)


def callback_after_restock(world: World) -> tuple[Case, Case]:
    """One process found the stock sold out; new codes come; another process claims of them."""
    world.stock("card", 1)
    placed, fresh = world.place({"card": 2}), world.new_codes("card", 2 * PER_CHUNK)
    event, world.restocked = world.paid(placed), True

    def restock_and_pay() -> bool:
        with world.remote.aside():
            assert world.hand_in("card", fresh, "more")
        return world.post(event)

    return Case(lambda: world.post(event)), Case(restock_and_pay)


DEATHS: dict[str, Meeting] = {
    "own chunk exhausted": duplicate("paying: own chunk exhausted meanwhile"),
    "paid late": duplicate("paying: late, after the order expired"),
    "sold out, then restocked": callback_after_restock,
}


@pytest.mark.parametrize("name", DEATHS)
def test_one_dies_in_the_middle_of_the_other(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = die_everywhere(made, *DEATHS[name](made))

    assert report.total > len(report.calls) > 0
    keep(f"death: {name}", report)
