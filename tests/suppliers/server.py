"""The conformance simulator: a supplier over loopback that goes wrong as planned.

Its clock is set by who tests, so that days pass in milliseconds. Nothing is timed by the machine.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

from scrip.domain.supplier_terms import Resend
from tests.suppliers.book import Book, Missing, Order, OrderState, Refused, Taken
from tests.suppliers.dialect import (
    Ask,
    Asked,
    Callback,
    Check,
    Dialect,
    Found,
    Request,
    Send,
    Wire,
)
from tests.suppliers.faults import Fault, Plan

NOW_MS = 1_790_000_000_000
PAGE = b"<html><body>Service is being upgraded</body></html>"
LOST = (Fault.LOST, Fault.CUT)
OPPOSITE = {OrderState.DONE: OrderState.FAILED, OrderState.FAILED: OrderState.DONE}


@dataclass
class Simulator:
    """`now_ms`: the true time; set it to let time pass. `requests`: methods and paths, as they
    came. `hear`: called with what the supplier tells before it answers; without one that waits
    with the rest. `deaf`: a port where nobody listens."""

    dialect: Dialect
    plan: Plan = field(default_factory=Plan)
    now_ms: int = NOW_MS
    base: str = ""
    deaf: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)
    hear: Callable[[Callback], None] | None = None
    book: Book = field(init=False)
    _untold: list[Order] = field(default_factory=list)
    _waiting: list[Callback] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.begin(self.plan)

    def begin(self, plan: Plan, **changes: Any) -> Book:
        """An empty book, and what goes wrong from now on. `changes`: of the book."""
        self.plan = plan
        self.book = Book(self.dialect.terms, plan, lambda: self.now_ms, **changes)
        self.requests.clear()
        self._untold.clear()
        self._waiting.clear()
        return self.book

    @cached_property
    def http(self) -> URLLib3Session:
        """Connections that are refused when that is planned: the request then goes to a port where
        nobody listens, so that all that a client sees is real."""
        # Otherwise the body of a request waits 40 ms for its head to be acknowledged.
        options: Any = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
        return _Unlucky(self, timeout=5, socket_options=options)

    def callbacks(self) -> list[Callback]:
        """What the supplier has told since this was asked: of each order that ended, once."""
        with self._lock:
            ended = [each for each in self._untold if each.ends_at_ms <= self.now_ms]
            self._untold = [each for each in self._untold if each not in ended]
            told, self._waiting = [*self._waiting, *map(self._callback, ended)], []
        return [each for each in told if each is not None]

    def answered(self, request: Request) -> tuple[Wire, Fault | None]:
        """What it does and says, and how that is lost."""
        with self._lock:
            self.requests.append((request.method, request.path))
            asked = self.dialect.read(request)
            if isinstance(asked, Wire):
                return asked, None
            known = {each.number for each in self.book.orders}
            fault = self.plan.of_request(
                signed=self.dialect.signs, doubled=isinstance(asked, Send) and self._one_of_two()
            )
            wire = self._met(asked, fault)
            new = [each for each in self.book.orders if each.number not in known]
            self._untold += [each for each in new if each.fate.told and not each.fate.told_first]
            first = [self._callback(each) for each in new if each.fate.told_first]
        for each in filter(None, first):
            if self.hear is None:
                self._waiting.append(each)
            else:
                self.hear(each)
        return wire, fault

    def _one_of_two(self) -> bool:
        """Whether the supplier keeps a request that arrives twice from charging twice. If not, no
        client could."""
        return self.dialect.terms.resend is not Resend.NEW

    def _met(self, asked: Asked | Refused, fault: Fault | None) -> Wire:
        if fault is Fault.BUSY:
            return self.dialect.busy()
        if fault is Fault.ERROR_BEFORE:
            return Wire(500, PAGE)
        if fault is Fault.TWICE:
            self._done(asked)
        wire = self.dialect.write(asked, self._done(asked), self.book, self._skewed())
        if fault is Fault.ERROR_AFTER:
            return Wire(500, PAGE)
        if fault is Fault.GARBAGE:
            return Wire(200, PAGE)
        return self.dialect.mistaken(wire) if fault is Fault.WRONG_SIGNATURE else wire

    def _done(self, asked: Asked | Refused) -> Found:
        match asked:
            case Send():
                return self.book.send(asked.reference, asked.sku, asked.account)
            case Ask(number=number) if number:
                named = [each for each in self.book.orders if each.number == number]
                shown = [each for each in named if each.shown(self.now_ms)]
                return Taken(shown[0], shown[0].state(self.now_ms)) if shown else Missing()
            case Ask():
                return self.book.ask(asked.reference)
            case Check():
                return self.book.check(asked.sku, asked.account)
            case Refused():
                return asked
        return None

    def _callback(self, order: Order) -> Callback | None:
        state = order.state(max(self.now_ms, order.ends_at_ms))
        told = OPPOSITE.get(state, state) if order.fate.contradicted else state
        return self.dialect.callback(order, told, self._skewed())

    def _skewed(self) -> int:
        return self.now_ms + self.plan.skew_ms


class _Unlucky(URLLib3Session):
    def __init__(self, simulator: Simulator, **settings: Any) -> None:
        super().__init__(**settings)
        self.simulator = simulator

    def send(self, request: Any) -> AWSResponse:
        if self.simulator.plan.refuses():
            parts = urlsplit(request.url)
            request.url = parts._replace(netloc=f"127.0.0.1:{self.simulator.deaf}").geturl()
        return super().send(request)


@contextmanager
def simulated(
    dialect: Dialect,
    plan: Plan | None = None,
    *,
    port: int = 0,
    made: type[Simulator] = Simulator,
) -> Iterator[Simulator]:
    """`port`: 0 for any that is free."""
    state = made(dialect, plan or Plan())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            path, _, query = self.path.partition("?")
            now_ms = state.now_ms + state.plan.skew_ms
            wire, fault = state.answered(Request(self.command, path, query, headers, body, now_ms))
            if fault in LOST:
                self.close_connection = True
            if fault is Fault.LOST:
                return
            self.send_response(wire.status)
            for name, value in wire.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(wire.body)))
            self.end_headers()
            self.wfile.write(wire.body[: len(wire.body) // 2] if fault is Fault.CUT else wire.body)

        do_GET = do_POST = do_PUT = do_DELETE = _take  # noqa: N815 - names of http.server

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    state.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    with socket.socket() as bound:  # taken, and not listening: it refuses
        bound.bind(("127.0.0.1", 0))
        state.deaf = bound.getsockname()[1]
        try:
            yield state
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
