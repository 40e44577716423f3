"""Resellers by command: opened, agreed with, credited, proved."""

import pytest

from tests.admin.operator import Operator
from tests.contents import contents
from tests.in_memory import InMemory
from tests.shop import Shop

CREDIT = ("reseller", "credit", "acme", "outlet", "10000", "--key", "t-1", "--reason", "transfer")


@pytest.fixture
def opened(operator: Operator) -> str:
    """The secret of `outlet`, a reseller of `acme`."""
    operator.open("acme")
    made = operator.done(
        *("reseller", "open", "acme", "outlet", "--name", "Outlet", "--currency", "EUR")
    )
    assert (made["balance_minor"], made["standing"]) == (0, "active")
    return str(made["secret"])


def test_a_secret_is_shown_once_and_kept_nowhere(
    operator: Operator, cloud: InMemory, opened: str
) -> None:
    rotated = operator.done("reseller", "rotate", "acme", "outlet")["secret"]

    assert opened.startswith("whsec_")
    assert len({opened, rotated}) == 2
    told = str(contents(cloud)) + operator.run("reseller", "list", "acme").output
    assert opened not in told
    assert rotated not in told


def test_a_credit_is_written_once_and_audited(
    operator: Operator, cloud: InMemory, opened: str
) -> None:
    first = operator.done(*CREDIT)
    again = operator.done(*CREDIT)
    out = operator.done(
        *("reseller", "credit", "acme", "outlet", "4000", "--key", "t-2"),
        *("--paid-out", "--reason", "paid out"),
    )

    assert (first["new"], first["balance_minor"]) == (True, 10_000)
    assert (again["new"], again["balance_minor"]) == (False, 10_000)
    assert out["balance_minor"] == 6000
    entries = operator.done("reseller", "statement", "acme", "outlet")["entries"]
    assert [(each["amount_minor"], each["about"]) for each in entries] == [
        (10_000, "transfer"),
        (-4000, "paid out"),
    ]
    proved = operator.done("reseller", "balance", "acme", "outlet", "--proof")
    assert proved["entries_minor"] == proved["balance_minor"] == 6000
    trail = cloud.table("audit").scan()["Items"]
    assert {(each["act"], each["key"]) for each in trail} == {
        ("reseller_credit", "t-1"),
        ("reseller_credit", "t-2"),
    }


def test_a_key_belongs_to_one_amount(operator: Operator, opened: str) -> None:
    operator.done(*CREDIT)

    other = operator.refused(*[each.replace("10000", "10001") for each in CREDIT])
    much = operator.refused(
        *("reseller", "credit", "acme", "outlet", "10001", "--key", "t-3"),
        *("--paid-out", "--reason", "paid out"),
    )

    assert other["type"] == "idempotency-key-reused"
    assert much["type"] == "balance-insufficient"
    assert operator.done("reseller", "balance", "acme", "outlet")["balance_minor"] == 10_000


def test_what_is_agreed_is_kept(operator: Operator, acme: Shop) -> None:
    acme.put_variant("card-50")
    opened = ("reseller", "open", "acme", "outlet", "--name", "Outlet", "--currency", "EUR")
    operator.done(*opened)

    operator.done("reseller", "set", "acme", "outlet", "--discount-bp", "250", "--name", "New")
    price = operator.done("reseller", "price", "acme", "outlet", "card-50", "4100")
    usual = operator.done("reseller", "price", "acme", "outlet", "card-50")

    assert (price["price_minor"], usual["price_minor"]) == (4100, 4388)
    [listed] = operator.done("reseller", "list", "acme")["resellers"]
    assert (listed["name"], listed["discount_bp"], listed["prices"]) == ("New", 250, {})
    shown = operator.run("reseller", "list", "acme").stdout.splitlines()
    assert shown[1].split() == ["outlet", "New", "active", "0", "EUR", "minor", "0"]
    assert operator.refused(*opened)["type"] == "reseller-exists"
    assert operator.refused("reseller", "price", "acme", "outlet", "no", "1")["type"] == (
        "request-invalid"
    )


def test_who_is_not_there_is_unknown(operator: Operator, opened: str) -> None:
    for words in (("balance",), ("rotate",), ("statement",), ("set", "--standing", "paused")):
        refused = operator.refused("reseller", words[0], "acme", "nobody", *words[1:])
        assert refused["type"] == "reseller-unknown", words
    nobody = operator.refused("reseller", "list", "nobody")
    assert nobody["type"] == "merchant-unknown"
    assert operator.run("reseller", "set", "acme", "outlet").exit_code == 2
    assert operator.run("reseller", "balance", "acme", "Outlet").exit_code == 2
