"""A shop to test with: the calls its people make, over whatever carries them to the handlers."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

from scrip.contracts.callbacks import HEARING_OPERATIONS
from scrip.contracts.merchant_imports import IMPORT_OPERATIONS
from scrip.contracts.openapi import OPERATIONS
from tests.in_memory import InMemory
from tests.oracles.stripe_server import StripeServer, sign

PRODUCT_SETTINGS = ("kind", "generated", "form")
VARIANT_SETTINGS = (
    "hold_minutes",
    "partial",
    "replace_days",
    "supply",
    "synced_from",
    "routes",
    "routing",
)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def problem(self) -> str:
        """The slug of a problem's type, empty for a success."""
        if self.headers["content-type"] != "application/problem+json":
            return ""
        return str(self.json["type"]).rpartition(":")[2]


class Carrier(Protocol):
    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply: ...


@dataclass(frozen=True)
class InProcess:
    """Calls handlers with the event that API Gateway would make of a request."""

    cloud: InMemory

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        function, event = http_event(method, path, headers, body)
        answer = self.cloud.invoke(function, event)
        return Reply(answer["statusCode"], answer["headers"], answer["body"])


FUNCTIONS = {
    "v1/merchant": "api_serve_merchant",
    "v1/callbacks": "api_accept_payment",
    "v1/keys": "api_serve_keys",
    "v1/resale": "api_serve_resellers",
    "v1/top-ups": "api_check_top_up",
    ".well-known/scrip": "api_serve_keys",
}
ELSEWHERE = (
    (IMPORT_OPERATIONS, "api_serve_imports"),
    (HEARING_OPERATIONS, "api_hear_supplier"),
)
"""Operations that another function serves than others of their prefix."""


def http_event(
    method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[str, dict[str, Any]]:
    """The function that serves a path, and its event (payload format 2.0)."""
    url, _, query = path.partition("?")
    for operation in OPERATIONS:
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", operation.url)
        found = re.fullmatch(pattern, url)
        if found and operation.method == method:
            break
    else:
        raise LookupError(f"no operation for {method} {path}")
    prefix = "/".join(url.split("/")[1:3])
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": operation.route,
        "rawPath": url,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "http": {"method": method, "path": url, "sourceIp": "203.0.113.7"},
            "requestId": "request-1",
        },
        "pathParameters": {name: unquote(value) for name, value in found.groupdict().items()},
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(parse_qsl(query, keep_blank_values=True))
    if body:
        try:
            event["body"] = body.decode()
        except UnicodeDecodeError:
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    for operations, function in ELSEWHERE:
        if operation in operations:
            return function, event
    return FUNCTIONS.get(prefix, "api_serve_storefront"), event


