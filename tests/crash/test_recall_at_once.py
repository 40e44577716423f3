"""Two invocations at once, one of which takes codes back: recalls, replacements, returns."""

import pytest

from tests.crash.breaking import Case, die_everywhere, meet_everywhere
from tests.crash.cases import Prepare
from tests.crash.figures import keep
from tests.crash.recall_cases import recalling, replacing, returning_some
from tests.crash.test_interleavings import Meeting
from tests.crash.world import PER_CHUNK, World, world
from tests.oracles.stripe_server import StripeServer


def twice(prepare: Prepare) -> Meeting:
    """The same request in two processes at the same time."""

    def prepared(world: World) -> tuple[Case, Case]:
        case = prepare(world)
        return case, case

    return prepared


def recall_and_payment(world: World) -> tuple[Case, Case]:
    recall, pay = _recalled_while_paid(world)
    return recall, pay


def payment_and_recall(world: World) -> tuple[Case, Case]:
    recall, pay = _recalled_while_paid(world)
    return pay, recall


def _recalled_while_paid(world: World) -> tuple[Case, Case]:
    """A batch is recalled while an order that points into it is paid. There is other stock."""
    world.stock("card", 2 * PER_CHUNK)
    recalled = world.shop.batches["card"]
    placed = world.place({"card": PER_CHUNK + 1})
    assert world.hand_in("card", world.new_codes("card", 2 * PER_CHUNK), "other")
    event = world.paid(placed)

    def expect() -> None:
        assert world.order(placed).state == "delivered"
        sold = world.shop.sold_codes("card", recalled)
        figures = world.shop.read_batch("card", recalled).json
        assert figures["sold"] == len(sold) == 2 * PER_CHUNK - figures["recalled"]

    return (
        Case(lambda: world.took(world.shop.recall("card", recalled)), expect),
        Case(lambda: world.post(event), expect),
    )


def recall_and_expiry(world: World) -> tuple[Case, Case]:
    recall, sweep = _recalled_while_let_go(world)
    return recall, sweep


def expiry_and_recall(world: World) -> tuple[Case, Case]:
    recall, sweep = _recalled_while_let_go(world)
    return sweep, recall


def _recalled_while_let_go(world: World) -> tuple[Case, Case]:
    """A batch is recalled while holds on it end: their codes must not come back on sale."""
    world.stock("card", 2 * PER_CHUNK, hold_minutes=10)
    world.place({"card": PER_CHUNK + 1})
    world.clock.advance(12)

    def expect() -> None:
        assert world.shop.place({"card": 1}).problem == "sold-out"
        assert world.shop.sold_codes("card") == []

    recall = Case(lambda: world.took(world.shop.recall("card")), expect)
    return recall, Case(world.sweep, lambda: None)


def import_and_recall(world: World) -> tuple[Case, Case]:
    """A batch is recalled while it is still being imported: it may be on sale before, never
    after."""
    world.shop.put_variant("card")
    codes = world.new_codes("card", 2 * PER_CHUNK)

    def hand_in() -> bool:
        reply = world.shop.import_codes("card", codes, idempotency_key="first")
        world.imported["card"] = codes
        return reply.problem == "batch-recalled" or world.took(reply)

    def recall() -> bool:
        with world.remote.aside():
            begun = [pk for item in world.items("stock") if "#batch#" in (pk := item["pk"])]
        batch_id = begun[0].rpartition("#")[2] if begun else "0123456789"
        reply = world.shop.recall("card", batch_id)
        return reply.problem == "batch-unknown" or world.took(reply)

    return Case(hand_in), Case(recall)


def return_and_reveal(world: World) -> tuple[Case, Case]:
    back, look = _returned_while_seen(world)
    return back, look


def reveal_and_return(world: World) -> tuple[Case, Case]:
    back, look = _returned_while_seen(world)
    return look, back


