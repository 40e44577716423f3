"""Calls to the shop's HTTP API and to Stripe, as a shop's own server would make them."""

import json
from typing import Any
from urllib.parse import urlencode

import urllib3

from infra.local.process import LocalCloudError

Json = dict[str, Any]

_http = urllib3.PoolManager(retries=False, timeout=30.0)


def call_shop(
    method: str,
    url: str,
    bearer: str,
    body: Json | str | None = None,
    headers: dict[str, str] | None = None,
) -> Json:
    """JSON, or text as it is (`text/plain`, or what `headers` says). Raises LocalCloudError."""
    sent = {"authorization": f"Bearer {bearer}"}
    if isinstance(body, dict):
        sent["content-type"] = "application/json"
        data: str | None = json.dumps(body)
    else:
        sent["content-type"] = "text/plain"
        data = body
    return _answer(
        method, url, _http.request(method, url, body=data, headers=sent | (headers or {}))
    )


def call_stripe(url: str, secret_key: str, form: dict[str, str] | None = None) -> Json:
    """POST a form, as Stripe's API wants it. Raises LocalCloudError."""
    headers = {
        "authorization": f"Bearer {secret_key}",
        "content-type": "application/x-www-form-urlencoded",
    }
    response = _http.request("POST", url, body=urlencode(form or {}), headers=headers)
    return _answer("POST", url, response)


def configure_stripe(url: str, body: Json) -> None:
    """localstripe's own settings, which are not part of Stripe's API."""
    headers = {"content-type": "application/json"}
    response = _http.request("POST", url, body=json.dumps(body), headers=headers)
    if response.status != 200:
        raise LocalCloudError(f"POST {url}: {response.status}")


def _answer(method: str, url: str, response: urllib3.BaseHTTPResponse) -> Json:
    if response.status >= 300:
        raise LocalCloudError(f"{method} {url}: {response.status} {response.data.decode()[:500]}")
    parsed: Json = json.loads(response.data)
    return parsed
