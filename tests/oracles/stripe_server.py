"""A stand-in for Stripe's API over loopback: PaymentIntents and Checkout Sessions.

It checks what Stripe checks: the key, the form encoding, idempotency keys (the same key with other
parameters is refused). It signs events with Stripe's own library.
"""

import base64
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import stripe

SECRET_KEY = "sk_test_oracle"
WEBHOOK_SECRET = "whsec_oracle_secret_of_enough_length"


@dataclass
class StripeServer:
    """`payments` by id as Stripe would show them; `fail_with` makes the next calls fail."""

    base: str = ""
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, tuple[list[tuple[str, str]], dict[str, Any]]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    fail_with: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def create(self, path: str, form: list[tuple[str, str]], key: str) -> tuple[int, Any]:
        if key in self.answers:
            first_form, answer = self.answers[key]
            if first_form != form:
                return 400, {"error": {"type": "idempotency_error"}}
            return 200, answer
        values = dict(form)
        metadata = {name[9:-1]: value for name, value in form if name.startswith("metadata[")}
        number = next(self._numbers)
        if path == "/v1/payment_intents":
            answer = {
                "id": f"pi_{number:08d}",
                "object": "payment_intent",
                "amount": int(values["amount"]),
                "currency": values["currency"],
                "client_secret": f"pi_{number:08d}_secret_{number * 7919:08x}",
                "metadata": metadata,
            }
        else:
            amount = values["line_items[0][price_data][unit_amount]"]
            answer = {
                "id": f"cs_test_{number:08d}",
                "object": "checkout.session",
                "amount_total": int(amount),
                "currency": values["line_items[0][price_data][currency]"],
                "payment_intent": None,
                "payment_status": "unpaid",
                "url": f"https://checkout.stripe.com/c/pay/cs_test_{number:08d}",
                "success_url": values["success_url"],
                "metadata": metadata,
                "_payment_intent_metadata": {
                    name[len("payment_intent_data[metadata][") : -1]: value
                    for name, value in form
                    if name.startswith("payment_intent_data[metadata][")
                },
            }
        self.payments[answer["id"]] = answer
        self.answers[key] = (form, answer)
        return 200, answer

    def event(self, kind: str, paid: dict[str, Any], **more: Any) -> bytes:
        """An event's raw body."""
        body = {
            "id": f"evt_{next(self._numbers):08d}",
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": paid},
            **more,
        }
        return json.dumps(body, indent=2).encode()

    def paid(self, reference: str, **changes: Any) -> bytes:
        """`payment_intent.succeeded` for a payment opened here."""
        payment = self.payments[reference]
        if reference.startswith("cs_"):
            payment = {
                "id": reference.replace("cs_test_", "pi_s"),
                "object": "payment_intent",
                "amount": payment["amount_total"],
                "currency": payment["currency"],
                "metadata": payment["_payment_intent_metadata"],
            }
        payment = {**payment, "amount_received": payment["amount"], "status": "succeeded"}
        return self.event("payment_intent.succeeded", {**payment, **changes})

    def session_completed(self, reference: str, **changes: Any) -> bytes:
        session = {
            **self.payments[reference],
            "payment_status": "paid",
            "payment_intent": reference.replace("cs_test_", "pi_s"),
            **changes,
        }
        return self.event("checkout.session.completed", session)


def sign(raw: bytes, secret: str = WEBHOOK_SECRET, at: int | None = None) -> str:
    """A Stripe-Signature header, made by Stripe's own library."""
    header: str = stripe.WebhookSignature.generate_signature_header(
        raw.decode(), secret, timestamp=int(time.time()) if at is None else at
    )
    return header


@contextmanager
def stripe_server() -> Iterator[StripeServer]:
    state = StripeServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            raw = self.rfile.read(length)
            if len(raw) < length or self._refused():  # who asked may be gone already
                return
            assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
            form = parse_qsl(raw.decode(), strict_parsing=True)
            self._answer(*state.create(self.path, form, self.headers["Idempotency-Key"]))

        def do_GET(self) -> None:
            if self._refused():
                return
            payment = state.payments.get(self.path.rpartition("/")[2])
            self._answer(200 if payment else 404, payment or {"error": {"type": "invalid"}})

        def _refused(self) -> bool:
            state.requests.append(f"{self.command} {self.path}")
            login = base64.b64encode(f"{SECRET_KEY}:".encode()).decode()
            if self.headers.get("Authorization") != f"Basic {login}":
                self._answer(401, {"error": {"type": "invalid_request_error"}})
                return True
            if state.fail_with:
                self._answer(*state.fail_with.pop(0))
                return True
            return False

        def _answer(self, status: int, body: Any) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
