"""Requests to others over HTTP: a whole answer, or none, and then whether anything was sent."""

from collections.abc import Mapping
from typing import NamedTuple

from botocore.awsrequest import AWSRequest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError
from botocore.httpsession import URLLib3Session
from botocore.response import StreamingBody

from scrip.adapters.aws import NO_ANSWER

MOST_BYTES = 1 << 20
"""Of an answer that is not a file."""

CHUNK_BYTES = 1 << 16

NOTHING_SENT = (ConnectTimeoutError, EndpointConnectionError)
"""What botocore makes of urllib3's failures to open a connection: a name that is not known, a port
that refuses, no answer in time. All else may come of a connection that took the request; also one
kept from before that the other side closed: what was written to it may have been read."""


class HttpAnswer(NamedTuple):
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class NoAnswer(Exception):
    """There is no whole answer. `sent`: a byte of the request may have left."""

    def __init__(self, reason: str, *, sent: bool = True) -> None:
        super().__init__(reason)
        self.sent = sent


def send(
    http: URLLib3Session,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    most_bytes: int = MOST_BYTES,
) -> HttpAnswer:
    """Follows no redirection. Raises NoAnswer, also for one of more than `most_bytes`."""
    request = AWSRequest(method, url, dict(headers), body, stream_output=True)
    content = bytearray()
    try:
        answer = http.send(request.prepare())
        # No length: urllib3 itself counts what it was promised.
        told = StreamingBody(answer.raw, None)  # type: ignore[arg-type]
        for chunk in told.iter_chunks(CHUNK_BYTES):
            content += chunk
            if len(content) > most_bytes:
                answer.raw.close()
                raise NoAnswer(f"an answer of more than {most_bytes} bytes")
    except NO_ANSWER as error:
        sent = not isinstance(error, NOTHING_SENT)
        raise NoAnswer(type(error).__name__, sent=sent) from error
    found = {name.lower(): value for name, value in answer.headers.items()}
    return HttpAnswer(answer.status_code, found, bytes(content))


def is_public_name(host: str) -> bool:
    """Whether it may be a name in the public DNS: no address, no name from inside."""
    last = host.rpartition(".")[2]
    return "." in host and last.isalpha() and last not in ("internal", "local", "localhost")
