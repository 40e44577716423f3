"""The watch over stock: moving out what has ended, and telling the merchant."""

from scrip.adapters.tables import Item
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import PER_CHUNK, World
from tests.ending import give_an_end

HALF_AN_HOUR_MS = 30 * 60_000


@case("watching: what has ended, of two batches, one code of it sold")
def watching_ended(world: World) -> Case:
    world.stock("card", 2 * PER_CHUNK, hold_minutes=60)
    world.pay(world.place({"card": 1}))
    give_an_end(world.cloud.table("stock"), "card", world.clock.at_ms + HALF_AN_HOUR_MS)
    assert world.hand_in("card", world.new_codes("card", PER_CHUNK), "second")
    give_an_end(world.cloud.table("stock"), "card", world.clock.at_ms + HALF_AN_HOUR_MS - 1)
    assert world.hand_in("card", world.new_codes("card", 8), "third")
    world.clock.advance(31)

    def expect() -> None:
        assert directory_of(world)["expired"] == 3 * PER_CHUNK - 1
        assert len(directory_of(world)["ranges"]) == 1

    return Case(world.watch, expect, again_calls=12)


@case("watching: a hold comes back of what was moved out")
def coming_back_late(world: World) -> Case:
    world.stock("card", PER_CHUNK + 1, hold_minutes=40)
    held = world.place({"card": 2})
    give_an_end(world.cloud.table("stock"), "card", world.clock.at_ms + HALF_AN_HOUR_MS)
    world.clock.advance(31)
    assert world.watch()
    assert directory_of(world)["expired"] == PER_CHUNK - 1
    world.clock.advance(10)

    def expect() -> None:
        assert world.order(held).state == "expired"
        assert directory_of(world)["expired"] == PER_CHUNK + 1

    return Case(world.sweep, expect)


@case("watching: stock is low, ends soon and is sold out")
def watching_low(world: World) -> Case:
    world.merchant_chooses(notify_email="boss@shop.example")
    world.stock("card", 4)
    give_an_end(world.cloud.table("stock"), "card", world.clock.at_ms + HALF_AN_HOUR_MS)
    world.stock("pass", 1)
    world.pay(world.place({"pass": 1}))

    def expect() -> None:
        assert world.mail()
        subjects = [mail.subject for mail in world.mails()]
        assert sorted(subjects) == ["card: codes end soon", "card: stock is low", "pass: sold out"]

    return Case(world.watch, expect, again_calls=12)


@case("mailing: a warning about stock")
def mailing_warning(world: World) -> Case:
    world.merchant_chooses(notify_email="boss@shop.example")
    world.stock("card", 4)
    assert world.watch()

    def expect() -> None:
        assert world.messages() == []
        assert {mail.subject for mail in world.mails()} == {"card: stock is low"}

    return Case(world.mail, expect, pause_minutes=2)


def directory_of(world: World, variant: str = "card") -> Item:
    pk = f"{world.shop.merchant_id}#{variant}#directory"
    return next(item for item in world.items("stock") if item["pk"] == pk)
