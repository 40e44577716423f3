"""The flows that take codes back: a batch recalled, a bad code replaced, unseen ones returned."""

import pytest

from scrip.domain.order import RefundDueOrder, SettledOrder
from tests.crash.breaking import Case
from tests.crash.cases import case, let_expire
from tests.crash.remote import Fault, Killed, Mode
from tests.crash.world import PER_CHUNK, World
from tests.shop import Reply


@case("recalling: a batch that is partly sold")
def recalling(world: World) -> Case:
    world.stock("card", 4 * PER_CHUNK)
    world.pay(world.place({"card": PER_CHUNK + 1}))
    return recalling_case(world, unsold=3 * PER_CHUNK - 1)


@case("recalling: a batch of which codes came back")
def recalling_returned(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK, hold_minutes=10)
    world.place({"card": PER_CHUNK + 1})
    let_expire(world)
    return recalling_case(world, unsold=2 * PER_CHUNK)


def recalling_case(world: World, unsold: int) -> Case:
    def expect() -> None:
        seen = world.shop.read_batch("card").json
        assert (seen["state"], seen["complete"], seen["recalled"]) == ("recalled", True, unsold)
        assert "recalled" in [item["act"] for item in world.items("audit")]

    return Case(lambda: world.took(world.shop.recall("card")), expect, again_calls=3)


# --- replacing -----------------------------------------------------------------------------------


@case("replacing: a bad code")
def replacing(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    return replacing_case(world, _bought(world, 2))


@case("replacing: the chunk of an intent was emptied meanwhile")
def replacing_moved(world: World) -> Case:
    world.stock("card", 3 * PER_CHUNK)
    placed = _bought(world, 1)
    dies = Fault(_claim_at(world, placed), Mode.KILLED_BEFORE)
    with world.remote.watch(dies), pytest.raises(Killed):
        world.shop.replace(placed)
    world.cold_start()
    [swap] = [line.swap for line in world.order(placed).lines]
    assert swap
    while world.free_in("card", swap.chunk):
        _bought(world, 1)
    return replacing_case(world, placed)


@case("replacing: nothing is left")
def replacing_sold_out(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    placed = _bought(world, PER_CHUNK)

    def event() -> bool:
        reply = world.shop.replace(placed)
        return reply.problem == "sold-out" or not world.took(reply)

    def expect() -> None:
        [line] = world.order(placed).lines
        assert line.swap is None

    return Case(event, expect, again_calls=5)


def replacing_case(world: World, placed: Reply) -> Case:
    before = world.free("card")

    def expect() -> None:
        [line] = world.order(placed).lines
        assert line.swap
        assert line.swap.claimed
        assert world.free("card") == before - 1
        assert "replaced" in [item["act"] for item in world.items("audit")]

    return Case(lambda: world.took(world.shop.replace(placed)), expect, again_calls=2)


def _bought(world: World, quantity: int) -> Reply:
    placed = world.place({"card": quantity})
    world.pay(placed)
    return placed


def _claim_at(world: World, placed: Reply) -> int:
    """The number of the call that claims the new code."""
    restore = world.snapshot()
    with world.remote.watch() as calls:
        assert world.shop.replace(placed).status == 200
    restore()
    return max(at for at, name in enumerate(calls, 1) if name == "dynamodb:UpdateItem") - 1


# --- taking back ---------------------------------------------------------------------------------


@case("returning: a line over several chunks")
def returning(world: World) -> Case:
    world.stock("card", 3 * PER_CHUNK)
    return returning_case(world, _bought(world, PER_CHUNK + 1), None, PER_CHUNK + 1)


@case("returning: some units")
def returning_some(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    return returning_case(world, _bought(world, PER_CHUNK + 1), 2, 2)


def returning_case(world: World, placed: Reply, units: int | None, returned: int) -> Case:
    before = world.free("card")

    def expect() -> None:
        order = world.order(placed)
        assert isinstance(order, RefundDueOrder)
        assert order.lines[0].returned == returned
        assert order.refund_due.amount_minor == returned * 4500
        assert world.free("card") == before + returned
        assert "returned" in [item["act"] for item in world.items("audit")]

    return Case(lambda: world.took(world.shop.take_back(placed, units)), expect, again_calls=2)


@case("revealing: for the first time")
def revealing_first(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    placed = _bought(world, 1)

    def expect() -> None:
        order = world.order(placed)
        assert isinstance(order, SettledOrder)
        assert order.revealed_at_ms
        assert world.shop.take_back(placed).problem == "codes-revealed"

    return Case(lambda: world.took(world.shop.reveal(placed)), expect)
