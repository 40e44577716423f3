"""A merchant's bridge to a small provider, over loopback: it checks our signature with the library
of Standard Webhooks and keeps a book. The library signs the provider's events."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OWN_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDkkt0Zqr8wZM="


@dataclass
class StandardBridge:
    """`payments` by order as the bridge would tell them; `fail_with` answers the next calls."""

    base: str = ""
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    fail_with: list[tuple[int, bytes]] = field(default_factory=list)

    def answer(self, message_id: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((message_id, kind, data))
        if kind.startswith("payment."):
            told = self.payments.setdefault(data["order_id"], {"state": "unpaid"})
            if kind == "payment.close" and told["state"] == "unpaid":
                told["state"] = "closed"
            return told
        if kind == "refund.create":
            ref = f"rf_{len(self.refunds)}"
            told = {"state": "succeeded", "refund_ref": ref, "at_ms": 1_760_000_000_000}
            return self.refunds.setdefault(data["refund_id"], told)
        return self.refunds.get(data["refund_id"], {"state": "unknown"})


def sign(
    raw: bytes, at: int, secret: str = STANDARD_SECRET, message_id: str = "msg_1"
) -> dict[str, str]:
    """A provider's headers, made by the library. In UTC: it takes other times for UTC, too."""
    sent = datetime.fromtimestamp(at, UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": Webhook(secret).sign(message_id, sent, raw.decode()),
    }


@contextmanager
def standard_bridge(port: int = 0) -> Iterator[StandardBridge]:
    state = StandardBridge()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                called = Webhook(OWN_SECRET).verify(raw, headers)
            except WebhookVerificationError:
                self._send(401, b"")
                return
            if state.fail_with:
                self._send(*state.fail_with.pop(0))
                return
            told = state.answer(headers["webhook-id"], called["type"], called["data"])
            self._send(200, json.dumps(told).encode())

        def _send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    state.base = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
