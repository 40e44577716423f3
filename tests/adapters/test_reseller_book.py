"""The book of a reseller: written once, never more than there is, always what the balance says."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from scrip.adapters.keys import Keys
from scrip.adapters.prepaid_orders import PrepaidOrders
from scrip.adapters.reseller_book import TRIES, Book
from scrip.adapters.resellers import Resellers
from scrip.domain.errors import StoreUnavailable
from scrip.domain.line import Line
from scrip.domain.money import Money
from scrip.domain.order import Order, PendingOrder
from scrip.domain.resale import PREPAID, Placed
from scrip.domain.resale_refusals import BalanceInsufficient, ResellerExists, ResellerUnknown
from scrip.domain.reseller import Entry, Movement, Reseller, Standing
from scrip.wiring.clients import table
from tests.crash.remote import Fault, Mode, remote
from tests.in_memory import InMemory

SECRET, NEWER = "whsec_" + "A" * 44, "whsec_" + "B" * 44


@pytest.fixture
def resellers(cloud: InMemory) -> Resellers:
    keys = Keys(boto3.client("kms"), cloud.values["VaultKeyArn"])
    found = Resellers(table(cloud.values["ResellersTable"]), keys)
    sealed = found.sealed("demo", "acme", SECRET)
    found.create(Reseller("demo", "acme", "Acme", "EUR", 1, sealed))
    return found


@pytest.fixture
def book(cloud: InMemory, resellers: Resellers) -> Book:
    return Book(resellers.table)


def credit(amount: int, key: str = "first", at_ms: int = 1000) -> Entry:
    return Entry("demo", "acme", Movement.CREDIT, key, amount, at_ms, "transfer")


def taken(amount: int, key: str, at_ms: int = 2000) -> Entry:
    return Entry("demo", "acme", Movement.ORDER, key, -amount, at_ms)


def balance(resellers: Resellers) -> int:
    return resellers.get("demo", "acme", consistent=True).balance_minor


def test_a_balance_is_what_its_entries_come_to(resellers: Resellers, book: Book) -> None:
    entries = [
        credit(1000),
        taken(300, "A"),
        taken(700, "B", 3000),
        Entry("demo", "acme", Movement.REFUND, "BR001", 700, 4000),
    ]
    for each in entries:
        assert book.write(each)

    assert balance(resellers) == book.total_minor("demo", "acme") == 700
    assert book.entries("demo", "acme", 0, 9999) == entries
    assert book.entries("demo", "acme", 2000, 3000) == [entries[1]]


def test_an_entry_is_written_once(resellers: Resellers, book: Book) -> None:
    assert book.write(credit(1000))
    assert book.write(taken(1000, "A"))

    assert not book.write(credit(5))
    assert not book.write(taken(1000, "A"))  # though nothing is left

    assert balance(resellers) == book.total_minor("demo", "acme") == 0
    assert book.find(credit(5)) == credit(1000)
    assert book.find(taken(1, "B")) is None


def test_nothing_is_taken_that_is_not_there(resellers: Resellers, book: Book) -> None:
    book.write(credit(100))

    with pytest.raises(BalanceInsufficient):
        book.write(taken(101, "A"))
    resellers.change("demo", "acme", {"credit_minor": 50})
    assert book.write(taken(150, "B"))
    with pytest.raises(BalanceInsufficient):
        book.write(taken(1, "C"))

    assert balance(resellers) == book.total_minor("demo", "acme") == -50
    resellers.change("demo", "acme", {"credit_minor": 0})
    with pytest.raises(BalanceInsufficient):
        book.write(taken(1, "D"))


def test_what_is_written_beside_is_written_together_or_not_at_all(
    resellers: Resellers, book: Book
) -> None:
    book.write(credit(100))
    beside: dict[str, Any] = {
        "Put": {
            "TableName": book.table.name,
            "Item": {"pk": {"S": "x"}, "sk": {"S": "y"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }

    assert book.write(taken(10, "A"), beside)
    assert not book.write(taken(10, "B"), beside)

    assert balance(resellers) == book.total_minor("demo", "acme") == 90
    assert book.find(taken(10, "B")) is None


def test_twenty_at_once_take_no_more_than_there_is(resellers: Resellers, book: Book) -> None:
    """The engine underneath takes one transaction at a time, as DynamoDB does of one item."""
    book.write(credit(500))
    results = []

    def take(number: int) -> str:
        try:
            return str(book.write(taken(100, f"{number // 2}")))
        except BalanceInsufficient:
            return "insufficient"

    with remote() as between, between.watch(), ThreadPoolExecutor(20) as pool:
        results = list(pool.map(take, range(40)))

    assert results.count("True") == 5
    assert balance(resellers) == book.total_minor("demo", "acme") == 0


def test_twenty_at_once_place_one_order(cloud: InMemory, resellers: Resellers, book: Book) -> None:
    book.write(credit(10_000))
    line = Line(0, "card", 1, Money(4500, "EUR"), None)
    placed = Placed("acme", "A-1")

    def place(number: int) -> Order:
        return PrepaidOrders(table(cloud.values["OrdersTable"]), book).place(
            PendingOrder(
                merchant_id="demo",
                order_id="7K2M9Q4XTB3WHD5N",
                lines=(line,),
                email=placed.email,
                locale="en",
                payment_ref=placed.payment_ref,
                fingerprint=bytes(16),
                trace_id=f"{number:032x}",
                placed_at_ms=1000 + number,
                expires_at_ms=9000,
                provider=PREPAID,
            )
        )

    with remote() as between, between.watch(), ThreadPoolExecutor(20) as pool:
        found = list(pool.map(place, range(20)))

    assert len(set(found)) == 1
    assert balance(resellers) == book.total_minor("demo", "acme") == 5500


def test_who_was_overtaken_looks_again(resellers: Resellers, book: Book) -> None:
    """Somebody takes the last money between the look and the write."""
    book.write(credit(100))

    def meanwhile() -> None:
        Book(book.table).write(taken(100, "other"))

    with (
        remote() as between,
        between.watch(Fault(2, meanwhile=meanwhile)),
        pytest.raises(BalanceInsufficient),
    ):
        book.write(taken(100, "A"))

    assert balance(resellers) == book.total_minor("demo", "acme") == 0


def test_credit_that_is_taken_away_meanwhile_does_not_count(
    resellers: Resellers, book: Book
) -> None:
    resellers.change("demo", "acme", {"credit_minor": 100})

    def meanwhile() -> None:
        resellers.change("demo", "acme", {"credit_minor": 0})

    with (
        remote() as between,
        between.watch(Fault(2, meanwhile=meanwhile)),
        pytest.raises(BalanceInsufficient),
    ):
        book.write(taken(100, "A"))

    assert balance(resellers) == book.total_minor("demo", "acme") == 0


@pytest.mark.parametrize("mode", [Mode.ANSWER_LOST, Mode.CONFLICT, Mode.BUSY])
def test_a_write_whose_answer_is_lost_counts_once(
    resellers: Resellers, book: Book, mode: Mode
) -> None:
    with remote() as between, between.watch(Fault(2, mode)):
        book.write(credit(100))

    assert balance(resellers) == book.total_minor("demo", "acme") == 100


def test_who_meets_others_throughout_is_told_to_come_again(book: Book) -> None:
    with (
        remote() as between,
        between.watch(Fault(2, Mode.CONFLICT_ON)) as calls,
        pytest.raises(StoreUnavailable),
    ):
        book.write(credit(100))

    assert len([each for each in calls if "Transact" in each]) == TRIES


def test_a_reseller_is_unknown_or_there_once(resellers: Resellers, book: Book) -> None:
    again = Reseller("demo", "acme", "Acme", "EUR", 2, b"other")

    with pytest.raises(ResellerExists):
        resellers.create(again)
    for act in (
        lambda: resellers.get("demo", "nobody"),
        lambda: resellers.change("demo", "nobody", {"name": "x"}),
        lambda: resellers.set_price("demo", "nobody", "card", 1),
        lambda: book.write(credit(1)._replace(reseller_id="nobody")),
    ):
        with pytest.raises(ResellerUnknown):
            act()


def test_what_a_merchant_chooses_is_kept(resellers: Resellers) -> None:
    resellers.change("demo", "acme", {"name": "New", "standing": "paused", "discount_bp": 250})
    resellers.set_price("demo", "acme", "card", 4100)
    resellers.set_price("demo", "acme", "pass", 7)
    resellers.set_price("demo", "acme", "pass", None)

    [found] = resellers.of("demo")

    assert (found.name, found.standing, found.discount_bp) == ("New", Standing.PAUSED, 250)
    assert found.prices == {"card": 4100}


def test_secrets_are_kept_sealed_and_changed_on_condition(resellers: Resellers) -> None:
    first = resellers.get("demo", "acme")

    assert resellers.secrets(first) == (SECRET,)
    assert SECRET.encode() not in first.sealed
    both = resellers.sealed("demo", "acme", NEWER, SECRET)
    assert resellers.swap_secrets(first, both)
    assert not resellers.swap_secrets(first, both)
    assert resellers.secrets(resellers.get("demo", "acme")) == (NEWER, SECRET)
