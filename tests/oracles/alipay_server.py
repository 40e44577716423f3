"""A stand-in for Alipay's gateway over loopback: pages, QR codes, queries, refunds, bills.

It verifies our requests with an independent library (python-alipay-sdk), keeps a book of trades and
refunds, and signs answers and callbacks as Alipay does: answers over the raw JSON value, callbacks
over the sorted parameters in the charset they are sent in.
"""

import base64
import itertools
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from alipay import AliPay
from Cryptodome.Hash import SHA256
from Cryptodome.PublicKey import RSA
from Cryptodome.Signature import pkcs1_15
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

APP_ID = "2021000000000001"
SELLER_ID = "2088000000000001"
NOTIFY_URL = "https://shop.example/v1/callbacks/payments/demo/alipay"
BEIJING = timezone(timedelta(hours=8))


def made_key() -> RSA.RsaKey:
    """By OpenSSL: the library that verifies takes a second for each, and whoever imports this would
    wait for it."""
    made = rsa.generate_private_key(65537, 2048)
    der = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return RSA.import_key(der)


APP_KEY, ALIPAY_KEY, OTHER_KEY = (made_key() for _ in range(3))


def bare(key: RSA.RsaKey) -> str:
    """As Alipay's key tool writes it: base64 without PEM's lines."""
    return base64.b64encode(key.export_key("DER", pkcs=8)).decode()


def sign_bytes(content: bytes, key: RSA.RsaKey = ALIPAY_KEY) -> str:
    return base64.b64encode(pkcs1_15.new(key).sign(SHA256.new(content))).decode()


def sign_form(
    fields: Mapping[str, str],
    key: RSA.RsaKey = ALIPAY_KEY,
    charset: str = "utf-8",
    sign_type: str = "RSA2",
) -> bytes:
    """A callback's raw body."""
    joined = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
    signature = sign_bytes(joined.encode(charset), key)
    whole = {**fields, "sign_type": sign_type, "sign": signature}
    return urlencode(whole, encoding=charset).encode()


CLOCKS_APART = 900
"""Seconds that a request's time may be off."""


