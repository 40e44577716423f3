"""The fingerprint of an order request tells the same body from another."""

from dataclasses import replace

import pytest

from scrip.domain.order_request import OrderRequest, Wanted

REQUEST = OrderRequest(
    idempotency_key="order-1",
    lines=(Wanted("card-50", 1), Wanted("card-20", 2)),
    email="buyer@example.com",
    locale=None,
    return_url=None,
    trace_id="0" * 32,
    channel="key00001",
)


def test_repeating_a_request_keeps_its_fingerprint() -> None:
    again = replace(REQUEST, trace_id="1" * 32, idempotency_key="order-2")
    again = replace(again, channel="key00002", buyer_ip="203.0.113.7")

    assert again.fingerprint() == REQUEST.fingerprint()
    assert len(REQUEST.fingerprint()) == 16


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, lines=REQUEST.lines[:1]),
        replace(REQUEST, lines=REQUEST.lines[::-1]),
        replace(REQUEST, lines=(Wanted("card-50", 11), Wanted("card-20", 2))),
        replace(REQUEST, lines=(Wanted("card-50", 1, {"uid": "1"}), Wanted("card-20", 2))),
        replace(REQUEST, email="other@example.com"),
        replace(REQUEST, locale="en"),
        replace(REQUEST, return_url="https://shop.example/thanks"),
    ],
)
def test_another_body_has_another_fingerprint(other: OrderRequest) -> None:
    assert other.fingerprint() != REQUEST.fingerprint()


def test_a_fingerprint_stays_what_it_was_before_goods_had_forms() -> None:
    assert REQUEST.fingerprint().hex() == "d4576b680192d1be98553ba9e149a42c"


def test_what_is_filled_in_is_told_apart_and_not_shown() -> None:
    lines = (Wanted("card-50", 1, {"phone": "+4915112345678", "region": "DE"}),)
    same = (Wanted("card-50", 1, {"region": "DE", "phone": "+4915112345678"}),)
    other = (Wanted("card-50", 1, {"phone": "+4915112345679", "region": "DE"}),)
    first = replace(REQUEST, lines=lines)

    assert replace(REQUEST, lines=same).fingerprint() == first.fingerprint()
    assert replace(REQUEST, lines=other).fingerprint() != first.fingerprint()
    assert "49151" not in repr(first)
