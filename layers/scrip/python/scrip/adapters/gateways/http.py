"""Requests to payment providers: an answer, or nothing is known."""

from collections.abc import Mapping
from typing import NamedTuple

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from scrip.adapters.aws import NO_ANSWER
from scrip.domain.errors import PaymentProviderUnavailable


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
) -> HttpAnswer:
    """Follows no redirection. Raises PaymentProviderUnavailable when there is no whole answer."""
    request = AWSRequest(method, url, dict(headers), body)
    try:
        answer = http.send(request.prepare())
        content: bytes = answer.content
    except NO_ANSWER as error:
        raise PaymentProviderUnavailable(type(error).__name__) from error
    found = {name.lower(): value for name, value in answer.headers.items()}
    return HttpAnswer(answer.status_code, found, content)
