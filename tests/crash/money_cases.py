"""Events about money and the mail of them, to break."""

import json
from typing import Any

from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.world import World

AT = 1_790_000_000
TWICE = "was paid more than once"
DISPUTED = "a payment is disputed"


def happened(world: World) -> None:
    """An order was paid twice and is disputed."""
    world.merchant_chooses(notify_email="boss@shop.example")
    world.stock("card", 3)
    placed = world.place({"card": 1})
    world.pay(placed)
    assert world.post(world.paid(placed, id="pi_second"))
    about = world.stripe.dispute(placed.json["payment"]["reference"], "needs_response")
    assert world.post(world.stripe.event("charge.dispute.created", about, created=AT))


def events(world: World) -> list[dict[str, Any]]:
    return [json.loads(item["body"]) for item in world.items("notifications") if "body" in item]


def subjects(world: World) -> list[str]:
    """Of what the merchant got, without the order's name."""
    return [
        next((end for end in (TWICE, DISPUTED) if mail.subject.endswith(end)), mail.subject)
        for mail in world.mails()
        if mail.destinations["ToAddresses"] == ["boss@shop.example"]
    ]


@case("publishing: money came besides, and a dispute")
def publishing(world: World) -> Case:
    happened(world)

    def expect() -> None:
        assert sorted(each["type"] for each in events(world)) == ["dispute.opened", "payment.stray"]
        assert world.mail()
        assert sorted(subjects(world)) == sorted([DISPUTED, TWICE])

    return Case(world.publish, expect, again_calls=0)


@case("mailing: events about money")
def mailing(world: World) -> Case:
    happened(world)
    assert world.publish()

    def expect() -> None:
        assert world.messages() == []
        assert set(subjects(world)) == {DISPUTED, TWICE}

    return Case(world.mail, expect, pause_minutes=2)
