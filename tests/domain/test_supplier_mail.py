"""What merchants are told by mail of their suppliers."""

import pytest

from scrip.domain.money import Money
from scrip.domain.route import Barred
from scrip.domain.supplier_mail import SUPPLIER_TEXTS, supplier_mail
from scrip.domain.supplier_warning import SupplierAbout, SupplierWarning


@pytest.mark.parametrize("locale", SUPPLIER_TEXTS)
@pytest.mark.parametrize("about", SupplierAbout)
def test_each_warning_says_what_it_is_about_in_each_language(
    locale: str, about: SupplierAbout
) -> None:
    low = about is SupplierAbout.LOW
    warning = SupplierWarning(
        "demo",
        "event",
        about,
        0,
        account="airtime" if low else "",
        balance=Money(7300, "EUR") if low else None,
        variant_id="" if low else "ten",
        title="" if low else "10 EUR",
        why=tuple(Barred) if about is SupplierAbout.HALTED else (),
    )

    mail = supplier_mail(locale=locale, shop="Example", warning=warning)

    assert ("airtime" if low else "10 EUR") in mail.subject
    assert "Example" in mail.text
    assert ("73.00 EUR" in mail.text) == low
    whys = SUPPLIER_TEXTS[locale].why.values()
    assert all((why in mail.text) == (about is SupplierAbout.HALTED) for why in whys)
    assert "{" not in mail.subject + mail.text
