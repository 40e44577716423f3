"""What a buyer is told by mail."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from scrip.domain.code import Code
from scrip.domain.line import Fate, Line
from scrip.domain.mail import TEXTS, Mail, order_ready_mail
from scrip.domain.merchant import LOCALES
from tests.domain.making import ORDER_ID, line, pending, top_up

LINK = f"https://shop.example/orders/{ORDER_ID}#ot_demo_20000_ab"


def mail_in(locale: str, *codes: Code, shop: str = "Demo", lines: Sequence[Line] = ()) -> Mail:
    order = replace(pending(*lines), locale=locale)
    return order_ready_mail(shop=shop, order=order, link=LINK, codes=codes)


def with_fates(*fates: Fate) -> Line:
    return replace(top_up(quantity=len(fates)), fates=fates)


def test_every_locale_of_a_merchant_has_texts() -> None:
    assert set(TEXTS) == set(LOCALES)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_mail_names_order_shop_and_link(locale: str) -> None:
    mail = mail_in(locale)

    assert ORDER_ID in mail.subject
    assert ORDER_ID in mail.text
    assert f"\n{LINK}\n" in mail.text
    assert "Demo" in mail.text


@pytest.mark.parametrize(("locale", "word"), [("en", "PIN"), ("zh", "密码")])
def test_a_mail_with_codes_has_one_a_line(locale: str, word: str) -> None:
    mail = mail_in(locale, Code("AAAA-1111"), Code("BBBB-2222", "4711"))

    assert mail.text.endswith(f"\nAAAA-1111\nBBBB-2222   {word} 4711\n")


@pytest.mark.parametrize("locale", LOCALES)
def test_a_mail_without_codes_speaks_of_none(locale: str) -> None:
    assert TEXTS[locale].codes.strip() not in mail_in(locale).text


@pytest.mark.parametrize("locale", LOCALES)
def test_a_mail_tells_what_was_charged_to_which_account(locale: str) -> None:
    mail = mail_in(locale, lines=[with_fates(Fate.DONE, Fate.DONE)])

    assert mail.subject == mail_in(locale).subject
    [told] = [each for each in mail.text.splitlines() if "minutes-0" in each]
    assert "+4915112345678" in told
    assert "EUR" not in mail.text
    assert TEXTS[locale].codes.strip() not in mail.text


def test_a_mail_tells_what_failed_and_that_it_is_given_back() -> None:
    lines = [with_fates(Fate.DONE, Fate.FAILED, Fate.FAILED), line(1)]

    mail = mail_in("en", Code("AAAA-1111"), lines=lines)

    assert mail.subject == f"Your order {ORDER_ID}: not all of it could be charged"
    assert "20.00 EUR is given back" in mail.text
    assert "\nminutes-0 for +4915112345678: 1 of 3 charged\n" in mail.text
    assert mail.text.endswith("\nAAAA-1111\n")


@pytest.mark.parametrize(("locale", "word"), [("en", "Receipts: "), ("zh", "凭证：")])
def test_a_mail_tells_what_suppliers_say_of_a_charge(locale: str, word: str) -> None:
    told = replace(with_fates(Fate.DONE, Fate.DONE, Fate.DONE), receipts=("DE{0}", "", "DE2"))

    assert mail_in(locale, lines=[told]).text.endswith(f"\n  {word}DE{{0}}, DE2\n")
    assert word not in mail_in(locale, lines=[with_fates(Fate.DONE)]).text


@pytest.mark.parametrize("locale", LOCALES)
def test_a_mail_before_all_has_ended_says_what_is_ready(locale: str) -> None:
    lines = [with_fates(Fate.DONE, Fate.OPEN, Fate.FAILED), line(1)]

    mail = mail_in(locale, Code("AAAA-1111"), lines=lines)

    assert mail.subject == TEXTS[locale].partly[0].format(order_id=ORDER_ID)
    assert "10.00" not in mail.text
    [told] = [each for each in mail.text.splitlines() if "minutes-0" in each]
    assert "1" in told
    assert "2" not in told.replace("+4915112345678", "")
    assert mail.text.endswith("\nAAAA-1111\n")


def test_english_and_chinese_differ() -> None:
    assert mail_in("en").subject == f"Your order {ORDER_ID} is ready"
    assert mail_in("zh").subject == f"您的订单 {ORDER_ID} 已发货"


def test_braces_in_names_and_codes_are_not_placeholders() -> None:
    mail = mail_in("en", Code("{link}", "{code}"), shop="{order_id}")

    assert "buying at {order_id}." in mail.text
    assert mail.text.endswith("{link}   PIN {code}\n")


def test_a_mail_tells_nothing_in_its_repr() -> None:
    assert "AAAA-1111" not in repr(mail_in("en", Code("AAAA-1111")))
