"""Orders of resellers, to break: placed and paid from a balance, and given back."""

from collections.abc import Callable
from unittest import mock

from scrip.adapters.public_https import PublicHttps
from scrip.domain.line import Fate
from scrip.domain.order import SettledOrder
from scrip.domain.refund import RefundState
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.refund_cases import all_followed_up, records
from tests.crash.topping import charging
from tests.crash.world import PER_CHUNK, World
from tests.reselling import Desk, ResellerClient, open_account
from tests.shop import InProcess, Reply
from tests.topping_up import VARIANT

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


@case("reselling: an order that died is found by asking")
def order_found(world: World) -> Case:
    """Its reseller never sends it again."""
    world.stock("card", 2 * PER_CHUNK)
    desk, client = reseller(world)
    with mock.patch("functions.api_serve_resellers.handler.take"):
        assert client.order("card").json["state"] == "underway"
    world.clock.advance(2.5)

    def found() -> bool:
        """The next time it is asked about is minutes later."""
        swept, [order] = world.sweep(), world.orders()
        return swept and order.state == "delivered"

    def expect() -> None:
        [order] = world.orders()
        assert order.state == "delivered"
        assert proved(world, desk) == [-4500, PAID_IN]

    return Case(found, expect, pause_minutes=4)


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


@case("reselling: a top-up is called off")
def calling_off(world: World) -> Case:
    """Who dies after the unit, before the order, is told by whoever calls off again."""
    charging(world)
    desk, client = reseller(world)
    assert client.order(VARIANT, 2).json["state"] == "underway"

    def event() -> bool:
        return world.took(client.cancel())

    def expect() -> None:
        [order] = world.orders()
        assert order.state == "refund_due"
        assert order.lines[0].fates == (Fate.FAILED,) * 2
        assert proved(world, desk) == [-6000, PAID_IN]

    return Case(event, expect, again_calls=7)


@case("reselling: a reseller is told")
def telling(world: World) -> Case:
    """Taken at the second try, and told at least once, always the same."""
    world.stock("card", PER_CHUNK)
    desk, client = reseller(world)
    with world.remote.aside():
        desk.resellers.change("demo", "outlet", {"callback_url": "https://outlet.example/"})
    assert client.order("card").json["state"] == "delivered"
    assert world.publish()
    told: list[tuple[str, bytes]] = []

    def post(_url: str, headers: dict[str, str], body: bytes) -> int:
        told.append((headers["webhook-id"], body))
        return 500 if len(told) == 1 else 204

    https = mock.patch.object(PublicHttps, "post", lambda _, *given: post(*given))
    world.exits.enter_context(https)

    def snapshot() -> Callable[[], None]:
        queued = list(world.queued("resale"))

        def restore() -> None:
            told.clear()
            world.queued("resale")[:] = queued

        return restore

    world.also_kept.append(snapshot)

    def event() -> bool:
        """The queue hands over what it has, until it has nothing."""
        queue = world.queued("resale")
        while queue:
            world.clock.advance(0.1)
            record = {"messageId": queue[0].id, "body": queue[0].body}
            answer = world.cloud.invoke("queue_tell_resellers", {"Records": [record]})
            if answer["batchItemFailures"]:
                return False
            queue.pop(0)
        return True

    def expect() -> None:
        assert len(told) >= 2
        assert len(set(told)) == 1
        assert b'"state":"delivered"' in told[0][1]

    return Case(event, expect)
