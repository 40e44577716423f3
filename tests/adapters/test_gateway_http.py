"""What comes back from a payment provider is whole and of a size to hold, or it is no answer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.http import send
from scrip.domain.errors import PaymentProviderUnavailable

HEAD = b"HTTP/1.1 200 OK\r\nX-Name: Value\r\n"


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """A server that reads one request a time and writes these, all over one connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener.accept()[0] as caller:
            for answer in answers:
                caller.recv(65_536)
                caller.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        thread.join(5)


def whole(content: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(content) + content


def test_an_answer_comes_whole_and_its_connection_serves_again() -> None:
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    http = URLLib3Session(timeout=2)

    with answering(whole(b"x" * 100_000), chunked, whole(b"")) as base:
        first = send(http, "GET", base, {})
        second = send(http, "GET", base, {}, most_bytes=5)
        third = send(http, "GET", base, {})

    assert (first.status, first.headers["x-name"]) == (200, "Value")
    assert (len(first.content), second.content, third.content) == (100_000, b"abcde", b"")


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"123456"),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 4\r\n\r\n123",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n123",
        b"",
    ],
)
def test_an_answer_cut_short_or_too_long_is_none(answer: bytes) -> None:
    with answering(answer) as base, pytest.raises(PaymentProviderUnavailable):
        send(URLLib3Session(timeout=1), "GET", base, {}, most_bytes=5)
