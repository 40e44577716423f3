"""A stand-in for WeChat Pay v3 over loopback, with a book of orders and refunds.

It checks our requests and signs its answers and callbacks with `wechatpayv3`, a library by others.
As strict as the documents allow: an order's number comes again with the same figures or not at all.
"""

import gzip
import hashlib
import itertools
import json
import re
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from wechatpayv3.utils import rsa_sign, rsa_verify

from tests.oracles.wechat_keys import (
    API_V3_KEY,
    APPID,
    MCHID,
    MINI_APPID,
    NOW_SECONDS,
    PUBLIC_KEY_ID,
    Certified,
    certified,
    pair,
)

CHINA = timezone(timedelta(hours=8))
AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(.+)",nonce_str="(.+)",signature="(.+)",'
    r'timestamp="(\d+)",serial_no="(.+)"'
)


@dataclass
class WechatServer:
    """`orders` and `refunds` by our numbers, as WeChat shows them. `fail_with`: statuses and bodies
    of the next answers. `lose`: how many of the next answers never arrive though all is done.
    `serial`: which key signs, `unsigned`: nothing is signed."""

    base: str = ""
    now_seconds: int = NOW_SECONDS
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    opened: dict[str, bytes] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    refund_state: str = "PROCESSING"
    requests: list[str] = field(default_factory=list)
    fail_with: list[tuple[int, Any]] = field(default_factory=list)
    lose: int = 0
    paying: bool = False
    serial: str = PUBLIC_KEY_ID
    unsigned: bool = False
    bills: dict[str, str] = field(default_factory=dict)
    bill_hash: str = ""
    statements_after: str = "9999-99-99"
    certificates: list[Certified] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answered(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        split = urlsplit(target)
        parts, query = split.path.split("/")[2:], parse_qs(split.query)
        match method, parts:
            case "POST", ["pay", "transactions", ("native" | "jsapi" | "h5") as kind]:
                return self._open(kind, body)
            case "GET", ["pay", "transactions", "out-trade-no", order_id]:
                assert query == {"mchid": [MCHID]}
                found = self.orders.get(order_id)
                return (200, found) if found else _refusal(404, "ORDER_NOT_EXIST")
            case "POST", ["pay", "transactions", "out-trade-no", order_id, "close"]:
                assert json.loads(body) == {"mchid": MCHID}
                return self._close(order_id)
            case "POST", ["refund", "domestic", "refunds"]:
                return self._refund(json.loads(body))
            case "GET", ["refund", "domestic", "refunds", refund_id]:
                found = self.refunds.get(refund_id)
                return (200, found) if found else _refusal(404, "RESOURCE_NOT_EXISTS")
            case "GET", ["bill", "tradebill"]:
                return self._statement(query)
            case "GET", ["billdownload", "file"]:
                return 200, gzip.compress(self.bills[query["token"][0]].encode())
            case "GET", ["certificates"]:
                return self._certificates()
        raise AssertionError(f"{method} {target}")

    def _open(self, kind: str, body: bytes) -> tuple[int, Any]:
        asked = json.loads(body)
        order_id = asked["out_trade_no"]
        assert asked["mchid"] == MCHID
        assert asked["appid"] in (APPID, MINI_APPID)
        assert len(asked["description"].encode()) <= 127
        assert asked["notify_url"].startswith("https://")
        assert datetime.fromisoformat(asked["time_expire"]).tzinfo
        if self.opened.setdefault(order_id, kind.encode() + body) != kind.encode() + body:
            return _refusal(400, "INVALID_REQUEST", "201 商户订单号重复")
        order = self.orders.setdefault(
            order_id,
            {
                "appid": asked["appid"],
                "mchid": MCHID,
                "out_trade_no": order_id,
                "trade_state": "NOTPAY",
                "trade_state_desc": "订单未支付",
                "attach": asked["attach"],
                "amount": asked["amount"],
            },
        )
        if order["trade_state"] != "NOTPAY":
            code = "ORDERPAID" if order["trade_state"] == "SUCCESS" else "ORDER_CLOSED"
            return _refusal(400, code)
        number = f"wx{hashlib.sha256(body).hexdigest()[:30]}"
        if kind == "native":
            code = f"weixin://wxpay/bizpayurl?pr={number}"
            self.codes[code] = order_id
            return 200, {"code_url": code}
        if kind == "h5":
            assert asked["scene_info"]["payer_client_ip"]
            url = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb"
            return 200, {"h5_url": f"{url}?prepay_id={number}&package=1"}
        assert asked["payer"]["openid"]
        return 200, {"prepay_id": number}

    def _close(self, order_id: str) -> tuple[int, Any]:
        order = self.orders.get(order_id)
        if self.paying:
            return 202, {"code": "USERPAYING", "message": "用户支付中"}
        if order and order["trade_state"] == "SUCCESS":
            return _refusal(400, "ORDERPAID")
        if order:
            order["trade_state"] = "CLOSED"
        return 204, None

    def _refund(self, asked: dict[str, Any]) -> tuple[int, Any]:
        number, amount = asked["out_refund_no"], asked["amount"]
        assert 1 <= len(asked.get("reason", "none").encode()) <= 80
        assert asked["notify_url"].startswith("https://")
        order = next(
            o for o in self.orders.values() if o.get("transaction_id") == asked["transaction_id"]
        )
        assert amount["total"] == order["amount"]["total"]
        others = [
            r["amount"]["refund"]
            for r in self.refunds.values()
            if r["out_trade_no"] == order["out_trade_no"] and r["out_refund_no"] != number
        ]
        if sum(others) + amount["refund"] > amount["total"]:
            return _refusal(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致")
        known = self.refunds.get(number)
        if known and known["amount"]["refund"] != amount["refund"]:
            return _refusal(400, "PARAM_ERROR", "退款金额不一致")
        if not known:
            self.refunds[number] = {
                "refund_id": f"5030{next(self._numbers):024d}",
                "out_refund_no": number,
                "transaction_id": asked["transaction_id"],
                "out_trade_no": order["out_trade_no"],
                "channel": "ORIGINAL",
                "user_received_account": "支付用户零钱",
                "create_time": self.time(),
                "status": self.refund_state,
                "amount": {**amount, "payer_total": amount["total"], "payer_refund": 0},
                **({"success_time": self.time(5)} if self.refund_state == "SUCCESS" else {}),
            }
        return 200, self.refunds[number]

    def _statement(self, query: dict[str, list[str]]) -> tuple[int, Any]:
        day = query["bill_date"][0]
        assert query["bill_type"] == ["ALL"]
        assert query["tar_type"] == ["GZIP"]
        if day >= self.statements_after:
            return _refusal(400, "STATEMENT_CREATING")
        if day not in self.bills:
            return _refusal(400, "NO_STATEMENT_EXIST")
        sha1 = hashlib.sha1(self.bills[day].encode(), usedforsecurity=False).hexdigest()
        return 200, {
            "hash_type": "SHA1",
            "hash_value": self.bill_hash or sha1,
            "download_url": f" https://api.mch.weixin.qq.com/v3/billdownload/file?token={day}",
        }

    def _certificates(self) -> tuple[int, Any]:
        if not self.certificates:
            return _refusal(404, "RESOURCE_NOT_EXISTS")
        return 200, {
            "data": [
                {
                    "serial_no": each.serial,
                    "effective_time": self.time(),
                    "expire_time": self.time(86_400),
                    "encrypt_certificate": self.seal(each.pem.encode(), "certificate"),
                }
                for each in self.certificates
            ]
        }

    def scan(self, qr_text: str) -> str:
        """Which order a code is for."""
        return self.codes[qr_text]

    def pay(self, order_id: str, **changes: Any) -> tuple[bytes, dict[str, str]]:
        """The buyer pays; the callback that tells it. `changes` are told, not booked."""
        order = self.orders[order_id]
        total = order["amount"]["total"]
        order |= {
            "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功",
            "trade_type": "NATIVE",
            "transaction_id": f"4200{next(self._numbers):024d}",
            "success_time": self.time(),
            "bank_type": "OTHERS",
            "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
            "amount": {"total": total, "payer_total": total - 1, "currency": "CNY"},
        }
        return self.callback("TRANSACTION.SUCCESS", {**order, **changes})

    def refunded(self, refund_id: str, status: str, **changes: Any) -> tuple[bytes, dict[str, str]]:
        """A refund goes on; the callback that tells it."""
        refund = self.refunds[refund_id]
        refund["status"] = status
        if status == "SUCCESS":
            refund["success_time"] = self.time(5)
        told = {k: v for k, v in refund.items() if k not in ("status", "create_time", "channel")}
        amount = {k: v for k, v in refund["amount"].items() if k != "currency"}
        told |= {"mchid": MCHID, "refund_status": status, "amount": amount, **changes}
        return self.callback(f"REFUND.{status}", told)

    def callback(
        self, event_type: str, told: Any, key: str = API_V3_KEY
    ) -> tuple[bytes, dict[str, str]]:
        """Sealed and signed, header names in lower case."""
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        kind = event_type.split(".", maxsplit=1)[0].lower()
        body = {
            "id": f"EV-{next(self._numbers):016d}",
            "create_time": self.time(10),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "通知",
            "resource": {**self.seal(content, kind, key), "original_type": kind},
        }
        raw = json.dumps(body, ensure_ascii=False).encode()
        return raw, self.sign(raw)

    def seal(self, content: bytes, associated: str, key: str = API_V3_KEY) -> dict[str, str]:
        nonce = f"{next(self._numbers):012d}"
        sealed = AESGCM(key.encode()).encrypt(nonce.encode(), content, associated.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce,
            "associated_data": associated,
            "ciphertext": b64encode(sealed).decode(),
        }

    def sign(self, raw: bytes, at: int | None = None) -> dict[str, str]:
        """The headers of an answer or callback."""
        stamp, nonce = str(self.now_seconds if at is None else at), f"n{next(self._numbers):031d}"
        known = {each.serial: each.pair for each in self.certificates}
        key = known.get(self.serial) or pair(self.serial)
        return {
            "wechatpay-timestamp": stamp,
            "wechatpay-nonce": nonce,
            "wechatpay-serial": self.serial,
            "wechatpay-signature": rsa_sign(key.private, f"{stamp}\n{nonce}\n{raw.decode()}\n"),
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
        }

    def time(self, after_seconds: int = 0) -> str:
        return datetime.fromtimestamp(self.now_seconds + after_seconds, CHINA).isoformat()

    def not_ours(self, header: str, method: str, target: str, body: bytes) -> str:
        """Why a request's signature is refused, empty if it is not."""
        found = AUTHORIZATION.fullmatch(header)
        if not found:
            return "no such authorization"
        mchid, nonce, signature, stamp, serial = found.groups()
        if (mchid, serial) != (MCHID, certified("merchant").serial):
            return "another merchant"
        if abs(int(stamp) - self.now_seconds) > 300 or len(nonce) > 32:
            return "late"
        first = f"{method}\n{target}\n{stamp}"  # the library knows three lines, these are five
        key = certified("merchant").pair.private.public_key()
        return "" if rsa_verify(first, nonce, body.decode(), signature, key) else "does not fit"


def _refusal(status: int, code: str, message: str = "不行") -> tuple[int, Any]:
    return status, {"code": code, "message": message}


@contextmanager
def wechat_server(port: int = 0) -> Iterator[WechatServer]:
    state = WechatServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other

        def do_POST(self) -> None:
            self._take(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def do_GET(self) -> None:
            self._take(b"")

        def _take(self, body: bytes) -> None:
            state.requests.append(f"{self.command} {self.path}")
            header = self.headers.get("Authorization", "")
            if why := state.not_ours(header, self.command, self.path, body):
                return self._answer(401, {"code": "SIGN_ERROR", "message": why}, signed=False)
            assert self.headers["Accept"] == "application/json"
            assert self.headers["User-Agent"]
            if state.fail_with:
                return self._answer(*state.fail_with.pop(0))
            status, told = state.answered(self.command, self.path, body)
            if state.lose:
                state.lose -= 1
                self.close_connection = True
                return None
            return self._answer(status, told, signed="billdownload" not in self.path)

        def _answer(self, status: int, told: Any, *, signed: bool = True) -> None:
            content = told if isinstance(told, bytes) else b"" if told is None else _json(told)
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
            if signed and not state.unsigned:
                for name, value in state.sign(content).items():
                    self.send_header(name.title(), value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    state.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _json(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()
