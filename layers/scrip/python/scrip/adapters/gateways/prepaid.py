"""A reseller's balance as a provider of payments: what was taken is a payment, what is given back
an entry of its book.

There is nobody to call and nothing to sign: an order and what it takes are written together
(`adapters/prepaid_orders.py`), so there is no unpaid order that could be paid later.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scrip.adapters.reseller_book import Book
from scrip.domain.bill import BillLine
from scrip.domain.errors import PaymentCallMissing, SignatureInvalid
from scrip.domain.money import Money
from scrip.domain.notice import Notice
from scrip.domain.payment import OpenedPayment, Payment, PaymentAsked, PaymentRequest, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest, RefundState
from scrip.domain.resale import PREPAID, Placed, given_back, taken


@dataclass(frozen=True, slots=True)
class PrepaidAccount:
    """What opens the payment of one order of a reseller's."""

    placed: Placed
    provider: str = PREPAID

    def open_payment(self, _: PaymentRequest) -> OpenedPayment:
        return OpenedPayment(PREPAID, self.placed.payment_ref)

    def read_payment(self, _: PaymentRequest, reference: str) -> OpenedPayment:
        return OpenedPayment(PREPAID, reference)


class PrepaidGateway:
    provider = PREPAID

    def __init__(self, book: Book, clock: Callable[[], int] = time.time_ns) -> None:
        self.book = book
        self.clock = clock

    def open_payment(self, _: PaymentRequest) -> OpenedPayment:
        raise PaymentCallMissing("it is opened by whom its order is placed")

    def read_payment(self, _: PaymentRequest, reference: str) -> OpenedPayment:
        return OpenedPayment(PREPAID, reference)

    def verify_callback(self, _: bytes, __: dict[str, str], ___: int) -> object:
        raise SignatureInvalid("nobody calls back")

    def read_callback(self, _: bytes, __: dict[str, str], ___: int) -> Notice:
        raise SignatureInvalid("nobody calls back")

    def query_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        entry = self.book.find(taken(asked.merchant_id, asked.order_id, asked.reference, 0, 0))
        if entry is None:
            return Unpaid(closed=True)
        account = self.book.account(entry)
        money = Money(-entry.amount_minor, account.currency)
        return Payment(PREPAID, asked.order_id, money, live=True, succeeded_at_ms=entry.at_ms)

    def close_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        return self.query_payment(asked)

    def refund(self, request: RefundRequest) -> RefundReport:
        """On the balance again at once. Raises ResellerUnknown."""
        entry = given_back(request, self.clock() // 1_000_000)
        self.book.write(entry)
        return _report(request, entry.at_ms)

    def query_refund(self, request: RefundRequest) -> RefundReport | None:
        found = self.book.find(given_back(request, 0))
        return _report(request, found.at_ms) if found else None

    def download_bill(self, _: str) -> Iterator[BillLine]:
        raise PaymentCallMissing("the book is the bill")


def _report(request: RefundRequest, at_ms: int) -> RefundReport:
    return RefundReport(
        request.refund_id, request.refund_id, RefundState.SUCCEEDED, request.money, at_ms
    )
