"""Requests to payment providers: an answer, or nothing is known."""

from collections.abc import Mapping
from typing import NamedTuple

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.response import StreamingBody

from scrip.adapters.aws import NO_ANSWER
from scrip.domain.errors import PaymentProviderUnavailable

MOST_BYTES = 1 << 20
"""Of an answer that is not a file."""

CHUNK_BYTES = 1 << 16


class HttpAnswer(NamedTuple):
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def send(
    http: URLLib3Session,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    most_bytes: int = MOST_BYTES,
) -> HttpAnswer:
    """Follows no redirection. Raises PaymentProviderUnavailable when there is no whole answer, or
    one of more than `most_bytes`."""
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
                raise PaymentProviderUnavailable(f"an answer of more than {most_bytes} bytes")
    except NO_ANSWER as error:
        raise PaymentProviderUnavailable(type(error).__name__) from error
    found = {name.lower(): value for name, value in answer.headers.items()}
    return HttpAnswer(answer.status_code, found, bytes(content))
