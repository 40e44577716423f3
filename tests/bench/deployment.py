"""The template's tables, key and queue in a throw-away local cloud, the handlers in this process.

One process stands for one Lambda instance: adapters, clients and the caches of gateways and keys
are shared by everything that runs in it, whatever the number of threads.
"""

import importlib
import io
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from infra.local.process import free_port, start_aws
from scrip import telemetry
from scrip.wiring import clients
from tests import template
from tests.bench.meter import Meter
from tests.in_memory import Context, InMemory, create_resources, forget_adapters
from tests.opening import open_shop
from tests.oracles.stripe_server import StripeServer, stripe_server
from tests.shop import Reply, Shop, http_event

REGION = "us-east-1"
SERVICE = "api_accept_payment"

Progress = Callable[[str], None]


class Output(io.TextIOBase):
    """What handlers print goes here and is only counted, per thread."""

    def __init__(self) -> None:
        self._here = threading.local()

    def write(self, text: str) -> int:
        self._here.bytes = self.written() + len(text.encode())
        return len(text)

    def written(self) -> int:
        found: int = getattr(self._here, "bytes", 0)
        return found


@dataclass(frozen=True)
class Deployment:
    """`values`: what the template's expressions came to. A carrier for a `Shop`."""

    endpoint: str
    values: dict[str, str]
    stripe: StripeServer
    meter: Meter
    output: Output

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        return handler_of(function)(event, Context())

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        answer = self.invoke(*http_event(method, path, headers, body))
        return Reply(answer["statusCode"], answer["headers"], answer["body"])

    def open_shop(self) -> Shop:
        return open_shop(self, os.environ, self.stripe)


def handler_of(function: str) -> Any:
    return importlib.import_module(f"functions.{function}.handler").handler


@contextmanager
def deployment(**bases: str) -> Iterator[Deployment]:
    """A fresh one that is gone afterwards. Handlers' output is kept off the terminal. `bases`: of
    payment providers besides Stripe."""
    # 64 threads share a connection pool made for one invocation at a time.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    output = Output()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        stripe_server() as stripe,
        mock.patch.dict(os.environ),
    ):
        aws = start_aws(Path(folder), free_port(0, _quiet), record=False)
        try:
            os.environ |= {
                "AWS_ENDPOINT_URL": aws.url,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": REGION,
                "AWS_REGION": REGION,
            }
            os.environ.pop("AWS_PROFILE", None)
            cloud = InMemory(create_resources({"stripe": stripe.base, **bases}))
            for function in template.functions():
                os.environ |= cloud.environment(function)
            forget_adapters()
            meter = Meter(clients.session())
            # Functions read their names at import. One of usual length stands for all of them.
            telemetry.metrics.service = SERVICE
            with redirect_stdout(output), meter.signed_requests():
                for handler in telemetry.logger.handlers:
                    # It keeps the stream that it found when it was imported.
                    assert isinstance(handler, logging.StreamHandler)
                    handler.setStream(output)
                yield Deployment(aws.url, cloud.values, stripe, meter, output)
        finally:
            forget_adapters()
            aws.stop()


def _quiet(_: str) -> None:
    """Which port it is does not matter."""
