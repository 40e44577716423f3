"""What a supplier's silence means: not a byte left, or nobody knows."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import format_exception

import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers.http import (
    NothingHeard,
    answer_to_order,
    answer_to_question,
    decoded,
    exchange,
)
from scrip.domain.attempt import Said
from scrip.domain.errors import SupplierAnswerInvalid, SupplierUnavailable
from scrip.domain.supplier_terms import Meaning
from tests.adapters.test_gateway_http import HEAD, answering, whole


@contextmanager
def deaf() -> Iterator[str]:
    """A port that is taken and refuses every connection."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def full() -> Iterator[str]:
    """A server that has no room for another connection: what comes waits until it gives up."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
        for each in waiting:
            each.close()


def request(caller: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        found += caller.recv(65_536)
    return found


def silence(base: str, http: URLLib3Session | None = None) -> NothingHeard:
    with pytest.raises(NothingHeard) as raised:
        exchange(http or URLLib3Session(timeout=1), "POST", base, {}, b"body", most_bytes=5)
    return raised.value


def test_a_refused_connection_sent_nothing() -> None:
    with deaf() as base:
        assert not silence(base).sent


def test_a_name_that_nobody_knows_sent_nothing() -> None:
    assert not silence("http://nobody.invalid").sent


def test_a_connection_that_does_not_come_about_sent_nothing() -> None:
    with full() as base:
        heard = silence(base)

    assert (str(heard), heard.sent) == ("ConnectTimeoutError", False)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no HTTP at all\r\n\r\n",
        HEAD + b"Content-Length: 4\r\n\r\n123",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n123",
        whole(b"123456"),
    ],
)
def test_no_whole_answer_leaves_it_open_what_was_done(answer: bytes) -> None:
    with answering(answer) as base:
        assert silence(base).sent


def test_no_answer_in_time_leaves_it_open_what_was_done() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert silence(f"http://127.0.0.1:{listener.getsockname()[1]}").sent


def test_a_connection_kept_from_before_and_cut_while_sending_leaves_it_open() -> None:
    """The server reads the second request whole, and resets the connection instead of answering."""
    listener, read = socket.create_server(("127.0.0.1", 0)), list[bytes]()

    def serve() -> None:
        with listener.accept()[0] as caller:
            read.append(request(caller, b"one"))
            caller.sendall(whole(b"first"))
            read.append(request(caller, b"body"))
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    base, http = f"http://127.0.0.1:{listener.getsockname()[1]}", URLLib3Session(timeout=2)
    assert exchange(http, "POST", base, {}, b"one").content == b"first"

    heard = silence(base, http)

    thread.join(5)
    listener.close()
    assert heard.sent
    assert len(read) == 2


def test_what_is_told_of_silence_does_not_tell_the_address() -> None:
    with deaf() as base:
        heard = silence(base + "/top-up?phone=13800138000")

    assert "13800138000" not in "".join(format_exception(heard))


def test_a_redirection_is_an_answer_and_is_not_followed() -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    with answering(moved) as base:
        assert exchange(URLLib3Session(timeout=1), "POST", base, {}, b"x").status == 307


def test_what_does_not_fit_is_told_without_its_words() -> None:
    for content in (b'"4111 secret"', b"\xff", b"[" * 10_000, b"<html>"):
        with pytest.raises(SupplierAnswerInvalid) as raised:
            decoded(content, dict[str, int])
        assert str(raised.value) == "it does not fit"
        assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("raised", "order", "question"),
    [
        (NothingHeard("x", sent=True), Meaning.UNCLEAR, Meaning.UNCLEAR),
        (NothingHeard("x", sent=False), Meaning.NOT_SENT, Meaning.UNCLEAR),
        (SupplierUnavailable("x"), Meaning.UNCLEAR, Meaning.UNCLEAR),
        (SupplierAnswerInvalid("x"), Meaning.UNCLEAR, Meaning.UNCLEAR),
    ],
)
def test_silence_and_nonsense_have_a_meaning(
    raised: Exception, order: Meaning, question: Meaning
) -> None:
    def asking() -> Said:
        raise raised

    assert answer_to_order(asking).meaning is order
    assert answer_to_question(asking).meaning is question


@pytest.mark.parametrize("meaning", Meaning)
def test_a_refused_question_is_no_refused_order(meaning: Meaning) -> None:
    said = Said(meaning, "code", "ref")

    assert answer_to_order(lambda: said) == said
    answered = answer_to_question(lambda: said)
    assert answered.meaning not in (Meaning.REFUSED, Meaning.NOT_SENT)
    assert (answered.meaning is meaning) or answered.meaning is Meaning.UNCLEAR
    assert answered.code == "code"
