"""What belongs to another merchant does not exist: 404, as for what never was."""

from collections.abc import Callable

from scrip.domain import errors
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.in_memory import InMemory
from tests.shop import Reply, Shop


def test_nothing_of_another_merchant_is_found(
    cloud: InMemory, stocked: Shop, open_another: Callable[..., Shop]
) -> None:
    other = open_another("other")
    placed = stocked.place({"card-50": 1})
    order_id = placed.json["order"]["order_id"]
    issued = stocked.call(
        "POST", "/v1/merchant/keys", {"scope": "finance", "label": "books"}, key="operator"
    ).json
    key_id = issued["key"]["key_id"]
    variant = {"title": "Card", "price_minor": 1, "currency": "EUR"}

    def ask(method: str, path: str, body: object = None, **headers: str) -> Reply:
        return other.call(method, path, body, key="operator", headers=headers)

    with nothing_changes(cloud):
        found = {
            errors.OrderUnknown: ask("GET", f"/v1/merchant/orders/{order_id}"),
            errors.KeyUnknown: ask("DELETE", f"/v1/merchant/keys/{key_id}"),
            errors.ProductUnknown: ask("GET", "/v1/merchant/products/card-50"),
            errors.VariantUnknown: ask("GET", "/v1/merchant/variants/card-50/stock"),
        }
        put = ask("PUT", "/v1/merchant/products/card-50/variants/card-50", variant)
        codes = other.import_codes("card-50", ["MINE-1"], idempotency_key="one")
        lists = [
            ask("GET", "/v1/merchant/orders").json["orders"],
            ask("GET", "/v1/merchant/products").json["products"],
        ]

    for error, reply in found.items():
        assert is_refused(reply, error), reply.text
        assert reply.status == 404
    assert is_refused(put, errors.ProductUnknown)
    assert is_refused(codes, errors.VariantUnknown)
    assert lists == [[], []]


def test_two_merchants_keep_products_and_codes_of_the_same_names_apart(
    stocked: Shop, open_another: Callable[..., Shop]
) -> None:
    other = open_another("other")
    other.stock_up("card-50", ["THEIRS-1"], price=900)

    placed = other.place({"card-50": 1})
    other.pay(placed)

    assert placed.json["order"]["amount_minor"] == 900
    assert other.codes(placed) == ["THEIRS-1"]
    path = "/v1/merchant/variants/card-50/stock"
    assert stocked.call("GET", path, key="operator").json["available"] == 40
