"""A supplier to test with: a real HTTP server that tells levels, and the module that asks it.

No supplier of the world answers like this one; it shows how little such a module is.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from unittest import mock

import boto3
import msgspec
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.suppliers.registry import Answer, Suppliers
from scrip.adapters.tables import Table
from scrip.domain.errors import SupplierAnswerInvalid, SupplierUnavailable
from scrip.domain.supplier_terms import Resend, Terms
from scrip.wiring.clients import provider_http
from tests.kinds import registered_kind

NAME = "outlet"


class _Told(msgspec.Struct):
    units: int
    as_of_ms: int = 0


class OutletSecrets(msgspec.Struct, forbid_unknown_fields=True):
    """It asks for none."""


class Outlet:
    """Asks the server below. `base` is where it listens."""

    counts_within_ms = 240_000
    base: ClassVar[str] = ""

    def __init__(self, _secrets: OutletSecrets, _api_base: str, http: URLLib3Session) -> None:
        self.http = http
        self.terms = Terms(NAME, {}, Resend.REFUSES)

    def level(self, sku: str) -> Answer:
        answer = self.http.send(AWSRequest("GET", f"{self.base}/stock/{sku}").prepare())
        if answer.status_code >= 500:
            raise SupplierUnavailable(NAME)
        if answer.status_code != 200:
            raise SupplierAnswerInvalid(f"status {answer.status_code}")
        told = msgspec.json.decode(answer.content, type=_Told)
        return Answer(told.units, told.as_of_ms)


@dataclass
class SupplierServer:
    """`levels` by sku: what it answers. `fail_with` comes first, once each: a status and a body, or
    None to hang up. `asked`: skus, in order."""

    base: str = ""
    levels: dict[str, Any] = field(default_factory=dict)
    fail_with: list[tuple[int, bytes] | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def registered(self) -> Iterator[None]:
        """As one more kind of supplier, which has nothing and was asked nothing."""
        self.levels.clear()
        self.fail_with.clear()
        self.asked.clear()
        with (
            mock.patch.object(Outlet, "base", self.base),
            registered_kind(NAME, SECRETS=OutletSecrets, SUPPLIER=Outlet),
        ):
            yield

    @staticmethod
    def open_account(values: Mapping[str, str], merchant_id: str) -> None:
        """Of that shop, in the deployment with these values."""
        merchants = Merchants(Table(boto3.client("dynamodb"), values["MerchantsTable"]))
        keys = Keys(boto3.client("kms"), values["VaultKeyArn"])
        Suppliers(merchants, keys, provider_http()).set(merchant_id, NAME, NAME, b"{}")

    def answer(self, sku: str) -> tuple[int, bytes] | None:
        self.asked.append(sku)
        if self.fail_with:
            return self.fail_with.pop(0)
        if sku not in self.levels:
            return 404, b"{}"
        level = self.levels[sku]
        return 200, json.dumps(level if isinstance(level, dict) else {"units": level}).encode()


@contextmanager
def supplier_server() -> Iterator[SupplierServer]:
    state = SupplierServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def do_GET(self) -> None:
            told = state.answer(self.path.rpartition("/")[2])
            if told is None:
                self.close_connection = True
                return
            status, content = told
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.base = f"http://127.0.0.1:{server.server_address[1]}"
    # Looks often whether it is to stop: each world of the crash tests has one.
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
