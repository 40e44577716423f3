"""The main road, one process: stock up, place, pay, read, reveal."""

from tests.shop import Shop


def test_a_buyer_reads_the_code_that_was_paid_for(shop: Shop) -> None:
    shop.stock_up("card-50", ["AAAA-1111", "BBBB-2222"])

    placed = shop.place({"card-50": 1})

    assert placed.status == 201, placed.text
    assert placed.json["order"]["state"] == "pending"
    assert shop.reveal(placed).problem == "order-not-readable"

    paid = shop.pay(placed)

    assert (paid.status, paid.json["outcome"]) == (200, "delivered")
    assert shop.read(placed).json["state"] == "delivered"
    assert shop.codes(placed) in (["AAAA-1111"], ["BBBB-2222"])


def test_a_duplicate_callback_changes_nothing(shop: Shop) -> None:
    shop.stock_up("card-50", ["AAAA-1111", "BBBB-2222"])
    placed = shop.place({"card-50": 1})
    shop.pay(placed)
    before = shop.codes(placed)

    again = shop.pay(placed)

    assert (again.status, again.json["outcome"]) == (200, "duplicate")
    assert shop.codes(placed) == before
