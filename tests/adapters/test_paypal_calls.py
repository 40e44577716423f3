"""A shop's calls to PayPal: opening, asking, capturing, closing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scrip.adapters.gateways.paypal import NOT_CAPTURED
from scrip.domain.errors import (
    IdempotencyKeyReused,
    PaymentMerchantMismatch,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
    ScripError,
)
from scrip.domain.money import Money
from scrip.domain.payment import Payment, PaymentAsked, Unpaid
from tests.adapters.paypal_making import account, gateway, opened, paid, request
from tests.domain.making import ORDER_ID
from tests.oracles.paypal_server import (
    PayPalServer,
    issue,
)

CAPTURED_AT_MS = 1_795_341_605_000
"""2026-11-22T10:00:05Z"""


@pytest.fixture
def api() -> Iterator[PayPalServer]:
    with account() as server:
        yield server


def test_a_payment_opens_on_paypals_page(api: PayPalServer) -> None:
    payment = gateway(api).open_payment(request())

    kept = api.orders[payment.reference]
    [unit] = kept["purchase_units"]
    assert payment.provider == "paypal"
    assert payment.checkout_url == f"https://paypal.example/checkoutnow?token={payment.reference}"
    assert (payment.client_secret, payment.qr_text, payment.invoke) == (None, None, None)
    assert unit["amount"] == {"currency_code": "EUR", "value": "45.00"}
    assert (unit["custom_id"], unit["invoice_id"]) == (f"demo/{ORDER_ID}", ORDER_ID)
    assert kept["_context"] == {
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "return_url": "https://shop.example/thanks?a=1",
        "cancel_url": "https://shop.example/thanks?a=1",
    }


def test_a_payment_opens_for_paypals_buttons_in_the_shops_own_page(api: PayPalServer) -> None:
    payment = gateway(api).open_payment(request(return_url=None, method="paypal"))

    assert "return_url" not in api.orders[payment.reference]["_context"]


def test_paypal_has_one_method(api: PayPalServer) -> None:
    with pytest.raises(RequestInvalid):
        gateway(api).open_payment(request(method="native"))


def test_a_long_description_is_cut(api: PayPalServer) -> None:
    payment = gateway(api).open_payment(request(description="ü" * 300))

    assert api.orders[payment.reference]["purchase_units"][0]["description"] == "ü" * 127


def test_opening_again_opens_the_same_payment(api: PayPalServer) -> None:
    first = gateway(api).open_payment(request())

    assert gateway(api).open_payment(request()) == first
    assert gateway(api).open_payment(request(money=Money(1, "EUR"))) != first


def test_opening_whose_answer_was_lost_opened_the_payment(api: PayPalServer) -> None:
    api.lose = 1
    with pytest.raises(PaymentProviderUnavailable):
        gateway(api).open_payment(request())

    payment = gateway(api).open_payment(request())

    assert list(api.orders) == [payment.reference]


def test_a_payment_opened_before_can_be_read(api: PayPalServer) -> None:
    payment = gateway(api).open_payment(request())

    assert gateway(api).read_payment(request(), payment.reference) == payment


def test_a_key_used_with_other_figures_is_told_as_such(api: PayPalServer) -> None:
    api.answers["/v2/checkout/orders", request().key] = {}, (201, {})

    with pytest.raises(IdempotencyKeyReused):
        gateway(api).open_payment(request())


# Asking.


def test_an_order_nobody_approved_is_unpaid(api: PayPalServer) -> None:
    assert gateway(api).query_payment(opened(api)) == Unpaid()


def test_whoever_approved_and_never_came_back_has_bought(api: PayPalServer) -> None:
    asked, payment = paid(api)

    [capture] = api.captures.values()
    assert payment == Payment("paypal", capture["id"], Money(4500, "EUR"), False, CAPTURED_AT_MS)
    assert gateway(api).query_payment(asked) == payment


def test_a_capture_whose_answer_was_lost_is_found(api: PayPalServer) -> None:
    asked = opened(api)
    api.approve(asked.reference)
    with pytest.MonkeyPatch.context() as patch:
        serve = PayPalServer.serve
        patch.setattr(PayPalServer, "serve", _losing_captures(serve))
        with pytest.raises(PaymentProviderUnavailable):
            gateway(api).query_payment(asked)

    payment = gateway(api).query_payment(asked)

    assert isinstance(payment, Payment)
    assert [payment.transaction_id] == list(api.captures)


def _losing_captures(serve: Callable[..., Any]) -> Callable[..., Any]:
    def losing(self: PayPalServer, method: str, path: str, *more: Any) -> Any:
        self.lose = int(path.endswith("/capture"))
        return serve(self, method, path, *more)

    return losing


def test_two_who_capture_at_once_find_the_same_payment(api: PayPalServer) -> None:
    asked, payment = paid(api)
    before = {**api.orders[asked.reference], "status": "APPROVED", "update_time": "earlier"}
    before["purchase_units"] = [{"custom_id": f"demo/{ORDER_ID}"}]
    api.fail_with.append((200, before))  # read before the other one captured

    assert gateway(api).query_payment(asked) == payment


def test_a_capture_that_is_pending_is_neither_paid_nor_closed(api: PayPalServer) -> None:
    api.hold = True
    asked = opened(api)
    api.approve(asked.reference)

    assert gateway(api).query_payment(asked) == Unpaid()
    assert gateway(api).close_payment(asked) == Unpaid()


@pytest.mark.parametrize("place", [0, 1])
def test_money_that_came_at_the_second_try_came(api: PayPalServer, place: int) -> None:
    asked, payment = paid(api)
    [unit] = api.orders[asked.reference]["purchase_units"]
    [taken] = unit["payments"]["captures"]
    unit["payments"]["captures"].insert(place, {**taken, "id": "FAILED", "status": "FAILED"})

    assert gateway(api).query_payment(asked) == payment


def test_money_that_was_given_back_had_come(api: PayPalServer) -> None:
    asked, payment = paid(api)
    api.captures[payment.transaction_id] |= {"status": "REFUNDED"}

    seen = gateway(api).query_payment(asked)

    assert isinstance(seen, Payment)
    assert (seen.transaction_id, seen.money) == (payment.transaction_id, payment.money)
    assert seen.succeeded_at_ms == CAPTURED_AT_MS - 5000


@pytest.mark.parametrize("refusal", sorted(NOT_CAPTURED))
def test_a_buyer_whose_money_does_not_come_may_try_again(api: PayPalServer, refusal: str) -> None:
    asked = opened(api)
    api.approve(asked.reference)
    api.refuse = [refusal]

    assert gateway(api).query_payment(asked) == Unpaid()
    api.approve(asked.reference)
    assert isinstance(gateway(api).query_payment(asked), Payment)


def test_a_second_order_under_the_same_number_takes_no_money(api: PayPalServer) -> None:
    paid(api)
    second = opened(api, description="another try")
    api.approve(second.reference)

    assert gateway(api).query_payment(second) == Unpaid()
    assert len(api.captures) == 1


def test_an_order_that_paypal_forgot_takes_no_money(api: PayPalServer) -> None:
    asked = PaymentAsked("demo", ORDER_ID, "5O190127TN0000099")

    assert gateway(api).query_payment(asked) == Unpaid(closed=True)
    assert gateway(api).close_payment(asked) == Unpaid(closed=True)


def test_money_on_another_account_is_not_ours(api: PayPalServer) -> None:
    asked, payment = paid(api)
    api.captures[payment.transaction_id]["payee"] = {"merchant_id": "AAAAAAAAAAAAA"}

    with pytest.raises(PaymentMerchantMismatch):
        gateway(api).query_payment(asked)


# Closing.


@pytest.mark.parametrize("approved", ["before", "after"])
def test_a_closed_order_is_never_captured(api: PayPalServer, approved: str) -> None:
    asked = opened(api)
    if approved == "before":
        api.approve(asked.reference)

    assert gateway(api).close_payment(asked) == Unpaid(closed=True)
    api.approve(asked.reference)
    assert gateway(api).query_payment(asked) == Unpaid(closed=True)
    assert gateway(api).close_payment(asked) == Unpaid(closed=True)
    assert api.captures == {}


def test_closing_what_was_paid_answers_the_payment(api: PayPalServer) -> None:
    asked, payment = paid(api)

    assert gateway(api).close_payment(asked) == payment


def test_closing_while_it_is_being_paid_answers_the_payment(api: PayPalServer) -> None:
    asked, payment = paid(api)
    before = {**api.orders[asked.reference], "status": "APPROVED"}
    before["purchase_units"] = [{"custom_id": f"demo/{ORDER_ID}"}]
    api.fail_with.append((200, before))

    assert gateway(api).close_payment(asked) == payment


@pytest.mark.parametrize("status", [404, 422])
def test_what_paypal_does_not_let_be_closed_is_not_closed(api: PayPalServer, status: int) -> None:
    asked = opened(api)
    api.fail_with += [(200, api.orders[asked.reference]), issue("ORDER_CANNOT_BE_PATCHED", status)]

    assert gateway(api).close_payment(asked) == Unpaid()


@pytest.mark.parametrize(
    ("status", "meant"), [(500, PaymentProviderUnavailable), (403, PaymentProviderRefused)]
)
def test_a_failed_closing_is_told(api: PayPalServer, status: int, meant: type[ScripError]) -> None:
    asked = opened(api)
    api.fail_with += [(200, api.orders[asked.reference]), issue("SOMETHING", status)]

    with pytest.raises(meant):
        gateway(api).close_payment(asked)


def test_a_capture_that_was_declined_for_good_is_closed(api: PayPalServer) -> None:
    asked, payment = paid(api)
    api.captures[payment.transaction_id]["status"] = "DECLINED"

    assert gateway(api).query_payment(asked) == Unpaid(closed=True)
