"""Orders of resellers, to break: placed and paid from a balance, and given back."""

from scrip.domain.order import SettledOrder
from scrip.domain.refund import RefundState
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.refund_cases import all_followed_up, records
from tests.crash.world import PER_CHUNK, World
from tests.reselling import Desk, ResellerClient, open_account
from tests.shop import InProcess, Reply

PAID_IN = 100_000


def reseller(world: World, paid_in: int = PAID_IN) -> tuple[Desk, ResellerClient]:
    with world.remote.aside():
        desk = open_account(world.cloud.values, world.shop.merchant_id, balance=paid_in)
    carrier = InProcess(world.cloud)
    return desk, ResellerClient(carrier, now=lambda: world.clock.at_ms / 1000)


def proved(world: World, desk: Desk) -> list[int]:
    """Every movement, smallest first; the balance is what they come to."""
    with world.remote.aside():
        balance, moved = desk.proved(), sorted(desk.moved())
    assert balance == sum(moved)
    assert balance >= 0
    return moved


@case("reselling: an order is placed, paid and delivered")
def ordering(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    desk, client = reseller(world)
    answers: list[Reply] = []

    def event() -> bool:
        answers.append(client.order("card", PER_CHUNK + 1))
        return world.took(answers[-1])

    def expect() -> None:
        [order] = world.orders()
        assert order.state == answers[-1].json["state"] == "delivered"
        assert proved(world, desk) == [-4500 * (PER_CHUNK + 1), PAID_IN]

    return Case(event, expect, again_calls=9)


@case("reselling: the balance does not cover an order")
def uncovered(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    desk, client = reseller(world, 4499)

    def event() -> bool:
        reply = client.order("card")
        return reply.problem == "balance-insufficient" or world.took(reply)

    def expect() -> None:
        assert world.orders() == []
        assert proved(world, desk) == [4499]

    return Case(event, expect, again_calls=12)


@case("reselling: what stock could not fill comes back to the balance")
def giving_back(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    desk, client = reseller(world)
    assert client.order("card", PER_CHUNK + 1).json["state"] == "failed"

    def expect() -> None:
        [record] = records(world)
        assert [each.state for each in record.refunds] == [RefundState.SUCCEEDED]
        assert isinstance(record.order, SettledOrder)
        paid = 4500 * (PER_CHUNK + 1)
        assert proved(world, desk) == [-paid, paid, PAID_IN]

    return Case(lambda: all_followed_up(world), expect, again_calls=4)
