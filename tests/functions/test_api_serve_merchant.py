"""The merchant's API: catalogue, imports and stock levels, and what each refuses."""

import base64
import json
from typing import Any

import pytest

from scrip.domain import errors
from scrip.domain.code import MAX_CODES_PER_IMPORT
from tests.contents import contents, nothing_changes
from tests.documented import is_refused
from tests.in_memory import InMemory, forget_adapters
from tests.samples import sample
from tests.shop import Reply, Shop

VARIANT: dict[str, Any] = {"title": "Card", "price_minor": 4500, "currency": "EUR"}
VARIANT_PATH = "/v1/merchant/products/card/variants/card-50"


@pytest.fixture
def with_variant(shop: Shop) -> Shop:
    shop.put_variant("card")
    return shop


def send_codes(shop: Shop, body: bytes, key: str = "one", media_type: str = "text/plain") -> Reply:
    headers = {"content-type": media_type, "idempotency-key": key}
    path = "/v1/merchant/variants/card/codes"
    return shop.call("POST", path, body, key="operator", headers=headers)


def stock(shop: Shop) -> tuple[int, int]:
    levels = shop.call("GET", "/v1/merchant/variants/card/stock", key="finance").json
    return levels["imported"], levels["available"]


# --- catalogue


def test_products_and_variants_are_put_in_full_and_read_back(cloud: InMemory, shop: Shop) -> None:
    shop.call("PUT", "/v1/merchant/products/card", {"title": "Card"}, key="operator")
    put = shop.call("PUT", VARIANT_PATH, VARIANT, key="operator")

    read = shop.call("GET", "/v1/merchant/products/card", key="finance").json

    assert read["variants"] == [put.json]
    assert put.json == {
        **VARIANT,
        "product_id": "card",
        "variant_id": "card-50",
        "status": "active",
        "hold_minutes": 0,
        "partial": True,
        "replace_days": 30,
        "warn_days": 14,
        "low_stock": 5,
        "low_days": 3,
        "supply": "codes",
        "synced_from": None,
        "routes": [],
        "routing": None,
        "halted": [],
    }
    with nothing_changes(cloud):
        assert shop.call("PUT", VARIANT_PATH, VARIANT, key="operator").json == put.json
    renamed = shop.call("PUT", "/v1/merchant/products/card", {"title": "礼品卡"}, key="operator")
    assert (renamed.json["title"], renamed.json["variants"]) == ("礼品卡", [put.json])


def test_a_new_price_applies_to_orders_placed_from_now_on(with_variant: Shop) -> None:
    send_codes(with_variant, b"A-1\nA-2")
    before = with_variant.place({"card": 1})
    with_variant.put_variant("card", price=9900)

    after = with_variant.place({"card": 1})

    amounts = [each.json["order"]["amount_minor"] for each in (before, after)]
    assert amounts == [4500, 9900]
    assert with_variant.pay(before).json["outcome"] == "delivered"


def test_a_variant_id_names_one_variant_in_the_whole_shop(
    cloud: InMemory, with_variant: Shop
) -> None:
    with_variant.call("PUT", "/v1/merchant/products/other", {"title": "Other"}, key="operator")

    with nothing_changes(cloud):
        taken = with_variant.call(
            "PUT", "/v1/merchant/products/other/variants/card", VARIANT, key="operator"
        )
        nowhere = with_variant.call(
            "PUT", "/v1/merchant/products/nothing/variants/new", VARIANT, key="operator"
        )

    assert is_refused(taken, errors.VariantOfAnotherProduct)
    assert is_refused(nowhere, errors.ProductUnknown)


