"""What a merchant is told by mail of its money."""

from dataclasses import replace
from string import Formatter

import pytest

from scrip.domain.merchant import LOCALES
from scrip.domain.money import Money, amount_text
from scrip.domain.money_event import FOR_A_PERSON, MoneyAbout, MoneyEvent
from scrip.domain.money_mail import MONEY_TEXTS, money_mail
from scrip.domain.outcome import CHOICES, Action, Case
from tests.domain.making import NOW_MS, ORDER_ID

HELD = MoneyEvent(
    merchant_id="demo",
    order_id=ORDER_ID,
    event_id="x",
    about=MoneyAbout.HELD,
    at_ms=NOW_MS,
    provider="stripe",
    transaction_id="pi_second",
    money=Money(4500, "EUR"),
    subject_id="stripe#pi_second",
    case=Case.SECOND,
    action=Action.HOLD,
)


def test_every_locale_of_a_merchant_has_texts_for_all_that_wants_a_person() -> None:
    assert set(MONEY_TEXTS) == set(LOCALES)
    for texts in MONEY_TEXTS.values():
        assert set(texts.about) == FOR_A_PERSON | {MoneyAbout.STRAY}
        assert set(texts.cases) == {case for case in CHOICES if Action.HOLD in CHOICES[case]}


@pytest.mark.parametrize("about", MONEY_TEXTS["en"].about)
def test_each_language_tells_the_same_facts(about: MoneyAbout) -> None:
    def facts(locale: str) -> list[set[str]]:
        texts = MONEY_TEXTS[locale].about[about]
        return [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts]

    assert facts("en") == facts("zh")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("about", MONEY_TEXTS["en"].about)
def test_a_mail_names_order_shop_money_and_payment(locale: str, about: MoneyAbout) -> None:
    mail = money_mail(locale=locale, shop="{Demo}", event=replace(HELD, about=about))

    assert ORDER_ID in mail.subject
    for fact in (ORDER_ID, "{Demo}", "45.00 EUR", "stripe", "pi_second"):
        assert fact in mail.text


def test_held_money_is_told_with_how_it_came_and_where_to_decide() -> None:
    mail = money_mail(locale="en", shop="Demo", event=HELD)

    assert mail.subject == f"Order {ORDER_ID}: 45.00 EUR waits for your decision"
    assert "another payment had settled the order" in mail.text
    assert f"POST /v1/merchant/orders/{ORDER_ID}/stray-payments/decide\n" in mail.text
    assert mail.text.endswith("stray_id: stripe#pi_second\n")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (4500, "EUR", "45.00 EUR"),
        (5, "EUR", "0.05 EUR"),
        (4500, "JPY", "4500 JPY"),
        (4501, "KWD", "4.501 KWD"),
    ],
)
def test_amounts_are_written_in_their_currencys_own_unit(
    minor: int, currency: str, text: str
) -> None:
    assert amount_text(Money(minor, currency)) == text
