"""The flows that hold codes before they are paid, and let them go."""

from scrip.domain.order import ExpiredOrder
from tests.crash.breaking import Case
from tests.crash.cases import beaten, case, let_expire, paying_case, placing_case
from tests.crash.world import PER_CHUNK, World
from tests.shop import Reply


@case("holding: two lines, one held over several chunks")
def holding(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    world.stock("seat", 2 * PER_CHUNK, hold_minutes=10)
    return placing_case(world, {"card": 1, "seat": PER_CHUNK + 1})


@case("holding: too little is left")
def holding_too_little(world: World) -> Case:
    world.stock("seat", PER_CHUNK + 1, hold_minutes=10)
    answers: list[Reply] = []

    def event() -> bool:
        reply = world.shop.place({"seat": PER_CHUNK + 2}, idempotency_key="the-order")
        answers.append(reply)
        return reply.problem == "sold-out"

    def expect() -> None:
        [order] = world.orders()
        assert isinstance(order, ExpiredOrder)
        assert order.turned_away
        assert world.free("seat") == PER_CHUNK + 1

    return Case(event, expect, again_calls=3)


@case("paying: what is held")
def paying_held(world: World) -> Case:
    world.stock("seat", 2 * PER_CHUNK, hold_minutes=10)
    return paying_case(world, world.place({"seat": PER_CHUNK + 1}))


@case("paying: late, after a hold was let go")
def paying_held_late(world: World) -> Case:
    world.stock("seat", 2 * PER_CHUNK, hold_minutes=10)
    placed = world.place({"seat": PER_CHUNK + 1})
    let_expire(world)
    assert world.free("seat") == 2 * PER_CHUNK
    return paying_case(world, placed)


@case("paying: all or nothing, and stock falls short")
def paying_whole(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK, partial=False)
    world.stock("pass", PER_CHUNK + 1, price=999)
    placed = beaten(world, {"card": 3, "pass": 2}, left=2)
    return paying_case(world, placed, "refund_due")


@case("expiring: holds of several orders, one of them paid")
def expiring_holds(world: World) -> Case:
    world.stock("seat", 3 * PER_CHUNK, hold_minutes=10)
    world.stock("card", PER_CHUNK)
    due = [world.place({"seat": 1}), world.place({"seat": PER_CHUNK, "card": 1})]
    paid = world.place({"seat": 1})
    world.pay(paid)
    world.clock.advance(12)

    def expect() -> None:
        assert [world.order(placed).state for placed in due] == ["expired", "expired"]
        assert world.order(paid).state == "delivered"
        assert world.free("seat") == 3 * PER_CHUNK - 1

    return Case(world.sweep, expect)


@case("expiring: holds that count against who left them")
def counting_unpaid(world: World) -> Case:
    world.stock("seat", 3 * PER_CHUNK, hold_minutes=10)
    for ip in ("203.0.113.1", "203.0.113.1", "203.0.113.2"):
        world.place({"seat": 1}, buyer_ip=ip)
    world.clock.advance(12)

    def expect() -> None:
        tallies = [item for item in world.items("orders") if "#unpaid#" in item["pk"]]
        by_kind = sorted((item["pk"].split("#")[2][0], len(item["unpaid"])) for item in tallies)
        assert [each for each in by_kind if each[0] != "c"] == [("a", 1), ("a", 2), ("b", 3)]

    return Case(world.sweep, expect)


@case("expiring: a hold whose order is read after its time")
def expiring_on_contact(world: World) -> Case:
    world.stock("seat", PER_CHUNK, hold_minutes=10)
    placed = world.place({"seat": 2})
    world.clock.advance(16)

    def event() -> bool:
        reply = world.shop.read(placed)
        return world.took(reply) and bool(reply.json["state"] == "expired")

    return Case(event, lambda: _equal(world.free("seat"), PER_CHUNK), again_calls=2)


def _equal(seen: object, expected: object) -> None:
    assert seen == expected
