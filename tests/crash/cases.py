"""The flows to break. Each prepares a world and hands back the event that its sender repeats."""

from collections.abc import Callable
from typing import Any

from scrip.domain.reveal_watch import LOWEST_LIMIT
from tests.crash.breaking import Case
from tests.crash.world import PER_CHUNK, World
from tests.shop import Reply

Prepare = Callable[[World], Case]
CASES: dict[str, Prepare] = {}

WINDOW_MINUTES = 60


def case(name: str) -> Callable[[Prepare], Prepare]:
    def add(prepare: Prepare) -> Prepare:
        CASES[name] = prepare
        return prepare

    return add


# --- placing -------------------------------------------------------------------------------------


@case("placing: one line")
def placing(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    return placing_case(world, {"card": 1})


@case("placing: several lines, on the hosted page")
def placing_hosted(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    world.stock("pass", PER_CHUNK, price=999)
    return placing_case(world, {"card": 2, "pass": 1}, return_url="https://shop.example/thanks")


def placing_case(world: World, lines: dict[str, int], **more: Any) -> Case:
    answers: list[Reply] = []

    def event() -> bool:
        reply = world.shop.place(lines, idempotency_key="the-order", **more)
        if world.took(reply):
            answers.append(reply)
        return reply.status == 201

    def expect() -> None:
        [order] = world.orders()
        assert order.state == "pending"
        body = answers[-1].json
        assert body["order"]["order_id"] == order.order_id
        assert body["payment"]["reference"] == order.payment_ref
        assert body["payment"]["client_secret"] or body["payment"]["checkout_url"]

    return Case(event, expect, again_calls=4)


# --- paying --------------------------------------------------------------------------------------


@case("paying: one code")
def paying(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    return paying_case(world, world.place({"card": 1}))


@case("paying: the last code of a chunk")
def paying_last_of_chunk(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    for _ in range(PER_CHUNK - 1):
        world.pay(world.place({"card": 1}))
    return paying_case(world, world.place({"card": 1}))


@case("paying: a quantity over several chunks")
def paying_many(world: World) -> Case:
    world.stock("card", 4 * PER_CHUNK)
    return paying_case(world, world.place({"card": 2 * PER_CHUNK + 1}))


@case("paying: several lines")
def paying_lines(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    world.stock("pass", 2 * PER_CHUNK, price=999)
    world.stock("gift", 1, price=100)
    return paying_case(world, world.place({"card": 1, "pass": PER_CHUNK + 1, "gift": 1}))


@case("paying: own chunk exhausted meanwhile")
def paying_moved(world: World) -> Case:
    world.stock("card", 3 * PER_CHUNK)
    return paying_case(world, beaten(world, {"card": 1}, left=2 * PER_CHUNK))


@case("paying: sold out meanwhile")
def paying_sold_out(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    return paying_case(world, beaten(world, {"card": 1}, left=0), "refund_due")


@case("paying: partly sold out meanwhile")
def paying_partly_sold_out(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    world.stock("pass", PER_CHUNK, price=999)
    return paying_case(world, beaten(world, {"card": 3, "pass": 1}, left=2), "refund_due")


@case("paying: late, after the order expired")
def paying_late(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": 1})
    let_expire(world)
    assert world.order(placed).state == "expired"
    return paying_case(world, placed)


@case("paying: a second payment of one order")
def paying_twice(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": 1})
    world.pay(placed)
    return _paying_again(world, placed)


def paying_case(world: World, placed: Reply, state: str = "delivered") -> Case:
    event = world.paid(placed)

    def expect() -> None:
        assert world.order(placed).state == state

    return Case(lambda: world.post(event), expect, again_calls=2)


def _paying_again(world: World, placed: Reply) -> Case:
    event = world.paid(placed, id="pi_second")

    def expect() -> None:
        [item] = [item for item in world.items("orders") if "stray#stripe#pi_second" in item]
        assert item["state"] == "delivered"

    return Case(lambda: world.post(event), expect, again_calls=3)


def beaten(world: World, lines: dict[str, int], left: int) -> Reply:
    """An order that others overtook: they drained its own chunk, and left `left` codes at most."""
    placed = world.place(lines)
    chunk = world.order(placed).lines[0].chunk
    assert chunk
    own = f"#card#{chunk.lane}#{chunk.number}"
    while True:
        free = {item["pk"]: len(item["free"]) for item in world.items("stock") if "free" in item}
        cards = {pk: count for pk, count in free.items() if "#card#" in pk}
        drained = not any(count for pk, count in cards.items() if pk.endswith(own))
        if sum(cards.values()) <= left and (drained or not left):
            return placed
        world.pay(world.place({"card": 1}))


def let_expire(world: World) -> None:
    world.clock.advance(WINDOW_MINUTES + 2)
    assert world.sweep()


# --- importing -----------------------------------------------------------------------------------


@case("importing: the first batch")
def importing(world: World) -> Case:
    world.shop.put_variant("card")
    return _importing(world, codes=3 * PER_CHUNK - 1)


@case("importing: a batch behind others")
def importing_more(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    return _importing(world, codes=PER_CHUNK + 1)


def _importing(world: World, codes: int) -> Case:
    fresh = world.new_codes("card", codes)
    return Case(lambda: world.hand_in("card", fresh, "the-import"), again_calls=4)


# --- delivering ----------------------------------------------------------------------------------


@case("publishing: an order is ready")
def publishing(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    world.pay(world.place({"card": 2}))
    return Case(world.publish, lambda: _at_least_one(world.messages()), again_calls=0)


@case("mailing: an order is ready")
def mailing(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    world.pay(world.place({"card": 2}))
    assert world.publish()
    return Case(world.mail, lambda: _at_least_one(world.mails()), pause_minutes=3.0, again_calls=0)


@case("revealing: three codes")
def revealing(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 1})
    world.pay(placed)
    seen: list[list[str]] = []

    def event() -> bool:
        reply = world.shop.reveal(placed)
        if reply.status == 200:
            seen.append([each["code"] for each in reply.json["codes"]])
        return world.took(reply)

    def expect() -> None:
        assert len(set(seen[-1])) == PER_CHUNK + 1
        assert set(seen[-1]) <= set(world.imported["card"])
        assert all(codes == seen[0] for codes in seen)
        assert len(world.items("audit")) >= 1

    return Case(event, expect, again_calls=6)


def _at_least_one(sent: list[Any]) -> None:
    assert sent


@case("revealing: unusually many")
def revealing_many(world: World) -> Case:
    world.stock("card", 8 * PER_CHUNK)
    placed = world.place({"card": 7 * PER_CHUNK})
    world.pay(placed)
    world.merchant_chooses(reveal_limit=LOWEST_LIMIT)

    def expect() -> None:
        told = [item for item in world.items("audit") if item["act"] == "unusual_reveals"]
        # Whoever dies between counting and telling leaves it to the next reveal of the hour.
        world.cold_start()
        assert world.shop.reveal(placed).status == 200
        again = [item for item in world.items("audit") if item["act"] == "unusual_reveals"]
        assert len(again) == 1
        assert told in ([], again)

    return Case(lambda: world.took(world.shop.reveal(placed)), expect)


@case("masked: staff look at an order")
def viewing_masked(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    placed = world.place({"card": 2})
    world.pay(placed)

    def expect() -> None:
        assert "masked_view" in [item["act"] for item in world.items("audit")]

    return Case(lambda: world.took(world.shop.masked(placed)), expect, again_calls=7)


# --- shredding -----------------------------------------------------------------------------------


@case("shredding: a batch that is sold out")
def shredding_batch(world: World) -> Case:
    world.stock("card", PER_CHUNK)
    placed = world.place({"card": PER_CHUNK})
    world.pay(placed)

    def expect() -> None:
        [batch] = [item for item in world.items("stock") if "sealed_key" in item]
        assert batch["shredded_at_ms"]
        assert world.shop.reveal(placed).problem == "codes-shredded"
        assert "shredded" in [item["act"] for item in world.items("audit")]

    return Case(lambda: world.took(world.shop.shred_batch("card")), expect, again_calls=2)


@case("shredding: one sold code")
def shredding_unit(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    placed = world.place({"card": PER_CHUNK + 1})
    world.pay(placed)

    def expect() -> None:
        shown = world.shop.reveal(placed).json
        assert (len(shown["codes"]), shown["shredded"]) == (PER_CHUNK, 1)
        assert "shredded" in [item["act"] for item in world.items("audit")]

    event = lambda: world.took(world.shop.shred_unit(placed, unit=PER_CHUNK))  # noqa: E731
    return Case(event, expect, again_calls=6)


# --- expiring ------------------------------------------------------------------------------------


@case("expiring: two due, one paid, one not due")
def expiring(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK)
    due = [world.place({"card": 1}), world.place({"card": 2})]
    paid = world.place({"card": 1})
    world.pay(paid)
    world.clock.advance(WINDOW_MINUTES + 2)
    young = world.place({"card": 1})

    def expect() -> None:
        assert [world.order(placed).state for placed in due] == ["expired", "expired"]
        assert world.order(paid).state == "delivered"
        assert world.order(young).state == "pending"
        assert [item["place"] for item in world.items("orders") if "place" in item]

    return Case(world.sweep, expect)


# --- the merchant's own --------------------------------------------------------------------------


@case("selling: a product and its variant")
def selling(world: World) -> Case:
    path = "/v1/merchant/products/card"
    price = {"title": "Card", "price_minor": 4500, "currency": "EUR"}

    def event() -> bool:
        product = world.shop.call("PUT", path, {"title": "Card"}, key="operator")
        return world.took(product) and world.took(
            world.shop.call("PUT", f"{path}/variants/card", price, key="operator")
        )

    def expect() -> None:
        kept = [item["sk"] for item in world.items("catalogue")]
        assert sorted(kept) == ["product#card", "variant#card"]

    return Case(event, expect, again_calls=7)


@case("keys: issuing one")
def issuing(world: World) -> Case:
    issued: list[str] = []

    def event() -> bool:
        body = {"scope": "finance", "label": "books"}
        reply = world.shop.call("POST", "/v1/merchant/keys", body, key="operator")
        if world.took(reply):
            issued.append(reply.json["secret"])
        return reply.status == 201

    def expect() -> None:
        # A key whose credential never reached anybody opens nothing, and can be revoked.
        assert world.shop.call("GET", "/v1/merchant/orders", key=issued[-1]).status == 200

    return Case(event, expect)


@case("keys: revoking one")
def revoking(world: World) -> Case:
    path = "/v1/merchant/keys/" + world.shop.keys["storefront"].split("_")[2]

    def event() -> bool:
        reply = world.shop.call("DELETE", path, key="operator")
        return reply.problem == "key-unknown" or world.took(reply)

    def expect() -> None:
        assert world.shop.call("GET", "/v1/products", key="storefront").status == 401

    return Case(event, expect, again_calls=2)
