"""Requests to payment providers: an answer, or nothing is known."""

from collections.abc import Mapping

from botocore.httpsession import URLLib3Session

from scrip.adapters import http as requests
from scrip.adapters.http import MOST_BYTES as MOST_BYTES
from scrip.adapters.http import HttpAnswer as HttpAnswer
from scrip.adapters.http import NoAnswer
from scrip.domain.errors import PaymentProviderUnavailable


def send(
    http: URLLib3Session,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    most_bytes: int = MOST_BYTES,
) -> HttpAnswer:
    """Raises PaymentProviderUnavailable when there is no whole answer, or one of more than
    `most_bytes`. Every call to a provider is safe to repeat: whether it left is no matter."""
    try:
        return requests.send(http, method, url, headers, body, most_bytes)
    except NoAnswer as error:
        raise PaymentProviderUnavailable(str(error)) from error
