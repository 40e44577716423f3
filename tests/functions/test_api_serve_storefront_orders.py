"""The storefront's API: buyers read their orders and codes, nobody else does."""

from collections.abc import Callable

import pytest

from scrip.domain import errors
from tests.contents import contents, nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import CODES, Clock
from tests.in_memory import InMemory, forget_adapters
from tests.shop import Shop

DAY_MS = 86_400_000


def test_a_reveal_is_recorded_before_it_is_answered(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 2})
    stocked.pay(placed)

    shown = stocked.codes(placed)

    assert len(set(shown) & set(CODES)) == 2
    [entry] = contents(cloud)["audit"]
    assert (entry["act"], entry["by"], entry["source"]) == ("revealed", "buyer", "203.0.113.7")
    assert stocked.codes(placed) == shown
    assert len(contents(cloud)["audit"]) == 2


def test_pins_are_revealed_beside_their_codes(shop: Shop) -> None:
    shop.put_variant("gift")
    headers = {"content-type": "text/csv", "idempotency-key": "csv"}
    body = b"pin,code\n1234,GIFT-1\n"
    shop.call("POST", "/v1/merchant/variants/gift/codes", body, key="operator", headers=headers)
    placed = shop.place({"gift": 1})
    shop.pay(placed)

    [code] = shop.reveal(placed).json["codes"]

    assert code == {
        "line": 0,
        "variant_id": "gift",
        "code": "GIFT-1",
        "pin": "1234",
        "replacement": False,
    }


def test_an_unpaid_order_shows_no_codes(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})

    with nothing_changes(cloud):
        reply = stocked.reveal(placed)

    assert is_refused(reply, errors.OrderNotReadable)


def test_a_tampered_code_is_not_shown_and_raises_an_alarm(
    cloud: InMemory, stocked: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed)
    for item in contents(cloud)["stock"]:
        if item.get("claimed"):
            [(unit, sealed)] = item["claimed"].items()
            item["claimed"][unit] = bytes(sealed)[:-1] + bytes([bytes(sealed)[-1] ^ 1])
            cloud.table("stock").put_item(Item=item)

    reply = stocked.reveal(placed)

    assert is_refused(reply, errors.SealBroken)
    assert '"SealBroken":[1.0]' in capsys.readouterr().out
    assert not any(code in reply.text for code in CODES)


def test_only_the_orders_own_token_opens_it(
    cloud: InMemory, stocked: Shop, open_another: Callable[..., Shop]
) -> None:
    other = open_another("other")
    other.stock_up("card-50", ["THEIRS-1"])
    mine, second, theirs = (
        stocked.place({"card-50": 1}),
        stocked.place({"card-50": 1}),
        other.place({"card-50": 1}),
    )
    for shop, placed in ((stocked, mine), (stocked, second), (other, theirs)):
        shop.pay(placed)
    order_id, token = mine.json["order"]["order_id"], mine.json["order_token"]
    prefix, merchant, last_day, mac = token.split("_")

    with nothing_changes(cloud):
        refusals = {
            "of another order": second.json["order_token"],
            "of another merchant's order": theirs.json["order_token"],
            "moved to another day": "_".join((prefix, merchant, str(int(last_day) + 1), mac)),
            "forged": "_".join((prefix, merchant, last_day, "0" * 40)),
            "of an unknown merchant": "_".join((prefix, "nobody", last_day, mac)),
            "of no merchant": "_".join((prefix, "", last_day, mac)),
            "of a merchant that is no name": "_".join((prefix, "x" * 4000, last_day, mac)),
            "without a day": "_".join((prefix, merchant, "", mac)),
            "with a day that is no number": "_".join((prefix, merchant, "²", mac)),
            "an API key": stocked.keys["storefront"],
            "a text": "token",
        }
        replies = {
            name: [
                stocked.call("GET", f"/v1/orders/{order_id}", key=token),
                stocked.call("POST", f"/v1/orders/{order_id}/reveal", key=token),
            ]
            for name, token in refusals.items()
        }

    for name, pair in replies.items():
        for reply in pair:
            assert reply.problem in ("order-unknown", "credentials-invalid"), (name, reply.text)


def test_a_stale_token_says_so_and_opens_nothing(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed)
    days = int(cloud.environment("api_serve_storefront")["ORDER_TOKEN_DAYS"])

    clock.ahead_ms = days * DAY_MS
    assert stocked.read(placed).status == 200
    clock.ahead_ms = (days + 1) * DAY_MS
    with nothing_changes(cloud):
        replies = stocked.read(placed), stocked.reveal(placed)

    assert all(is_refused(reply, errors.OrderTokenExpired) for reply in replies)


@pytest.mark.parametrize("path", ["/v1/orders/{}", "/v1/orders/{}/reveal"])
def test_an_order_needs_a_token_and_a_number(shop: Shop, path: str) -> None:
    method = "POST" if path.endswith("reveal") else "GET"
    order_id = "7K2M9Q4XTB3WHD5N"

    assert is_refused(shop.call(method, path.format(order_id)), errors.CredentialsMissing)
    for wrong in ("short", "7K2M9Q4XTB3WHD5U", "7k2m9q4xtb3whd5n", order_id + "%0A"):
        reply = shop.call(method, path.format(wrong), key="ot_demo_20000_" + "0" * 40)
        assert is_refused(reply, errors.RequestInvalid), reply.text


def test_a_swapped_order_key_opens_nothing(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    swap_blobs(cloud)

    with nothing_changes(cloud):
        assert is_refused(stocked.read(placed), errors.SealBroken)
        assert is_refused(stocked.place({"card-50": 1}), errors.SealBroken)


def test_swapped_secrets_of_a_gateway_take_no_callback(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    swap_blobs(cloud)

    with nothing_changes(cloud):
        assert is_refused(stocked.pay(placed), errors.SealBroken)


def swap_blobs(cloud: InMemory) -> None:
    """The merchant's order key and its gateway's secrets change places, before a cold start."""
    items = {item["sk"]: item for item in contents(cloud)["merchants"]}
    merchant, gateway = items["merchant"], items["gateway#stripe"]
    merchant["order_key"], gateway["sealed"] = gateway["sealed"], merchant["order_key"]
    for item in (merchant, gateway):
        cloud.table("merchants").put_item(Item=item)
    forget_adapters()
