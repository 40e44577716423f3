"""Objects put and got by signed requests: once more where that may help, and never silently."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from botocore.httpsession import URLLib3Session

from scrip.adapters.bucket import TRIES, Bucket
from scrip.domain.errors import StoreUnavailable
from scrip.wiring import clients
from tests.in_memory import CALLBACKS, REGION, InMemory, forget_adapters

KEY = "demo/7K2M9Q4XTB3WHD5N/2026-11-22-stripe-00112233445566778899aabbccddeeff"


@pytest.fixture
def bucket(cloud: InMemory) -> Iterator[Bucket]:
    """With nothing in it. What a test made of its environment is forgotten afterwards."""
    yield clients.bucket(CALLBACKS)
    forget_adapters()
    boto3.resource("s3").Bucket(CALLBACKS).objects.delete()


@contextmanager
def answered(*told: int | Exception) -> Iterator[list[Any]]:
    """What comes back, one after the other; then what really does. The requests sent."""
    sent: list[Any] = []
    left, really = list(told), URLLib3Session.send

    def send(session: URLLib3Session, request: Any) -> Any:
        sent.append(request)
        if not left:
            return really(session, request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return AWSResponse(request.url, answer, HTTPHeaders(), BytesIO(b"<Error/>"))

    with mock.patch.object(URLLib3Session, "send", send), mock.patch("time.sleep"):
        yield sent


def test_what_is_put_is_what_a_client_gets_and_we_do(bucket: Bucket) -> None:
    content = bytes(range(256))

    bucket.put(KEY, content)

    found = boto3.client("s3").get_object(Bucket=CALLBACKS, Key=KEY)["Body"].read()
    assert found == bucket.get(KEY) == content


def test_putting_again_replaces(bucket: Bucket) -> None:
    bucket.put(KEY, b"1")
    bucket.put(KEY, b"2")

    assert bucket.get(KEY) == b"2"
    assert boto3.client("s3").list_objects_v2(Bucket=CALLBACKS)["KeyCount"] == 1


def test_what_is_not_there_is_nothing(bucket: Bucket) -> None:
    assert bucket.get(KEY) is None
    with answered(403):  # what S3 answers to who may not list
        assert bucket.get(KEY) is None


def test_a_request_is_signed_with_its_content_for_this_bucket_over_tls(bucket: Bucket) -> None:
    with answered() as sent:
        bucket.put(KEY, b"content")

    [request] = sent
    assert request.url == f"https://{CALLBACKS}.s3.{REGION}.amazonaws.com/{KEY}"
    headers = {name: str(value) for name, value in request.headers.items()}
    assert f"/{REGION}/s3/aws4_request" in headers["Authorization"]
    assert "x-amz-content-sha256" in headers["Authorization"]
    assert headers["X-Amz-Content-SHA256"].startswith("ed7002b439e9ac84")


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("us-east-1", "https://b.s3.us-east-1.amazonaws.com"),
        ("cn-north-1", "https://b.s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_every_region_has_its_address(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, region: str, url: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv("AWS_REGION", region)
    for maker in (clients.session, clients.client):
        maker.cache_clear()

    assert clients.bucket("b")[:2] == (url, region)


def test_a_cloud_of_ones_own_has_its_address(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    for maker in (clients.session, clients.client):
        maker.cache_clear()

    assert clients.bucket("b").url == "http://127.0.0.1:4566/b"


@pytest.mark.parametrize(
    "broken",
    [
        500,
        503,
        ConnectionClosedError(endpoint_url="s3"),
        EndpointConnectionError(endpoint_url="s3"),
    ],
)
def test_it_is_asked_again_and_in_the_end_told(bucket: Bucket, broken: int | Exception) -> None:
    with answered(*[broken] * (TRIES - 1)) as sent:
        bucket.put(KEY, b"kept")
    assert len(sent) == TRIES
    assert bucket.get(KEY) == b"kept"

    for ask in (partial(bucket.put, KEY, b"lost"), partial(bucket.get, KEY)):
        with answered(*[broken] * TRIES) as sent, pytest.raises(StoreUnavailable):
            ask()
        assert len(sent) == TRIES
    assert bucket.get(KEY) == b"kept"


@pytest.mark.parametrize("status", [301, 400, 403, 404])
def test_a_refusal_is_no_success(bucket: Bucket, status: int) -> None:
    """A missing right or bucket is for a person to mend: a 5xx all the same."""
    with answered(status) as sent, pytest.raises(RuntimeError, match=str(status)):
        bucket.put(KEY, b"lost")

    assert len(sent) == 1
