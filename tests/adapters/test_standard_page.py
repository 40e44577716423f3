"""What docs/payments.md shows about providers by settings, run as it stands there."""

import json
from typing import Any

import pytest

from scrip.domain.money import Money
from scrip.domain.notice import PaymentNotice
from scrip.domain.payment import PaymentRequest
from tests.adapters.standard_making import NOW, SET_UP, gateway
from tests.domain.making import ORDER_ID
from tests.oracles.standard_bridge import OWN_SECRET, sign
from tests.template import ROOT

PAGE = (ROOT / "docs/payments.md").read_text(encoding="utf-8").partition("(`standard`)")[2]


def block(language: str, number: int) -> str:
    return PAGE.split(f"```{language}\n")[number].partition("```")[0]


def test_the_settings_are_those_that_are_tested() -> None:
    assert json.loads(block("json", 1)) == SET_UP


def test_the_event_pays_the_order() -> None:
    raw = block("json", 2).encode()

    notice = gateway().read_callback(raw, sign(raw, NOW), NOW)

    assert isinstance(notice, PaymentNotice)
    assert (notice.order_id, notice.payment.money) == (ORDER_ID, Money(4500, "EUR"))


def test_the_page_reads_our_links_and_no_others() -> None:
    shown: dict[str, Any] = {}
    exec(block("python", 1), shown)  # noqa: S102 - our own page
    request = PaymentRequest("demo", ORDER_ID, Money(4500, "EUR"), "Shop", None, 4_000_000_000_000)
    query = (gateway().open_payment(request).checkout_url or "").partition("?")[2]

    assert shown["read_link"](query, OWN_SECRET)["amount"] == "45.00"
    with pytest.raises(PermissionError, match="not our"):
        shown["read_link"](query.replace("45.00", "00.01"), OWN_SECRET)
    late = PaymentRequest("demo", ORDER_ID, Money(4500, "EUR"), "Shop", None, 1_000_000)
    query = (gateway().open_payment(late).checkout_url or "").partition("?")[2]
    with pytest.raises(PermissionError, match="late"):
        shown["read_link"](query, OWN_SECRET)
