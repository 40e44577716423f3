"""What the log is told of a callback."""

from scrip.domain.notice import LONGEST_FACT, IgnoredNotice, PaymentNotice, UnpaidNotice
from tests.domain.making import ORDER_ID, payment

LONG = "7" * 100_000


def test_facts_are_told_as_they_are() -> None:
    assert PaymentNotice("demo", ORDER_ID, payment(transaction="pi_1")).facts == {
        "order_id": ORDER_ID,
        "transaction_id": "pi_1",
    }


def test_no_fact_fills_the_log() -> None:
    notices = (
        PaymentNotice("demo", LONG, payment(transaction=LONG)),
        UnpaidNotice("demo", LONG, LONG),
        IgnoredNotice(LONG),
    )

    for notice in notices:
        assert {len(fact) for fact in notice.facts.values()} == {LONGEST_FACT}
