"""A stand-in for Stripe's API over loopback: payments, refunds, disputes, the balance.

It checks what Stripe checks: the key, the form encoding, idempotency keys (the same key with other
parameters is refused). It signs events with Stripe's own library.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import stripe

from tests.oracles import stripe_calls
from tests.oracles.stripe_book import StripeBook

SECRET_KEY = "sk_test_oracle"
WEBHOOK_SECRET = "whsec_oracle_secret_of_enough_length"


@dataclass
class StripeServer(StripeBook):
    """`fail_with` makes the next calls fail, before anything is done. What is in `lose_answers`, as
    `POST /v1/refunds`, is done and not answered, once each."""

    base: str = ""
    requests: list[str] = field(default_factory=list)
    fail_with: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    lose_answers: list[str] = field(default_factory=list)


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
            form = parse_qsl(raw.decode(), keep_blank_values=True, strict_parsing=bool(raw))
            key = self.headers["Idempotency-Key"]
            self._answer(*stripe_calls.post(state, self.path, form, key))

        def do_GET(self) -> None:
            if self._refused():
                return
            path, _, query = self.path.partition("?")
            self._answer(*stripe_calls.get(state, path, parse_qsl(query)))

        def _refused(self) -> bool:
            state.requests.append(f"{self.command} {self.path}")
            login = base64.b64encode(f"{SECRET_KEY}:".encode()).decode()
            if self.headers.get("Authorization") not in (f"Basic {login}", f"Bearer {SECRET_KEY}"):
                self._answer(401, {"error": {"type": "invalid_request_error"}})
                return True
            if state.fail_with:
                self._answer(*state.fail_with.pop(0))
                return True
            return False

        def _answer(self, status: int, body: Any) -> None:
            asked = f"{self.command} {self.path.partition('?')[0]}"
            if asked in state.lose_answers:
                state.lose_answers.remove(asked)
                self.close_connection = True
                return
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(state.now_seconds() if timestamp is None else timestamp, usegmt=True)

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
