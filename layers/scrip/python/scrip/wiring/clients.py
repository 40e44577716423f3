"""One botocore session and one client a service, with timeouts that fit inside a function's."""

from functools import cache
from socket import IPPROTO_TCP, TCP_NODELAY

import botocore.session
from botocore.config import Config
from botocore.httpsession import URLLib3Session

from scrip.adapters.aws import AwsClient
from scrip.adapters.tables import Table

CONFIG = Config(
    connect_timeout=1.5,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=16,
    tcp_keepalive=True,
)
PROVIDER_TIMEOUT_SECONDS = 8


@cache
def session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def client(service: str) -> AwsClient:
    return session().create_client(service, config=CONFIG)


def table(name: str) -> Table:
    return Table(client("dynamodb"), name)


@cache
def provider_http() -> URLLib3Session:
    """The connection pool to payment providers.

    A request's head and body are sent apart: with Nagle's algorithm, which botocore switches off
    for AWS only, the body would wait until the head is acknowledged.
    """
    return URLLib3Session(
        timeout=PROVIDER_TIMEOUT_SECONDS,
        max_pool_connections=16,
        # Triples, as for socket.setsockopt; the type stubs say strings.
        socket_options=[(IPPROTO_TCP, TCP_NODELAY, 1)],  # type: ignore[list-item]
    )