INVALID: dict[str, tuple[str, Any]] = {
    "no title": ("/v1/merchant/products/card", {}),
    "an empty title": ("/v1/merchant/products/card", {"title": ""}),
    "a long title": ("/v1/merchant/products/card", {"title": "x" * 121}),
    "a line break in the title": ("/v1/merchant/products/card", {"title": "a\nb"}),
    "an unknown kind": ("/v1/merchant/products/card", {"title": "a", "kind": "top_up"}),
    "an unknown status": ("/v1/merchant/products/card", {"title": "a", "status": "gone"}),
    "an unknown field": ("/v1/merchant/products/card", {"title": "a", "price": 1}),
    "a product id in capitals": ("/v1/merchant/products/Card", {"title": "a"}),
    "a product id with a hash": ("/v1/merchant/products/a%23b", {"title": "a"}),
    "a long product id": ("/v1/merchant/products/" + "x" * 33, {"title": "a"}),
    "a product id with a line break": ("/v1/merchant/products/card%0A", {"title": "a"}),
    "a price of nothing": (VARIANT_PATH, {**VARIANT, "price_minor": 0}),
    "a negative price": (VARIANT_PATH, {**VARIANT, "price_minor": -1}),
    "a fraction of a cent": (VARIANT_PATH, {**VARIANT, "price_minor": 45.5}),
    "a price in words": (VARIANT_PATH, {**VARIANT, "price_minor": "4500"}),
    "too dear": (VARIANT_PATH, {**VARIANT, "price_minor": 100_000_000}),
    "a currency in small letters": (VARIANT_PATH, {**VARIANT, "currency": "eur"}),
    "no currency": (VARIANT_PATH, {"title": "a", "price_minor": 1}),
    "null": (VARIANT_PATH, None),
}


def test_a_catalogue_entry_that_does_not_fit_is_refused(
    cloud: InMemory, with_variant: Shop, subtests: pytest.Subtests
) -> None:
    for name, (path, body) in INVALID.items():
        with subtests.test(name):
            with nothing_changes(cloud):
                reply = with_variant.call("PUT", path, json.dumps(body).encode(), key="operator")

            assert is_refused(reply, errors.RequestInvalid), reply.text


def test_a_key_that_does_not_fit_is_not_issued(cloud: InMemory, shop: Shop) -> None:
    bodies = [{"scope": "admin", "label": "x"}, {"scope": "finance"}, {"label": "x"}, []]

    with nothing_changes(cloud):
        replies = [shop.call("POST", "/v1/merchant/keys", body, key="operator") for body in bodies]

    assert all(is_refused(reply, errors.RequestInvalid) for reply in replies)


# --- imports


def test_the_sample_event_imports_codes_with_pins(cloud: InMemory, with_variant: Shop) -> None:
    key = with_variant.keys["operator"]
    event = sample("api_serve_merchant", "import_codes", key=key, variant_id="card")

    answer = cloud.invoke("api_serve_merchant", event)

    imported = json.loads(answer["body"])
    assert (answer["statusCode"], imported["imported"], imported["duplicates"]) == (200, 3, 1)
    assert stock(with_variant) == (3, 3)
    rows = base64.b64decode(event["body"]).decode()
    stored = repr(contents(cloud)["stock"])
    assert not any(cell in stored for row in rows.split()[1:] for cell in row.split(",") if cell)


def test_an_import_repeated_takes_nothing_twice(cloud: InMemory, with_variant: Shop) -> None:
    first = send_codes(with_variant, b"A-1\nA-2\nA-2\n\n  A-3  \r\n")

    with nothing_changes(cloud):
        forget_adapters()
        again = send_codes(with_variant, b"A-1\nA-2\nA-2\n\n  A-3  \r\n")

    assert (first.status, first.json) == (200, again.json)
    assert (first.json["imported"], first.json["duplicates"]) == (3, 1)
    assert stock(with_variant) == (3, 3)


def test_other_codes_under_the_same_key_are_refused(cloud: InMemory, with_variant: Shop) -> None:
    send_codes(with_variant, b"A-1\nA-2")

    with nothing_changes(cloud):
        others = [send_codes(with_variant, body) for body in (b"A-1", b"A-2\nA-1", b"A-1\nA-3")]

    assert all(is_refused(reply, errors.IdempotencyKeyReused) for reply in others)