def _returned_while_seen(world: World) -> tuple[Case, Case]:
    """A shop takes codes back while their buyer looks at them: one of the two, never both."""
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 1})
    world.pay(placed)
    shown: list[int] = []

    def take_back() -> bool:
        reply = world.shop.take_back(placed)
        return reply.problem == "codes-revealed" or world.took(reply)

    def look() -> bool:
        reply = world.shop.reveal(placed)
        shown.append(len(reply.json["codes"]) if reply.status == 200 else 0)
        return world.took(reply)

    def expect() -> None:
        seen, returned = shown[-1], world.order(placed).lines[0].returned
        assert (seen, returned) in ((PER_CHUNK + 1, 0), (0, PER_CHUNK + 1))
        assert world.free("card") == PER_CHUNK - 1 + returned

    return Case(take_back, expect), Case(look)


def replacement_and_return(world: World) -> tuple[Case, Case]:
    """A shop replaces a code and takes the line back at once: one of the two."""
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": 2})
    world.pay(placed)

    def replace_one() -> bool:
        reply = world.shop.replace(placed)
        return reply.problem == "unit-unknown" or world.took(reply)

    def take_back() -> bool:
        reply = world.shop.take_back(placed)
        return reply.problem == "code-replaced" or world.took(reply)

    def expect() -> None:
        [line] = world.order(placed).lines
        assert (line.swap is None) == (line.returned == 2)

    return Case(replace_one, expect), Case(take_back)


def two_replacements(world: World) -> tuple[Case, Case]:
    """Two of the staff replace different codes of one line. One of the two is told."""
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": 2})
    world.pay(placed)
    free = world.free("card")

    def one(unit: int) -> bool:
        reply = world.shop.replace(placed, unit)
        return reply.problem == "code-replaced" or world.took(reply)

    def expect() -> None:
        assert world.order(placed).lines[0].swap
        assert world.free("card") == free - 1

    return Case(lambda: one(0), expect), Case(lambda: one(1))


def replacement_and_sale(world: World) -> tuple[Case, Case]:
    """The last code is bought while it is to replace another. One gets it, one is told."""
    world.stock("card", 2)
    placed = world.place({"card": 1})
    world.pay(placed)
    event = world.paid(world.place({"card": 1}))

    def replace_one() -> bool:
        reply = world.shop.replace(placed)
        return reply.problem == "sold-out" or world.took(reply)

    def expect() -> None:
        states = sorted(order.state for order in world.orders())
        swapped = world.order(placed).lines[0].swap is not None
        assert states == (["delivered", "refund_due"] if swapped else ["delivered", "delivered"])
        assert world.free("card") == 0

    return Case(replace_one, expect), Case(lambda: world.post(event))


def replacement_and_recall(world: World) -> tuple[Case, Case]:
    """The batch that a new code would come from is recalled."""
    world.stock("card", PER_CHUNK + 1)
    placed = world.place({"card": 1})
    world.pay(placed)

    def replace_one() -> bool:
        reply = world.shop.replace(placed)
        return reply.problem == "sold-out" or world.took(reply)

    return Case(replace_one), Case(lambda: world.took(world.shop.recall("card")))


MEETINGS: dict[str, Meeting] = {
    "recalling twice at once": twice(recalling),
    "a recall while an order is paid": recall_and_payment,
    "an order paid while its batch is recalled": payment_and_recall,
    "a recall while holds end": recall_and_expiry,
    "holds end while their batch is recalled": expiry_and_recall,
    "an import while its batch is recalled": import_and_recall,
    "codes returned while they are looked at": return_and_reveal,
    "codes looked at while they are returned": reveal_and_return,
    "returning twice at once": twice(returning_some),
    "replacing twice at once": twice(replacing),
    "two replacements in one line": two_replacements,
    "a replacement while its line is returned": replacement_and_return,
    "a replacement while the last code is sold": replacement_and_sale,
    "a replacement while its batch is recalled": replacement_and_recall,
}


@pytest.mark.parametrize("name", MEETINGS)
def test_two_at_once_end_like_one_after_the_other(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total == len(report.calls) > 0
    keep(f"meeting: {name}", report)


DEATHS: dict[str, Meeting] = {
    "replacing": twice(replacing),
    "returning": twice(returning_some),
}


@pytest.mark.parametrize("name", DEATHS)
def test_one_dies_in_the_middle_of_the_other(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = die_everywhere(made, *DEATHS[name](made))

    assert report.total > len(report.calls) > 0
    keep(f"death: {name}", report)
