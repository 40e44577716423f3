"""A generated key, from the shelf to the device that uses it."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import pytest

from scrip.domain.errors import OrderNotReadable
from scrip.domain.key_pattern import Pattern, normalise
from tests.contents import contents
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.generated import ask, sell_generated
from tests.in_memory import InMemory
from tests.outbox import publish, queued_event, sent_mail
from tests.shop import Reply, Shop


def bought(shop: Shop, **lines: int) -> Reply:
    placed = shop.place(lines)
    assert placed.status == 201, placed.text
    assert shop.pay(placed).json == {"outcome": "delivered"}
    return placed


def test_it_is_always_in_stock_and_delivered_at_once(cloud: InMemory, shop: Shop) -> None:
    sell_generated(shop, "editor", activation_limit=2)
    [offer] = shop.call("GET", "/v1/products", key="storefront").json["products"]
    assert offer["kind"] == "generated_key"
    assert offer["variants"][0]["in_stock"] is True

    placed = bought(shop, editor=3)

    assert shop.read(placed).json["lines"][0]["claimed"] == 3
    assert contents(cloud)["generated_keys"] == []  # nothing was made yet
    keys = shop.codes(placed)
    assert len({normalise(Pattern(), key) for key in keys} - {None}) == 3
    assert len(contents(cloud)["generated_keys"]) == 3
    assert shop.codes(placed) == keys


def test_a_number_of_keys_sells_out(shop: Shop) -> None:
    sell_generated(shop, "editor", supply="counted")
    path, more = "/v1/merchant/variants/editor/units", {"idempotency-key": "five"}
    added = shop.call("POST", path, {"units": 3}, key="operator", headers=more)
    assert added.status == 200, added.text

    keys = shop.codes(bought(shop, editor=2))

    assert len({normalise(Pattern(), key) for key in keys} - {None}) == 2
    short = shop.place({"editor": 2})
    assert shop.pay(short).json == {"outcome": "refund_due"}
    assert len(shop.codes(short)) == 1
    assert shop.place({"editor": 1}).problem == "sold-out"


def test_it_is_sold_beside_codes_and_shown_line_by_line(stocked: Shop) -> None:
    sell_generated(stocked, "editor")

    shown = stocked.reveal(bought(stocked, editor=1, **{"card-50": 2})).json["codes"]

    assert [(each["line"], each["variant_id"]) for each in shown] == [
        (0, "editor"),
        (1, "card-50"),
        (1, "card-50"),
    ]


def test_the_key_that_was_shown_works_on_as_many_devices_as_it_may(shop: Shop) -> None:
    sell_generated(shop, "editor", activation_limit=1, validity_days=30)
    placed = bought(shop, editor=1)
    [key] = shop.codes(placed)
    delivered_at_ms = shop.read(placed).json["delivered_at_ms"]

    activated = ask(shop, "activate", key=key)

    assert activated.json["valid_until_ms"] == delivered_at_ms + 30 * 86_400_000
    assert ask(shop, "activate", key=key, device="device-2").status == 409
    assert ask(shop, "validate", key=key).json["status"] == "valid"


def test_it_ends_so_many_days_after_delivery_whenever_it_is_read(shop: Shop, clock: Clock) -> None:
    sell_generated(shop, "editor", validity_days=30)
    placed = bought(shop, editor=1)
    clock.ahead_ms = 30 * 86_400_000

    [key] = shop.codes(placed)

    assert ask(shop, "activate", key=key).problem == "generated-key-expired"


def test_nothing_is_shown_of_an_order_that_is_not_paid(cloud: InMemory, shop: Shop) -> None:
    sell_generated(shop, "editor")

    refused = shop.reveal(shop.place({"editor": 1}))

    assert is_refused(refused, OrderNotReadable)
    assert contents(cloud)["generated_keys"] == []


def test_a_licence_names_the_buyer_and_can_be_activated(shop: Shop) -> None:
    sell_generated(shop, "editor", licence={"features": ["pro"]})
    [licence] = shop.codes(bought(shop, editor=1))

    said = json.loads(urlsafe_b64decode(licence.split(".")[1] + "=="))

    assert (said["holder"], said["product"], said["features"]) == (
        "buyer@example.com",
        "editor",
        ["pro"],
    )
    wrapped = "\n".join(licence[at : at + 70] for at in range(0, len(licence), 70))
    assert ask(shop, "activate", key=wrapped).json["activations"] == 1
    forged = licence[:-10] + "AAAAAAAAAA"
    assert ask(shop, "activate", key=forged).status in (404, 422)


@pytest.mark.parametrize("generated", [{}, {"licence": {}}])
def test_the_mail_and_the_reveal_show_the_same_key(
    cloud: InMemory, open_another: Callable[..., Shop], generated: dict[str, Any]
) -> None:
    shop = open_another("mailing", mail_codes=True)
    sell_generated(shop, "editor", **generated)
    placed = bought(shop, editor=2)
    publish(cloud)

    cloud.invoke("queue_send_mail", queued_event(cloud))

    [mail] = sent_mail()
    keys = shop.codes(placed)
    assert len(set(keys)) == 2
    assert all(f"{key}\n" in mail.body for key in keys)
    assert len(contents(cloud)["generated_keys"]) == 2


def test_orders_of_other_merchants_get_other_keys(open_another: Callable[..., Shop]) -> None:
    shown = []
    for merchant_id in ("one", "two"):
        shop = open_another(merchant_id)
        sell_generated(shop, "editor")
        shown += shop.codes(bought(shop, editor=1))

    assert len(set(shown)) == 2