def beijing(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def library(own: RSA.RsaKey, other: RSA.RsaKey) -> AliPay:
    """The independent library, signing with `own` and believing `other`."""
    return AliPay(
        appid=APP_ID,
        app_private_key_string=own.export_key().decode(),
        alipay_public_key_string=other.public_key().export_key().decode(),
        sign_type="RSA2",
    )


CHECKER = library(ALIPAY_KEY, APP_KEY)


@dataclass
class Trade:
    trade_no: str
    content: dict[str, Any]
    status: str = "WAIT_BUYER_PAY"
    paid_at: str = ""
    refunds: dict[str, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return Decimal(self.content["total_amount"])


@dataclass
class AlipayServer:
    """`fail_with`: answers to give instead of doing anything (bodies, or raw bytes). `lose`: how
    many answers to lose, once done. `slow_refunds`: refunds stay under way. `now`: epoch seconds.
    """

    base: str = ""
    now: float = field(default_factory=time.time)
    trades: dict[str, Trade] = field(default_factory=dict)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    bills: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    parameters: list[dict[str, str]] = field(default_factory=list)
    fail_with: list[dict[str, str] | bytes] = field(default_factory=list)
    lose: int = 0
    slow_refunds: bool = False
    answer_key: RSA.RsaKey = field(default_factory=lambda: ALIPAY_KEY)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def clock(self) -> float:
        return self.now

    def forget(self, now: float) -> None:
        """Begin anew, at that time."""
        self.__dict__.update(AlipayServer(base=self.base, now=now).__dict__)

    # What a buyer does.

    def visit(self, url: str) -> Trade:
        """Go to a page that the shop has signed, and log in."""
        method, content = self.checked(urlsplit(url).query)
        products = {
            "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY",
            "alipay.trade.wap.pay": "QUICK_WAP_WAY",
        }
        assert content["product_code"] == products[method]
        return self._begun(content)

    def scan(self, qr_text: str) -> Trade:
        return self._begun(self.codes[qr_text])

    def _begun(self, content: dict[str, Any]) -> Trade:
        if content["time_expire"] < beijing(self.now):
            raise TimeoutError("the page has expired")
        known = self.trades.get(content["out_trade_no"])
        if known is None:
            number = f"20261122220014{next(self._numbers):014d}"
            known = self.trades[content["out_trade_no"]] = Trade(number, content)
        if known.status != "WAIT_BUYER_PAY" or known.total != Decimal(content["total_amount"]):
            raise PermissionError("ACQ.CONTEXT_INCONSISTENT, or paid or closed already")
        return known

    def pay(self, order_id: str, **changes: str) -> tuple[bytes, dict[str, str]]:
        """Pay what was begun; answers the callback."""
        trade = self.trades[order_id]
        trade.status, trade.paid_at = "TRADE_SUCCESS", beijing(self.now)
        return self.callback(order_id, **changes)

    # What Alipay says.

    def callback(
        self, order_id: str, charset: str = "utf-8", **changes: str
    ) -> tuple[bytes, dict[str, str]]:
        return sign_form(
            {**self.fields(order_id), "charset": charset, **changes}, charset=charset
        ), {"content-type": f"application/x-www-form-urlencoded; charset={charset}"}

    def refunded(self, order_id: str, number: str) -> tuple[bytes, dict[str, str]]:
        """The callback about a refund: its sum is that of all so far."""
        fee = sum(self.trades[order_id].refunds.values())
        told = {"refund_fee": f"{fee:.2f}", "gmt_refund": f"{beijing(self.now)}.123"}
        return self.callback(order_id, **told, out_biz_no=number)

    def fields(self, order_id: str) -> dict[str, str]:
        trade = self.trades[order_id]
        return {
            "gmt_create": beijing(self.now),
            "notify_type": "trade_status_sync",
            "notify_id": f"2026112200222{next(self._numbers):08d}",
            "notify_time": beijing(self.now),
            "version": "1.0",
            "app_id": APP_ID,
            "auth_app_id": APP_ID,
            "seller_id": SELLER_ID,
            "buyer_id": "2088000000000009",
            "subject": trade.content["subject"],
            "body": "",
            "fund_bill_list": '[{"amount":"45.00","fundChannel":"ALIPAYACCOUNT"}]',
            "out_trade_no": order_id,
            "passback_params": trade.content["passback_params"],
            "trade_no": trade.trade_no,
            "trade_status": trade.status,
            "total_amount": str(trade.total),
            "buyer_pay_amount": str(trade.total),
            "point_amount": "0.00",
            **({"gmt_payment": trade.paid_at} if trade.paid_at else {}),
        }

    # The gateway.

    def checked(self, query: str, body: str = "") -> tuple[str, dict[str, Any]]:
        """A request's method and content, its signature verified."""
        given = parse_qsl(f"{query}&{body}" if body else query, strict_parsing=True)
        fields = dict(given)
        assert len(fields) == len(given)
        signature = fields.pop("sign")
        joined = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
        assert CHECKER._verify(joined, signature), "isv.invalid-signature"
        assert (fields["app_id"], fields["sign_type"]) == (APP_ID, "RSA2")
        assert (fields["charset"], fields["version"]) == ("utf-8", "1.0")
        early, late = beijing(self.now - CLOCKS_APART), beijing(self.now + CLOCKS_APART)
        assert early < fields["timestamp"] < late
        assert fields.get("notify_url", NOTIFY_URL) == NOTIFY_URL
        self.parameters.append(fields)
        return fields["method"], json.loads(fields["biz_content"])

    def answer(self, query: str, body: str) -> bytes:
        method, content = self.checked(query, body)
        self.requests.append((method, content))
        if self.fail_with:
            failure = self.fail_with.pop(0)
            if isinstance(failure, bytes):
                return failure
            return self.signed(method, {"msg": "Business Failed", **failure})
        done = {
            "alipay.trade.precreate": self._precreate,
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._refund_query,
            "alipay.data.dataservice.bill.downloadurl.query": self._bill,
        }[method](content)
        return self.signed(method, {"code": "10000", "msg": "Success", **done})

    def signed(self, method: str, told: dict[str, str], key: RSA.RsaKey | None = None) -> bytes:
        """Slashes are escaped and spaces stand between, as nobody would write it again."""
        content = json.dumps(told, ensure_ascii=False, separators=(", ", ":")).replace("/", "\\/")
        name = f"{method.replace('.', '_')}_response"
        signature = sign_bytes(content.encode(), key or self.answer_key)
        return f'{{"{name}":{content},"sign":"{signature}"}}'.encode()

    def _precreate(self, content: dict[str, Any]) -> dict[str, str]:
        for known in self.codes.values():
            if known["out_trade_no"] == content["out_trade_no"] and known != content:
                return refusal("ACQ.CONTEXT_INCONSISTENT")
        code = f"https://qr.alipay.com/bax{content['out_trade_no'].lower()}"
        self.codes[code] = content
        return {"out_trade_no": content["out_trade_no"], "qr_code": code}

    def _query(self, content: dict[str, Any]) -> dict[str, str]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return refusal("ACQ.TRADE_NOT_EXIST")
        paid = {"send_pay_date": trade.paid_at} if trade.paid_at else {}
        return {
            "out_trade_no": content["out_trade_no"],
            "trade_no": trade.trade_no,
            "trade_status": trade.status,
            "total_amount": str(trade.total),
            "buyer_logon_id": "买家***@example.com",
            **paid,
        }

    def _close(self, content: dict[str, Any]) -> dict[str, str]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return refusal("ACQ.TRADE_NOT_EXIST")
        if trade.status != "WAIT_BUYER_PAY":
            paid = trade.status != "TRADE_CLOSED"
            return refusal("ACQ.TRADE_HAS_SUCCESS" if paid else "ACQ.REASON_TRADE_STATUS_INVALID")
        trade.status = "TRADE_CLOSED"
        return {"trade_no": trade.trade_no, "out_trade_no": content["out_trade_no"]}

    def _refund(self, content: dict[str, Any]) -> dict[str, str]:
        trade, number = self.trades.get(content["out_trade_no"]), content["out_request_no"]
        if trade is None or trade.trade_no != content["trade_no"]:
            return refusal("ACQ.TRADE_NOT_EXIST")
        amount, new = Decimal(content["refund_amount"]), number not in trade.refunds
        if not new and trade.refunds[number] != amount:
            return refusal("ACQ.DISCORDANT_REPEAT_REQUEST")
        if new and sum(trade.refunds.values()) + amount > trade.total:
            return refusal("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        trade.refunds[number] = amount
        if sum(trade.refunds.values()) == trade.total:
            trade.status = "TRADE_CLOSED"
        return {
            "trade_no": trade.trade_no,
            "out_trade_no": content["out_trade_no"],
            "refund_fee": f"{sum(trade.refunds.values()):.2f}",
            "fund_change": "Y" if new and not self.slow_refunds else "N",
        }

    def _refund_query(self, content: dict[str, Any]) -> dict[str, str]:
        trade, number = self.trades.get(content["out_trade_no"]), content["out_request_no"]
        if trade is None:
            return refusal("ACQ.TRADE_NOT_EXIST")
        if number not in trade.refunds or self.slow_refunds:
            return {}
        asked = "gmt_refund_pay" in content.get("query_options", ())
        return {
            "trade_no": trade.trade_no,
            "out_trade_no": content["out_trade_no"],
            "out_request_no": number,
            "total_amount": str(trade.total),
            "refund_amount": f"{trade.refunds[number]:.2f}",
            "refund_status": "REFUND_SUCCESS",
            **({"gmt_refund_pay": beijing(self.now)} if asked else {}),
        }

    def _bill(self, content: dict[str, Any]) -> dict[str, str]:
        assert content["bill_type"] == "trade"
        if content["bill_date"] not in self.bills:
            return refusal("isp.bill_not_exist")
        address = f"{self.base}/downloadBillFile.resource?fileId={content['bill_date']}&x=%2F"
        return {"bill_download_url": address}


def refusal(sub_code: str) -> dict[str, str]:
    return {"code": "40004", "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "不行"}


@contextmanager
def alipay_server(port: int = 0) -> Iterator[AlipayServer]:
    state = AlipayServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            raw = self.rfile.read(length)
            if len(raw) < length:  # who asked may be gone already
                return
            path, _, query = self.path.partition("?")
            assert path == "/gateway.do"
            kind = self.headers["Content-Type"]
            assert kind == "application/x-www-form-urlencoded;charset=utf-8"
            try:
                content = state.answer(query, raw.decode())
            except AssertionError as error:
                content = f"<html>{error}</html>".encode()
            if state.lose:
                state.lose -= 1
                self.close_connection = True
                return
            self._send(200, content)

        def do_GET(self) -> None:
            day = dict(parse_qsl(urlsplit(self.path).query)).get("fileId", "")
            self._send(200 if day in state.bills else 404, state.bills.get(day, b""))

        def _send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html;charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    state.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
