"""WeChat Pay v3: opens payments, reads sealed callbacks, closes, refunds, fetches statements.

Sources: pay.weixin.qq.com/doc/v3/merchant/4012791877 (native), 4012556398 (close), 4012556457
(refund), 4012084430 (statement), /docs/merchant/apis/*-payment for the other ways to pay.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from secrets import token_hex
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.gateways.wechat_bill import (
    BEIJING,
    MOST_GZIPPED_BYTES,
    checked,
    lines_of,
    ready_at_ms,
)
from scrip.adapters.gateways.wechat_calls import UNREADABLE, WechatApi
from scrip.adapters.gateways.wechat_objects import (
    PAID,
    PROVIDER,
    Envelope,
    PaidTransaction,
    Refund,
    RefundNews,
    Resource,
    Transaction,
)
from scrip.adapters.gateways.wechat_secrets import (
    WechatSecrets,
    certified,
    platform_keys,
    signer_of,
)
from scrip.adapters.gateways.wechat_signing import SIGNATURE_TYPE, SIGNED_BY, unsealed, verify
from scrip.domain.bill import BillLine
from scrip.domain.errors import (
    BillNotReady,
    PaymentMerchantMismatch,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
    RequestMalformed,
)
from scrip.domain.notice import IgnoredNotice, Notice, PaymentNotice, RefundNotice, UnpaidNotice
from scrip.domain.payment import OpenedPayment, Payment, PaymentAsked, PaymentRequest, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest

API_BASE = "https://api.mch.weixin.qq.com"
SIGNATURE_HEADERS = (*SIGNED_BY, SIGNATURE_TYPE)
ACKNOWLEDGED = Acknowledgement(204, "", b"")
METHODS = {"native": "native", "jsapi": "jsapi", "mini": "jsapi", "h5": "h5"}
"""Our names of ways to pay, the first is the usual one -> where each is opened."""

MAX_DESCRIPTION_BYTES = 127
MAX_REASON_BYTES = 80

PAYMENT_EVENT = "TRANSACTION.SUCCESS"
REFUND_EVENTS = ("REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED")

# Codes. The documents spell some of them in two ways.
ORDER_UNKNOWN = ("ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS")
PAYING = ("USER_PAYING", "USERPAYING")
REFUND_UNKNOWN = ("RESOURCE_NOT_EXISTS",)
NO_STATEMENT, STATEMENT_LATER = "NO_STATEMENT_EXIST", "STATEMENT_CREATING"
NO_CERTIFICATES = ("RESOURCE_NOT_EXISTS",)


class _Opened(msgspec.Struct):
    code_url: str = ""
    h5_url: str = ""
    prepay_id: str = ""


class _Statement(msgspec.Struct):
    hash_type: str
    hash_value: str
    download_url: Annotated[str, msgspec.Meta(pattern=r"^\s*https?://[^/\s]+/[^\s#]+\Z")]


class _Certificate(msgspec.Struct):
    serial_no: str
    encrypt_certificate: Resource


class _Certificates(msgspec.Struct):
    data: list[_Certificate]


class WechatGateway:
    """One merchant's WeChat Pay account. `clock` in seconds; `nonce`: never the same twice."""

    provider = PROVIDER

    def __init__(
        self,
        secrets: WechatSecrets,
        api_base: str,
        http: URLLib3Session,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: token_hex(16),
    ) -> None:
        self.secrets = secrets
        self.keys = platform_keys(secrets)
        self.signer = signer_of(secrets)
        self.clock = clock
        self.nonce = nonce
        public_key_id = max(secrets.public_keys, default="")
        base = (api_base or API_BASE).rstrip("/")
        self.api = WechatApi(self.signer, self.keys, public_key_id, base, http, clock, nonce)

    def open_payment(self, request: PaymentRequest) -> OpenedPayment:
        method = request.method or next(iter(METHODS))
        if method not in METHODS:
            raise RequestInvalid(f"WeChat Pay is paid by one of {', '.join(METHODS)}")
        if request.money.currency != "CNY":
            raise PaymentProviderRefused("WeChat Pay charges CNY only")
        expires = datetime.fromtimestamp(request.expires_at_ms // 1000, BEIJING)
        body = {
            "appid": self._appid(method),
            "mchid": self.secrets.mchid,
            "description": _cut(request.description, MAX_DESCRIPTION_BYTES),
            "out_trade_no": request.order_id,
            "time_expire": expires.isoformat(),
            "attach": request.merchant_id,
            "notify_url": self.secrets.notify_url,
            "amount": {"total": request.money.amount_minor, "currency": "CNY"},
            **_payer(method, request),
        }
        told = self.api.ask("POST", f"/v3/pay/transactions/{METHODS[method]}", body)
        return self._as_opened(method, request, told.decoded(_Opened))

    def read_payment(self, request: PaymentRequest, _: str) -> OpenedPayment:
        """WeChat shows no payment twice: opening it again with the same figures does."""
        return self.open_payment(request)

    def verify_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> None:
        """Also raises SignatureProbe, for a signature that is wrong on purpose."""
        verify(raw, headers, self.keys, now_seconds)

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice:
        self.verify_callback(raw, headers, now_seconds)
        envelope: Envelope = _decode(raw, Envelope)
        if envelope.event_type == PAYMENT_EVENT:
            return self._payment_notice(self._open(envelope.resource))
        if envelope.event_type in REFUND_EVENTS:
            return self._refund_notice(self._open(envelope.resource), envelope.create_time)
        return IgnoredNotice(f"event {envelope.event_type[:64]}")

    def query_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        path = f"/v3/pay/transactions/out-trade-no/{asked.order_id}?mchid={self.secrets.mchid}"
        told = self.api.ask("GET", path, expected=ORDER_UNKNOWN)
        if told.code:
            return Unpaid()
        order: Transaction = told.decoded(Transaction)
        if order.out_trade_no != asked.order_id:
            raise PaymentProviderUnavailable("WeChat answered about another order")
        self._check_account(order.mchid, order.appid)
        if order.trade_state != PAID:
            return order.unpaid
        paid: PaidTransaction = told.decoded(PaidTransaction)
        return paid.payment

    def close_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        path = f"/v3/pay/transactions/out-trade-no/{asked.order_id}/close"
        body = {"mchid": self.secrets.mchid}
        try:
            told = self.api.ask("POST", path, body, expected=ORDER_UNKNOWN + PAYING)
        except PaymentProviderRefused:  # for being paid or closed already, or for good
            found = self.query_payment(asked)
            if found == Unpaid():
                raise
            return found
        return Unpaid(closed=told.status == 204 or told.code in ORDER_UNKNOWN)

    def refund(self, request: RefundRequest) -> RefundReport:
        reason = _cut(request.reason, MAX_REASON_BYTES)
        body = {
            "transaction_id": request.payment.transaction_id,
            "out_refund_no": request.refund_id,
            "notify_url": self.secrets.notify_url,
            "amount": {
                "refund": request.money.amount_minor,
                "total": request.payment.money.amount_minor,
                "currency": request.money.currency,
            },
            **({"reason": reason} if reason else {}),
        }
        told = self.api.ask("POST", "/v3/refund/domestic/refunds", body)
        return _reported(told.decoded(Refund), request)

    def query_refund(self, request: RefundRequest) -> RefundReport | None:
        path = f"/v3/refund/domestic/refunds/{request.refund_id}"
        told = self.api.ask("GET", path, expected=REFUND_UNKNOWN)
        return None if told.code else _reported(told.decoded(Refund), request)

    def download_bill(self, day: str) -> Iterator[BillLine]:
        """A day without payments and refunds has no statement, and so has one that is not over."""
        ready_at = ready_at_ms(day) // 1000
        path = f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP"
        told = self.api.ask("GET", path, expected=(NO_STATEMENT, STATEMENT_LATER))
        if told.code == NO_STATEMENT and self.clock() >= ready_at:
            return iter(())
        if told.code:
            raise BillNotReady(f"WeChat answered {told.code}")
        statement: _Statement = told.decoded(_Statement)
        if statement.hash_type != "SHA1":
            raise PaymentProviderUnavailable("the statement's hash is of another type")
        # Only the path counts: a request with our signature goes to no host but WeChat's own.
        path = "/" + statement.download_url.split("/", 3)[3]
        file = self.api.ask("GET", path, signed=False, most_bytes=MOST_GZIPPED_BYTES)
        return lines_of(checked(file.content, statement.hash_value))

    def fetch_certificates(self) -> dict[str, str]:
        """The platform's certificates of today, PEM by serial, to be kept among the secrets before
        WeChat signs with a new one. Empty for a merchant in public key mode.

        The answer must be signed with a key that is known already: the first is set by hand.
        """
        told = self.api.ask("GET", "/v3/certificates", expected=NO_CERTIFICATES)
        if told.code:
            return {}
        listed: _Certificates = told.decoded(_Certificates)
        found = {}
        try:
            for each in listed.data:
                pem = self._open(each.encrypt_certificate).decode()
                certified(each.serial_no, pem)
                found[each.serial_no] = pem
        except (ValueError, RequestInvalid) as error:
            raise PaymentProviderUnavailable("a certificate cannot be read") from error
        return found

    @property
    def ends_at_ms(self) -> int | None:
        """None with a public key, which does not end."""
        if self.secrets.public_keys:
            return None
        return int(max(key.until_seconds for key in self.keys.values()) * 1000)

    def renewed(self, now_seconds: float) -> WechatSecrets:
        """A merchant without certificates needs none, and WeChat is not asked."""
        known = self.secrets.certificates
        if not known:
            return self.secrets
        every = known | self.fetch_certificates()
        valid = {
            serial: pem
            for serial, pem in every.items()
            if certified(serial, pem).until_seconds > now_seconds
        }
        return msgspec.structs.replace(self.secrets, certificates=valid or known)

    def _appid(self, method: str) -> str:
        mini = self.secrets.mini_appid if method == "mini" else None
        return mini or self.secrets.appid

    def _as_opened(self, method: str, request: PaymentRequest, opened: _Opened) -> OpenedPayment:
        reference = request.order_id
        if method == "native" and opened.code_url:
            return OpenedPayment(PROVIDER, reference, qr_text=opened.code_url)
        if method == "h5" and opened.h5_url:
            back = f"&redirect_url={quote(request.return_url, '')}" if request.return_url else ""
            return OpenedPayment(PROVIDER, reference, checkout_url=opened.h5_url + back)
        if METHODS[method] == "jsapi" and opened.prepay_id:
            invoke = self._invoke(self._appid(method), f"prepay_id={opened.prepay_id}")
            return OpenedPayment(PROVIDER, reference, invoke=invoke)
        raise PaymentProviderUnavailable("WeChat's answer is not its own")

    def _invoke(self, appid: str, package: str) -> dict[str, str]:
        """What WeixinJSBridge and wx.requestPayment take."""
        stamp, nonce = str(int(self.clock())), self.nonce()
        return {
            "appId": appid,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self.signer.sign(appid, stamp, nonce, package),
        }

    def _open(self, resource: Resource) -> bytes:
        return unsealed(
            resource.ciphertext,
            resource.nonce,
            resource.associated_data,
            resource.algorithm,
            self.secrets.api_v3_keys,
        )

    def _payment_notice(self, content: bytes) -> Notice:
        order: Transaction = _decode(content, Transaction)
        self._check_account(order.mchid, order.appid)
        if order.trade_state != PAID:
            return UnpaidNotice(order.attach, order.out_trade_no, order.trade_state)
        paid: PaidTransaction = _decode(content, PaidTransaction)
        return PaymentNotice(order.attach, order.out_trade_no, paid.payment)

    def _refund_notice(self, content: bytes, told: datetime) -> Notice:
        news: RefundNews = _decode(content, RefundNews)
        self._check_account(news.mchid)
        return RefundNotice("", news.out_trade_no, news.transaction_id, news.report(told))

    def _check_account(self, mchid: str, appid: str | None = None) -> None:
        appids = (None, self.secrets.appid, self.secrets.mini_appid)
        if mchid != self.secrets.mchid or appid not in appids:
            raise PaymentMerchantMismatch("the payment is of another WeChat Pay account or app")


def _decode(raw: bytes, shape: type[Any]) -> Any:
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise RequestInvalid(str(error)) from error
    except UNREADABLE as error:
        raise RequestMalformed("the callback is not valid JSON") from error


def _reported(refund: Refund, request: RefundRequest) -> RefundReport:
    if refund.out_refund_no != request.refund_id:
        raise PaymentProviderUnavailable("WeChat answered about another refund")
    return refund.report


def _payer(method: str, request: PaymentRequest) -> dict[str, Any]:
    """What is to be told of who pays. Raises RequestInvalid."""
    if METHODS[method] == "jsapi":
        if not request.payer.openid:
            raise RequestInvalid(f"{method} needs the payer's openid")
        return {"payer": {"openid": request.payer.openid}}
    if method == "h5":
        if not request.payer.ip:
            raise RequestInvalid("h5 needs the payer's ip")
        return {"scene_info": {"payer_client_ip": request.payer.ip, "h5_info": {"type": "Wap"}}}
    return {}


def _cut(text: str, size: int) -> str:
    """One line of at most `size` bytes: the statement has no quotes to hold a line break."""
    return " ".join(text.split()).encode()[:size].decode(errors="ignore")


SECRETS, GATEWAY = WechatSecrets, WechatGateway
