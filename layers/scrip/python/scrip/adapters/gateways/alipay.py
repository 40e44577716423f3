"""Alipay: pages and QR codes to pay by, signed forms as callbacks, a statement of each day.

Sources: opendocs.alipay.com, alipay.trade.page.pay, .wap.pay, .precreate, .query, .close, .refund,
.fastpay.refund.query, "异步通知参数说明", alipay.data.dataservice.bill.downloadurl.query.

A merchant's id travels in `passback_params`. There is no clock in a callback's signature: Alipay
sends the very same form for 25 hours, so one is never too old; an order takes a payment once.
"""

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from datetime import time as time_of_day
from urllib.parse import quote

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.gateways.alipay_bill import MOST_ZIP_BYTES, bill_lines
from scrip.adapters.gateways.alipay_calls import AlipayCalls, Answer
from scrip.adapters.gateways.alipay_objects import (
    BillFound,
    FoundRefund,
    Precreated,
    Reference,
    Refunded,
    Told,
    Trade,
    our_refund_id,
)
from scrip.adapters.gateways.alipay_secrets import AlipaySecrets
from scrip.adapters.gateways.alipay_signing import read_form, verified_form
from scrip.adapters.gateways.alipay_text import (
    BEIJING,
    CURRENCY,
    from_beijing,
    from_yuan,
    to_beijing,
    to_yuan,
)
from scrip.adapters.gateways.http import send
from scrip.domain.bill import BillLine
from scrip.domain.errors import (
    BillNotReady,
    IdempotencyKeyReused,
    PaymentMerchantMismatch,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
)
from scrip.domain.money import Money
from scrip.domain.notice import (
    IgnoredNotice,
    Notice,
    PaymentNotice,
    RefundNotice,
    UnpaidNotice,
)
from scrip.domain.order_access import is_order_id
from scrip.domain.payment import OpenedPayment, Payment, PaymentAsked, PaymentRequest, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest, RefundState

PROVIDER = "alipay"
SIGNATURE_HEADERS: tuple[str, ...] = ()
ACKNOWLEDGED = Acknowledgement(200, "text/plain", b"success")

PRECREATE = "alipay.trade.precreate"
QUERY = "alipay.trade.query"
CLOSE = "alipay.trade.close"
REFUND = "alipay.trade.refund"
REFUND_QUERY = "alipay.trade.fastpay.refund.query"
BILL_QUERY = "alipay.data.dataservice.bill.downloadurl.query"

PAGES = {
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}
"""Which page a method is, and the product that the merchant has signed for."""

METHODS = (*PAGES, "qr")
USUAL = "page"

MOST_FEN = 100_000_000_00
MOST_SUBJECT = 256
MOST_TRADE_NO = 64
NOT_IN_SUBJECT = str.maketrans(dict.fromkeys("/=&,\"'\t\r\n", " "))
"""The first three Alipay forbids; the others would break a line of its bill."""

PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")
CLOSED = "TRADE_CLOSED"
UNKNOWN = "ACQ.TRADE_NOT_EXIST"
OTHER_FIGURES = "ACQ.CONTEXT_INCONSISTENT"
REFUND_STUCK = frozenset({"ACQ.SELLER_BALANCE_NOT_ENOUGH", "ACQ.REASON_TRADE_BEEN_FREEZEN"})
"""The merchant has to fill the account, or to talk to Alipay."""
NO_BILL = frozenset({"isp.bill_not_exist", "BILL_NOT_EXIST"})
"""The first is what is answered, the second what is documented."""

CLOCK_SKEW_SECONDS = 60
DAY_SECONDS = 86_400
BILL_DUE_SECONDS = DAY_SECONDS + 9 * 3600
BILL_SURE_SECONDS = BILL_DUE_SECONDS + DAY_SECONDS
"""A day's bill is made by nine the next morning. There is none of a day without payments: a bill
that is missing a day later is of such a day."""


