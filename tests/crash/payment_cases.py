"""Payments that do not fit their order, to break."""

from typing import Any

from scrip.adapters.order_items import strays_of
from scrip.contracts.callbacks import replay_event
from scrip.domain.order import RefundDueOrder
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import PER_CHUNK, World
from tests.in_memory import CALLBACKS
from tests.oracles.stripe_server import sign


def paying(world: World, again_calls: int, **changes: Any) -> Case:
    """An order for one code is paid with these changes; nothing of it may be delivered."""
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": 1})
    event = world.paid(placed, **changes)

    def expect() -> None:
        [item] = [item for item in world.items("orders") if "state" in item]
        [stray] = strays_of(item)
        assert stray.payment.transaction_id == placed.json["payment"]["reference"]
        assert item["state"] == "pending"
        assert world.free("card") == 2 * PER_CHUNK

    return Case(lambda: world.post(event), expect, again_calls=again_calls)


@case("paying: too little")
def too_little(world: World) -> Case:
    return paying(world, 2, amount_received=1)


@case("paying: too much, and the merchant wants to give it back")
def too_much_given_back(world: World) -> Case:
    world.merchant_chooses(payment_policy={"over": "refund"})
    return paying(world, 2, amount_received=4501)


@case("paying: too much, delivered, and the rest is owed")
def too_much_delivered(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    event = world.paid(world.place({"card": 1}), amount_received=4501)

    def expect() -> None:
        [order] = world.orders()
        assert isinstance(order, RefundDueOrder)
        assert order.owed_minor == 1
        assert world.free("card") == 2 * PER_CHUNK - 1

    return Case(lambda: world.post(event), expect, again_calls=2)


@case("replaying: a payment whose order was not there when it came")
def replaying(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": 1})
    table = world.cloud.table("orders")
    pk = {"pk": f"demo#{placed.json['order']['order_id']}"}
    order = table.get_item(Key=pk)["Item"]
    table.delete_item(Key=pk)
    event = world.paid(placed)
    signature = sign(event, at=world.clock.at_ms // 1000)
    assert world.shop.callback(event, signature).problem == "order-unknown"
    table.put_item(Item=order)
    [unmatched] = world.objects(CALLBACKS)

    def replay() -> bool:
        answer = world.cloud.invoke("api_accept_payment", replay_event(unmatched))
        assert answer["statusCode"] in (200, 503), answer["body"]
        return bool(answer["statusCode"] == 200)

    def expect() -> None:
        assert world.order(placed).state == "delivered"
        assert world.free("card") == 2 * PER_CHUNK - 1
        kept = {key.split("/")[1] for key in world.objects(CALLBACKS)}
        assert kept == {"unmatched", placed.json["order"]["order_id"]}

    return Case(replay, expect, pause_minutes=600.0, again_calls=4)
