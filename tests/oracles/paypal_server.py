"""A stand-in for PayPal's API over loopback: Orders v2, Payments v2, disputes, transaction search.

It checks what PayPal checks: the token, the amounts' form, request ids, invoice numbers that were
used before, what may be refunded. Its callbacks are signed.
"""

import base64
import itertools
import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.oracles.paypal_signer import Signer

CLIENT_ID = "AeA1QIZXiflr1_-r0U2UbWTziOWX1GRQer5jkUq4ZfWT5qwb6qQRPq7jDtv5"
CLIENT_SECRET = "EL4FIJXnHlKYlR9QZ2fSjNpxX0hzMzFv2kxJxq0ykGqVhXbGkbdWkQOyqgWd"
ACCOUNT = "5KX9AFRWZ7Q2C"
PAYPAL_LOGIN = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()

REVOKED = "revoked all before"
WHOLE = {"HUF", "JPY", "TWD"}
CUSTOM_ID = "/purchase_units/@reference_id=='default'/custom_id"

Answer = tuple[int, Any]


def issue(name: str, status: int = 422) -> Answer:
    told = {"issue": name, "description": f"never shown: {CLIENT_SECRET}"}
    return status, {"name": "UNPROCESSABLE_ENTITY", "message": "no", "details": [told]}