class AlipayGateway:
    """One merchant's application. `api_base`: Alipay's host, if not its own."""

    provider = PROVIDER

    def __init__(
        self,
        secrets: AlipaySecrets,
        api_base: str,
        http: URLLib3Session,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.secrets = secrets
        self.http = http
        self.clock = clock
        self.calls = AlipayCalls(secrets, api_base, http, clock)

    def open_payment(self, request: PaymentRequest) -> OpenedPayment:
        """A page is an address that we sign: Alipay hears of it when the buyer goes there."""
        method = request.method or USUAL
        if method not in METHODS:
            raise RequestInvalid(f"Alipay is paid by {', '.join(METHODS)}")
        expires_at = request.expires_at_ms // 1000
        return self._opened(request, Reference(method, expires_at, request.key[-16:]))

    def read_payment(self, request: PaymentRequest, reference: str) -> OpenedPayment:
        return self._opened(request, Reference.read(reference))

    def _opened(self, request: PaymentRequest, reference: Reference) -> OpenedPayment:
        if request.money.currency != CURRENCY:
            raise PaymentProviderRefused(f"Alipay is paid in {CURRENCY}")
        if not 0 < request.money.amount_minor <= MOST_FEN:
            raise PaymentProviderRefused("Alipay takes from 0.01 to 100000000 yuan")
        content = {
            "out_trade_no": request.order_id,
            "total_amount": to_yuan(request.money.amount_minor),
            "subject": request.description.translate(NOT_IN_SUBJECT)[:MOST_SUBJECT],
            "time_expire": to_beijing(reference.expires_at),
            "passback_params": quote(request.merchant_id, safe=""),
        }
        if reference.method not in PAGES:
            content["product_code"] = self.secrets.qr_product
            answer = self.calls.ask(PRECREATE, content, notify_url=self.secrets.notify_url)
            if answer.sub_code == OTHER_FIGURES:
                raise IdempotencyKeyReused("the payment was opened with other figures")
            qr_text = answer.read(Precreated).qr_code
            return OpenedPayment(PROVIDER, str(reference), qr_text=qr_text)
        page, content["product_code"] = PAGES[reference.method]
        common = {"notify_url": self.secrets.notify_url}
        if request.return_url:
            common["return_url"] = request.return_url
            content["quit_url"] = request.return_url
        url = self.calls.address(page, content, **common)
        return OpenedPayment(PROVIDER, str(reference), checkout_url=url)

    def verify_callback(self, raw: bytes, _: dict[str, str], __: int) -> dict[bytes, bytes]:
        return verified_form(raw, self.calls.alipay_keys)

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice:
        """Raises PaymentProviderUnavailable, too: Alipay tells of a refund how much was given back
        in all, so what this one gave is asked for."""
        form = self.verify_callback(raw, headers, now_seconds)
        told = msgspec.convert(read_form(form), Told)
        if told.notify_type != "trade_status_sync":
            return IgnoredNotice(f"notice {told.notify_type}")
        if (told.app_id, told.seller_id) != (self.secrets.app_id, self.secrets.seller_id):
            raise PaymentMerchantMismatch("a payment of another application or seller")
        if not is_order_id(told.out_trade_no):
            return IgnoredNotice("not an order of ours")
        try:
            return self._notice(told)
        except ValueError as error:
            raise RequestInvalid(str(error)) from error

    def _notice(self, told: Told) -> Notice:
        """Raises ValueError, PaymentProviderUnavailable, PaymentProviderRefused."""
        merchant_id, order_id, status = told.merchant_id, told.out_trade_no, told.trade_status
        if status in ("TRADE_SUCCESS", CLOSED) and told.refunded:
            refund = self._found_refund(order_id, told.out_biz_no or order_id)
            if refund is None:
                raise PaymentProviderUnavailable("Alipay tells of a refund and cannot find it")
            return RefundNotice(merchant_id, order_id, told.trade_no, refund)
        if status in PAID:
            at = told.gmt_payment or told.notify_time
            payment = self._payment(told.trade_no, told.total_amount, from_beijing(at))
            return PaymentNotice(merchant_id, order_id, payment)
        if status == CLOSED:
            return UnpaidNotice(merchant_id, order_id, CLOSED)
        return IgnoredNotice(f"trade {status}")

    def query_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        """A payment that was given back whole is none: Alipay holds no money for the order."""
        answer = self.calls.ask(QUERY, {"out_trade_no": asked.order_id})
        if answer.sub_code == UNKNOWN:
            return self._never_begun(asked)
        trade = answer.read(Trade)
        _same(trade.out_trade_no, asked.order_id)
        if trade.trade_status not in PAID:
            return Unpaid(closed=trade.trade_status == CLOSED)
        at_ms = self._at_ms(trade.send_pay_date)
        try:
            return self._payment(trade.trade_no, trade.total_amount, at_ms)
        except ValueError as error:
            raise PaymentProviderUnavailable(str(error)) from error

    def close_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        answer = self.calls.ask(CLOSE, {"out_trade_no": asked.order_id})
        if answer.done:
            return Unpaid(closed=True)
        if answer.sub_code == UNKNOWN:
            return self._never_begun(asked)
        # Paid, closed already, or on its way: what it is now is to be asked.
        return self.query_payment(asked)

    def _never_begun(self, asked: PaymentAsked) -> Unpaid:
        """The buyer has not gone to the page or not scanned the code, and may until it expires:
        Alipay cannot close what it has not heard of."""
        expires_at = Reference.read(asked.reference).expires_at
        return Unpaid(closed=self.clock() > expires_at + CLOCK_SKEW_SECONDS)

    def refund(self, request: RefundRequest) -> RefundReport:
        """`fund_change` tells that this very call moved money. It does not when it is repeated, or
        while the refund is under way."""
        if request.money.currency != CURRENCY:
            raise PaymentProviderRefused(f"Alipay is paid in {CURRENCY}")
        content = {
            "out_trade_no": request.order_id,
            "trade_no": request.payment.transaction_id,
            "out_request_no": request.refund_id,
            "refund_amount": to_yuan(request.money.amount_minor),
        }
        if request.reason:
            content["refund_reason"] = request.reason[:MOST_SUBJECT]
        answer = self.calls.ask(REFUND, content)
        if answer.sub_code in REFUND_STUCK:
            return self._report(request, RefundState.STUCK)
        if answer.read(Refunded).fund_change == "Y":
            return self._report(request, RefundState.SUCCEEDED)
        return self.query_refund(request) or self._report(request, RefundState.PENDING)

    def query_refund(self, request: RefundRequest) -> RefundReport | None:
        """None, too, of a refund that failed or that came in just now: sent again under its number
        it is the same refund."""
        return self._found_refund(request.order_id, request.refund_id)

    def _found_refund(self, order_id: str, refund_id: str) -> RefundReport | None:
        asked = {"out_trade_no": order_id, "out_request_no": refund_id}
        answer = self.calls.ask(REFUND_QUERY, {**asked, "query_options": ["gmt_refund_pay"]})
        found = answer.read(FoundRefund)
        if found.refund_status != "REFUND_SUCCESS":
            return None
        _same((found.out_trade_no, found.out_request_no), (order_id, refund_id))
        try:
            money = Money(from_yuan(found.refund_amount), CURRENCY)
        except ValueError as error:
            raise PaymentProviderUnavailable(str(error)) from error
        at_ms = self._at_ms(found.gmt_refund_pay)
        ours = our_refund_id(refund_id, order_id)
        return RefundReport(ours, refund_id, RefundState.SUCCEEDED, money, at_ms)

    def download_bill(self, day: str) -> Iterator[BillLine]:
        began = datetime.combine(date.fromisoformat(day), time_of_day(), BEIJING).timestamp()
        passed = self.clock() - began
        if passed < DAY_SECONDS:
            raise BillNotReady(f"{day} is not over")
        answer = self.calls.ask(BILL_QUERY, {"bill_type": "trade", "bill_date": day})
        if answer.sub_code in NO_BILL:
            if passed < BILL_SURE_SECONDS:
                raise BillNotReady(f"{day} has no bill yet")
            return iter(())
        return bill_lines(self._file(answer))

    def _file(self, answer: Answer) -> bytes:
        """The address is good for 30 seconds. Alipay may write it with http, which anybody on the
        way could answer."""
        _, _, rest = answer.read(BillFound).bill_download_url.partition("://")
        scheme, _, _ = self.calls.base.partition("://")
        file = send(self.http, "GET", f"{scheme}://{rest}", {}, most_bytes=MOST_ZIP_BYTES)
        if file.status != 200:
            raise PaymentProviderUnavailable(f"Alipay's bill answered HTTP {file.status}")
        return file.content

    def _payment(self, trade_no: str, total_amount: str, at_ms: int) -> Payment:
        """Raises ValueError."""
        if not 0 < len(trade_no) <= MOST_TRADE_NO:
            raise ValueError("a payment without number")
        money = Money(from_yuan(total_amount), CURRENCY)
        return Payment(PROVIDER, trade_no, money, self.secrets.live, at_ms)

    def _report(self, request: RefundRequest, state: RefundState) -> RefundReport:
        return RefundReport(
            request.refund_id, request.refund_id, state, request.money, self._at_ms("")
        )

    def _at_ms(self, text: str) -> int:
        """Alipay leaves out some times: then it is now."""
        try:
            return from_beijing(text) if text else int(self.clock() * 1000)
        except ValueError as error:
            raise PaymentProviderUnavailable(str(error)) from error


def _same(told: object, asked: object) -> None:
    """A signed answer says nothing of the request: this is what keeps an old one out."""
    if told != asked:
        raise PaymentProviderUnavailable("Alipay answered of something else")


SECRETS, GATEWAY = AlipaySecrets, AlipayGateway