def test_a_second_import_adds_to_the_first(with_variant: Shop) -> None:
    send_codes(with_variant, b"A-1\nA-2", key="one")
    send_codes(with_variant, "\n".join(f"B-{n}" for n in range(100)).encode(), key="two")

    assert stock(with_variant) == (102, 102)
    placed = with_variant.place({"card": 1})
    with_variant.pay(placed)
    assert stock(with_variant) == (102, 101)


REFUSED: dict[str, tuple[bytes, str, list[int]]] = {
    "an empty body": (b"", "text/plain", []),
    "blank lines only": (b"\n \n", "text/plain", []),
    "a long code": (b"OK\n" + b"x" * 201, "text/plain", [2]),
    "an unprintable character": (b"OK-1\nB\x00D\nOK-2\nB\x07D", "text/plain", [2, 4]),
    "no header": (b"A-1\nA-2", "text/csv", [1]),
    "an unknown column": (b"code,cost\nA-1,2", "text/csv", [1]),
    "a header only": (b"code,pin\n", "text/csv", []),
    "too few cells": (b"code,pin\nA-1", "text/csv", [2]),
    "no code beside its pin": (b"code,pin\n,1234", "text/csv", [2]),
    "an open quote": (b'code\n"A-1', "text/csv", [2]),
    "too many codes": (
        "\n".join(str(n) for n in range(MAX_CODES_PER_IMPORT + 1)).encode(),
        "text/plain",
        [],
    ),
}


def test_rows_that_cannot_be_taken_are_named_and_none_is(
    cloud: InMemory, with_variant: Shop, subtests: pytest.Subtests
) -> None:
    for name, (body, media_type, rows) in REFUSED.items():
        with subtests.test(name):
            with nothing_changes(cloud):
                reply = send_codes(with_variant, body, media_type=media_type)

            assert is_refused(reply, errors.CodesRefused), reply.text
            assert [row["row"] for row in reply.json.get("rows", [])] == rows
            assert not any(cell in reply.text for cell in ("OK-1", "A-1", "1234", "xxx"))


def test_a_body_that_is_no_text_of_ours_is_refused(cloud: InMemory, with_variant: Shop) -> None:
    event = sample(
        "api_serve_merchant",
        "import_codes",
        key=with_variant.keys["operator"],
        variant_id="card",
    )

    def answered(raw: bytes) -> str:
        event["body"] = base64.b64encode(raw).decode()
        problem = json.loads(cloud.invoke("api_serve_merchant", event)["body"])
        return str(problem["type"]).rpartition(":")[2]

    with nothing_changes(cloud):
        not_utf8 = answered("code\nKÖLN-1".encode("latin-1"))
        too_large = answered(b"code\n" + b"x" * 1024 * 1024)
        wrong_types = [
            send_codes(with_variant, b"A-1", media_type=media_type)
            for media_type in ("application/json", "application/octet-stream", "text/html", "")
        ]
        keyless = with_variant.call(
            "POST",
            "/v1/merchant/variants/card/codes",
            b"A-1",
            key="operator",
            headers={"content-type": "text/plain"},
        )
        unknown = with_variant.import_codes("nothing", ["A-1"], idempotency_key="one")

    assert (not_utf8, too_large) == ("request-malformed", "request-too-large")
    assert all(is_refused(reply, errors.MediaTypeUnsupported) for reply in wrong_types)
    assert is_refused(keyless, errors.IdempotencyKeyMissing)
    assert is_refused(unknown, errors.VariantUnknown)


def test_a_media_type_may_have_parameters_and_capitals(with_variant: Shop) -> None:
    reply = send_codes(with_variant, b"\xef\xbb\xbfCODE\nA-1", media_type="Text/CSV; charset=UTF-8")

    assert (reply.status, reply.json["imported"]) == (200, 1)
