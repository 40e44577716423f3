"""One botocore session and one client a service, with timeouts that fit inside a function's."""

from functools import cache
from socket import IPPROTO_TCP, TCP_NODELAY

import botocore.session
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import URLLib3Session

from scrip.adapters.aws import AwsClient
from scrip.adapters.bucket import Bucket
from scrip.adapters.tables import Table

CONNECT_SECONDS, READ_SECONDS = 1.5, 4

CONFIG = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=16,
    tcp_keepalive=True,
)
PATIENT_CONFIG = CONFIG.merge(
    Config(
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 10},
    )
)
"""For who has minutes and nobody waiting: a table that throttles now takes more in a moment."""

STORAGE_CONFIG = PATIENT_CONFIG.merge(
    Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
)
"""Otherwise presigned addresses name S3 as a whole, which knows a young bucket of another region
by redirections only."""

PROVIDER_TIMEOUT_SECONDS = 8
HASTY_TIMEOUT_SECONDS = 3
"""For what a buyer looks at a form for."""


@cache
def session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def client(service: str) -> AwsClient:
    return session().create_client(service, config=CONFIG)


@cache
def patient_client(service: str) -> AwsClient:
    return session().create_client(service, config=PATIENT_CONFIG)


@cache
def storage_client() -> AwsClient:
    return session().create_client("s3", config=STORAGE_CONFIG)


def table(name: str) -> Table:
    return Table(client("dynamodb"), name)


def bucket(name: str) -> Bucket:
    """For who puts or gets an object now and then: see its module for why there is no client."""
    credentials, meta = session().get_credentials(), client("dynamodb").meta
    if credentials is None:
        raise NoCredentialsError
    region = meta.region_name
    _, on_aws, suffix = meta.endpoint_url.partition(f".{region}.")
    url = f"https://{name}.s3.{region}.{suffix}" if on_aws else f"{meta.endpoint_url}/{name}"
    return Bucket(url, region, credentials, bucket_http())


@cache
def bucket_http() -> URLLib3Session:
    return URLLib3Session(
        timeout=(CONNECT_SECONDS, READ_SECONDS),  # type: ignore[arg-type]
        max_pool_connections=16,
        socket_options=[(IPPROTO_TCP, TCP_NODELAY, 1)],  # type: ignore[list-item]
    )


@cache
def provider_http() -> URLLib3Session:
    """The connection pool to payment providers and suppliers."""
    return _pool(PROVIDER_TIMEOUT_SECONDS)


@cache
def hasty_http() -> URLLib3Session:
    """The same for questions that nobody depends on."""
    return _pool(HASTY_TIMEOUT_SECONDS)


def _pool(timeout: int) -> URLLib3Session:
    """A request's head and body are sent apart: with Nagle's algorithm, which botocore switches off
    for AWS only, the body would wait until the head is acknowledged.
    """
    return URLLib3Session(
        timeout=timeout,
        max_pool_connections=16,
        # Triples, as for socket.setsockopt; the type stubs say strings.
        socket_options=[(IPPROTO_TCP, TCP_NODELAY, 1)],  # type: ignore[list-item]
    )