@dataclass
class Shop:
    """One merchant with keys of each scope. `stripe` signs callbacks for it."""

    carrier: Carrier
    merchant_id: str
    keys: dict[str, str]
    stripe: StripeServer
    batches: dict[str, str] = field(default_factory=dict)
    """The last batch imported of each variant."""
    _orders: int = field(default=0)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """`key`: the scope of the shop's key to use, or a whole credential."""
        sent = dict(headers or {})
        if key:
            sent["authorization"] = f"Bearer {self.keys.get(key, key)}"
        raw = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            raw = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        return self.carrier.send(method, path, sent, raw)

    def stock_up(
        self, variant: str, codes: list[str], *, price: int = 4500, currency: str = "EUR"
    ) -> None:
        """A product of one variant, with codes on sale."""
        self.put_variant(variant, price=price, currency=currency)
        if codes:
            key = hashlib.sha256("\n".join(codes).encode()).hexdigest()
            reply = self.import_codes(variant, codes, idempotency_key=key)
            assert reply.status == 200, reply.text
            assert reply.json["known"] == 0, "these codes are on sale elsewhere in this shop"

    def put_variant(self, variant: str, **changes: Any) -> None:
        made = {name: changes[name] for name in PRODUCT_SETTINGS if name in changes}
        product = self.call(
            "PUT", f"/v1/merchant/products/{variant}", {"title": variant} | made, key="operator"
        )
        assert product.status == 200, product.text
        body: dict[str, Any] = {
            "title": variant,
            "price_minor": changes.get("price", 4500),
            "currency": changes.get("currency", "EUR"),
            **{name: changes[name] for name in VARIANT_SETTINGS if name in changes},
        }
        path = f"/v1/merchant/products/{variant}/variants/{variant}"
        reply = self.call("PUT", path, body, key="operator")
        assert reply.status == 200, reply.text

    def add_units(self, variant: str, units: int, *, idempotency_key: str) -> Reply:
        return self.call(
            "POST",
            f"/v1/merchant/variants/{variant}/units",
            {"units": units},
            key="operator",
            headers={"idempotency-key": idempotency_key},
        )

    def put_offer(self, variant: str, units: int | None) -> Reply:
        path = f"/v1/merchant/variants/{variant}/offer"
        return self.call("PUT", path, {"units": units}, key="operator")

    def import_codes(self, variant: str, codes: list[str], *, idempotency_key: str) -> Reply:
        reply = self.call(
            "POST",
            f"/v1/merchant/variants/{variant}/codes",
            "\n".join(codes).encode(),
            key="operator",
            headers={"content-type": "text/plain", "idempotency-key": idempotency_key},
        )
        if reply.status == 200:
            self.batches[variant] = reply.json["batch_id"]
        return reply

    def place(
        self,
        lines: dict[str, int],
        *,
        idempotency_key: str | None = None,
        filled: Any = None,
        **body: Any,
    ) -> Reply:
        """`filled`: what the buyer fills in, by variant."""
        self._orders += 1
        more = {variant: {"filled": form} for variant, form in (filled or {}).items()}
        wanted = {
            "lines": [
                {"variant_id": variant, "quantity": quantity} | more.get(variant, {})
                for variant, quantity in lines.items()
            ],
            "email": "buyer@example.com",
            **body,
        }
        headers = {"idempotency-key": idempotency_key or f"order-{self._orders}"}
        return self.call("POST", "/v1/orders", wanted, key="storefront", headers=headers)

    def callback(self, raw: bytes, signature: str | None = None) -> Reply:
        headers = {"content-type": "application/json", "stripe-signature": signature or sign(raw)}
        path = f"/v1/callbacks/payments/{self.merchant_id}/stripe"
        return self.call("POST", path, raw, headers=headers)

    def hear(self, raw: bytes, headers: dict[str, str], account: str = "main") -> Reply:
        """A supplier has news."""
        path = f"/v1/callbacks/suppliers/{self.merchant_id}/{account}"
        return self.call("POST", path, raw, headers=headers)

    def pay(self, placed: Reply, **changes: Any) -> Reply:
        """Stripe reports the order's payment as succeeded."""
        return self.callback(self.stripe.paid(placed.json["payment"]["reference"], **changes))

    def dispute(self, placed: Reply, status: str, *, at: int | None = None, **more: Any) -> Reply:
        """Stripe tells how a dispute of the order's payment stands, since `at` (seconds)."""
        kind = "closed" if status in ("won", "lost") else "created"
        about = self.stripe.dispute(placed.json["payment"]["reference"], status, **more)
        created = {} if at is None else {"created": at}
        return self.callback(self.stripe.event(f"charge.dispute.{kind}", about, **created))

    def freeze(self, placed: Reply, *, frozen: bool) -> Reply:
        path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/freeze"
        body = {"frozen": frozen, "reason": "looks stolen"}
        return self.call("PUT", path, body, key="operator")

    def evidence(self, placed: Reply) -> Reply:
        path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/evidence"
        return self.call("GET", path, key="finance")

    def read(self, placed: Reply) -> Reply:
        order = placed.json
        path = f"/v1/orders/{order['order']['order_id']}"
        return self.call("GET", path, key=order["order_token"])

    def reveal(self, placed: Reply) -> Reply:
        order = placed.json
        path = f"/v1/orders/{order['order']['order_id']}/reveal"
        return self.call("POST", path, key=order["order_token"])

    def masked(self, placed: Reply) -> Reply:
        path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/codes"
        return self.call("GET", path, key="operator")

    def batch(self, variant: str, *parts: str, batch_id: str = "") -> str:
        """The path of the last batch imported of a variant, or of another one."""
        found = batch_id or self.batches[variant]
        return "/".join([f"/v1/merchant/variants/{variant}/batches/{found}", *parts])

    def recall(self, variant: str, batch_id: str = "") -> Reply:
        path = self.batch(variant, "recall", batch_id=batch_id)
        return self.call("POST", path, {"reason": "printed twice"}, key="operator")

    def read_batch(self, variant: str, batch_id: str = "") -> Reply:
        return self.call("GET", self.batch(variant, batch_id=batch_id), key="operator")

    def sold_codes(self, variant: str, batch_id: str = "") -> list[dict[str, Any]]:
        """All pages."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            path = self.batch(variant, "orders", batch_id=batch_id) + cursor
            reply = self.call("GET", path, key="operator")
            assert reply.status == 200, reply.text
            found += reply.json["codes"]
            if reply.json["next_cursor"] is None:
                return found
            cursor = f"?cursor={reply.json['next_cursor']}"

    def replace(self, placed: Reply, unit: int = 0, line: int = 0) -> Reply:
        path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/lines/{line}/replace"
        return self.call("POST", path, {"unit": unit, "reason": "used before"}, key="operator")

    def take_back(self, placed: Reply, units: int | None = None, line: int = 0) -> Reply:
        path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/lines/{line}/return"
        body = {"reason": "wrong one"} | ({"units": units} if units else {})
        return self.call("POST", path, body, key="operator")

    def shred_batch(self, variant: str, batch_id: str = "") -> Reply:
        path = self.batch(variant, "shred", batch_id=batch_id)
        return self.call("POST", path, {"reason": "leaked"}, key="operator")

    def shred_unit(self, placed: Reply, line: int = 0, unit: int = 0) -> Reply:
        path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/shred"
        body = {"line": line, "unit": unit, "reason": "leaked"}
        return self.call("POST", path, body, key="operator")

    def ask_export(
        self, variant: str, codes: int, *, key: str = "operator", idempotency_key: str = ""
    ) -> Reply:
        headers = {"idempotency-key": idempotency_key or f"export-{variant}-{codes}"}
        path = f"/v1/merchant/variants/{variant}/exports"
        body = {"codes": codes, "reason": "moving house"}
        return self.call("POST", path, body, key=key, headers=headers)

    def export(self, asked: Reply, verb: str, *, key: str = "operator") -> Reply:
        """`verb`: approve, refuse or download."""
        path = f"/v1/merchant/exports/{asked.json['export_id']}/{verb}"
        return self.call("POST", path, key=key)

    def codes(self, placed: Reply) -> list[str]:
        reply = self.reveal(placed)
        assert reply.status == 200, reply.text
        return [each["code"] for each in reply.json["codes"]]