NOT_THERE: Answer = (404, {"name": "RESOURCE_NOT_FOUND", "message": "not found"})


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class PayPalServer:
    """The book of an account. `refuse`: issues of the next captures; `hold`: they stay pending;
    `fail_with`: answers of the next calls; `lose`: how many answers to do and not to send."""

    base: str = ""
    signer: Signer = field(default_factory=Signer)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    captures: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    disputes: dict[str, dict[str, Any]] = field(default_factory=dict)
    statement: list[dict[str, Any]] = field(default_factory=list)
    shown_until: str = "2999-01-01T00:00:00Z"
    most: int = 10_000
    page_size: int = 500
    tokens: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[Any, Answer]] = field(default_factory=dict)
    fail_with: list[Answer] = field(default_factory=list)
    refuse: list[str] = field(default_factory=list)
    refund_status: str = "COMPLETED"
    hold: bool = False
    lose: int = 0
    locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def valid_tokens(self) -> list[str]:
        """Each who asks gets one of its own."""
        revoked = max((n for n, each in enumerate(self.tokens) if each == REVOKED), default=-1)
        return self.tokens[revoked + 1 :]

    # What a test does.

    def approve(self, order_id: str) -> None:
        self.orders[order_id]["status"] = "APPROVED"
        self.orders[order_id]["update_time"] = f"2026-11-22T10:00:{next(self._numbers) % 60:02}Z"

    def event(
        self, kind: str, resource: dict[str, Any], at: int | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """A signed callback: its raw body and its headers."""
        body = {"id": "WH-1", "event_version": "1.0", "event_type": kind, "resource": resource}
        raw = json.dumps(body, indent=1).encode()
        return raw, self.signer.headers(raw, at)

    def pay(self, order_id: str, at: int | None = None) -> tuple[bytes, dict[str, str]]:
        """The buyer approves; PayPal tells."""
        self.approve(order_id)
        return self.event("CHECKOUT.ORDER.APPROVED", {"id": order_id}, at)

    def take_back(self, capture_id: str, value: str, **changes: Any) -> dict[str, Any]:
        """A refund that was not begun by us."""
        capture = self.captures[capture_id]
        refund = self._refunded(capture, {**capture["amount"], "value": value})
        refund.update({"invoice_id": capture["invoice_id"]} | changes)
        return refund

    # What PayPal does.

    def serve(self, method: str, path: str, body: Any, request_id: str) -> Answer:
        url = urlsplit(path)
        parts = url.path.strip("/").split("/")
        if method == "POST":
            with self.locks[url.path]:
                return self._once(url.path, parts, body, request_id)
        if method == "PATCH":
            return self._patch(parts[-1], body)
        if url.path == "/v1/reporting/transactions":
            return self._search({name: value for name, [value] in parse_qs(url.query).items()})
        book = {
            "orders": self.orders,
            "captures": self.captures,
            "refunds": self.refunds,
            "disputes": self.disputes,
        }[parts[-2]]
        return (200, book[parts[-1]]) if parts[-1] in book else NOT_THERE

    def _once(self, path: str, parts: list[str], body: Any, request_id: str) -> Answer:
        assert 0 < len(request_id) <= 108
        first, answer = self.answers.get((path, request_id), (body, None))
        if first != body:
            return issue("DUPLICATE_REQUEST_ID")
        if answer is None:
            answer = self._post(parts, body)
            self.answers[path, request_id] = body, answer
        return answer

    def _post(self, parts: list[str], body: Any) -> Answer:
        if parts == ["v2", "checkout", "orders"]:
            return self._create(body)
        *_, kind, number, verb = parts
        if verb == "capture":
            return self._capture(number)
        assert (kind, verb) == ("captures", "refund")
        return self._refund(number, body)

    def _create(self, body: Any) -> Answer:
        [unit] = body["purchase_units"]
        if not well_formed(unit["amount"]):
            return issue("DECIMAL_PRECISION")
        assert body["intent"] == "CAPTURE"
        assert len(unit["custom_id"]) <= 127
        assert len(unit["invoice_id"]) <= 127
        assert len(unit["description"]) <= 127
        order_id = f"5O190127TN{next(self._numbers):07d}"
        payee = {"merchant_id": ACCOUNT, "email_address": "shop@example.com"}
        self.orders[order_id] = {
            "id": order_id,
            "status": "CREATED",
            "intent": "CAPTURE",
            "purchase_units": [{"reference_id": "default", **unit, "payee": payee}],
            "create_time": now(),
            "links": [
                {"rel": "self", "href": f"{self.base}/v2/checkout/orders/{order_id}"},
                {"rel": "approve", "href": f"https://paypal.example/checkoutnow?token={order_id}"},
            ],
            "_context": body["application_context"],
        }
        return 201, self.orders[order_id]

    def _capture(self, order_id: str) -> Answer:
        order = self.orders.get(order_id)
        if order is None:
            return NOT_THERE
        if order["status"] == "COMPLETED":
            return issue("ORDER_ALREADY_CAPTURED")
        if order["status"] != "APPROVED":
            return issue("ORDER_NOT_APPROVED")
        if self.refuse:
            return issue(self.refuse.pop(0))
        [unit] = order["purchase_units"]
        if any(each["invoice_id"] == unit["invoice_id"] for each in self.captures.values()):
            return issue("DUPLICATE_INVOICE_ID")
        capture_id = f"3C679366E{next(self._numbers):08d}"
        capture = {
            "id": capture_id,
            "status": "PENDING" if self.hold else "COMPLETED",
            "amount": unit["amount"],
            "payee": unit["payee"],
            "custom_id": unit["custom_id"],
            "invoice_id": unit["invoice_id"],
            "create_time": "2026-11-22T10:00:00Z",
            "update_time": "2026-11-22T10:00:05Z",
        }
        self.captures[capture_id] = capture
        unit["payments"] = {"captures": [capture]}
        order["status"] = "COMPLETED"
        return 201, order

    def _refund(self, capture_id: str, body: Any) -> Answer:
        capture = self.captures.get(capture_id)
        if capture is None:
            return NOT_THERE
        if not 0 < len(body.get("note_to_payer", "-")) <= 255:
            return issue("INVALID_STRING_LENGTH", 400)
        if not well_formed(body["amount"]):
            return issue("DECIMAL_PRECISION")
        back = sum(
            Decimal(each["amount"]["value"])
            for each in self.refunds.values()
            if each["links"][0]["href"].endswith(capture_id)
        )
        if back + Decimal(body["amount"]["value"]) > Decimal(capture["amount"]["value"]):
            return issue("REFUND_AMOUNT_EXCEEDED")
        refund = self._refunded(capture, body["amount"])
        refund.update(invoice_id=body["invoice_id"], custom_id=body["custom_id"])
        return 201, refund

    def _refunded(self, capture: dict[str, Any], amount: dict[str, str]) -> dict[str, Any]:
        refund_id = f"1JU08902{next(self._numbers):09d}"
        refund: dict[str, Any] = {
            "id": refund_id,
            "status": self.refund_status,
            "amount": amount,
            "create_time": "2026-11-23T10:00:00Z",
            "links": [
                {"rel": "up", "href": f"{self.base}/v2/payments/captures/{capture['id']}"},
                {"rel": "self", "href": f"{self.base}/v2/payments/refunds/{refund_id}"},
            ],
        }
        self.refunds[refund_id] = refund
        for order in self.orders.values():
            payments = order["purchase_units"][0].get("payments")
            if payments and payments["captures"][0] is capture:
                payments.setdefault("refunds", []).append(refund)
        return refund

    def _patch(self, order_id: str, body: Any) -> Answer:
        order = self.orders.get(order_id)
        if order is None:
            return NOT_THERE
        if order["status"] not in ("CREATED", "APPROVED"):
            return issue("ORDER_ALREADY_COMPLETED")
        [change] = body
        assert (change["op"], change["path"]) == ("replace", CUSTOM_ID)
        order["purchase_units"][0]["custom_id"] = change["value"]
        return 204, None

    def _search(self, asked: dict[str, str]) -> Answer:
        start, end = (datetime.fromisoformat(asked[name]) for name in ("start_date", "end_date"))
        found = [
            each
            for each in self.statement
            if start <= datetime.fromisoformat(each["transaction_initiation_date"]) <= end
        ]
        if len(found) > self.most:
            return issue("RESULTSET_TOO_LARGE", 400)
        size, page = min(self.page_size, int(asked["page_size"])), int(asked["page"])
        shown = found[(page - 1) * size : page * size]
        return 200, {
            "transaction_details": [{"transaction_info": each} for each in shown],
            "account_number": ACCOUNT,
            "last_refreshed_datetime": self.shown_until,
            "page": page,
            "total_items": len(found),
            "total_pages": -(-len(found) // size),
        }


def well_formed(amount: dict[str, str]) -> bool:
    decimals = "" if amount["currency_code"] in WHOLE else r"(\.\d{1,3})?"
    return re.fullmatch(rf"\d+{decimals}", amount["value"]) is not None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other
    state: PayPalServer

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.state.requests.append(f"{self.command} {self.path}")
        if self.path == "/v1/oauth2/token":
            self._hand_out_a_token(raw)
        elif self._told_file() or self._refused():
            return
        else:
            body = json.loads(raw) if raw else None
            request_id = self.headers.get("PayPal-Request-Id", "")
            self._answer(*self.state.serve(self.command, self.path, body, request_id))

    def do_GET(self) -> None:
        self.do_POST()

    def do_PATCH(self) -> None:
        self.do_POST()

    def _hand_out_a_token(self, raw: bytes) -> None:
        assert raw == b"grant_type=client_credentials"
        if self.headers["Authorization"] != f"Basic {PAYPAL_LOGIN}":
            self._answer(401, {"error": "invalid_client", "error_description": CLIENT_SECRET})
            return
        self.state.tokens.append(f"A21AA{len(self.state.tokens)}-{time.monotonic_ns()}")
        self._answer(200, {"access_token": self.state.tokens[-1], "expires_in": 31668})

    def _told_file(self) -> bool:
        folder, _, name = self.path.rpartition("/")
        files = {
            "/v1/notifications/certs": self.state.signer.files,
            "/issuers": self.state.signer.issuers,
        }.get(folder)
        if files is None:
            return False
        if name in self.state.signer.moved:
            self.send_response(302)
            self.send_header("Location", self.state.signer.moved[name])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return True
        self._send(200 if name in files else 404, files.get(name, b""))
        return True

    def _refused(self) -> bool:
        if self.headers.get("Authorization", "")[7:] not in self.state.valid_tokens:
            self._answer(401, {"error": "invalid_token"})
        elif self.state.fail_with:
            self._answer(*self.state.fail_with.pop(0))
        else:
            assert self.headers["Content-Type"] == "application/json"
            return False
        return True

    def _answer(self, status: int, body: Any) -> None:
        if self.state.lose and self.path != "/v1/oauth2/token":
            self.state.lose -= 1
            self.close_connection = True
            return
        self._send(status, b"" if body is None else json.dumps(body).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def paypal_server(port: int = 0) -> Iterator[PayPalServer]:
    state = PayPalServer()
    handler = type("PayPalHandler", (Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    state.base = state.signer.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
