"""Calls to Alipay's gateway: every method at one address, signed there and signed back.

Source: opendocs.alipay.com, common parameters and "公共错误码".
"""

import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec
from botocore.httpsession import URLLib3Session
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from scrip.adapters.gateways.alipay_secrets import AlipaySecrets
from scrip.adapters.gateways.alipay_signing import (
    SIGN_TYPE,
    private_key,
    public_key,
    signed,
    verified,
)
from scrip.adapters.gateways.alipay_text import to_beijing
from scrip.adapters.gateways.http import send
from scrip.domain.errors import PaymentProviderRefused, PaymentProviderUnavailable

LIVE = "https://openapi.alipay.com"
SANDBOX = "https://openapi-sandbox.dl.alipaydev.com"
PATH = "/gateway.do"
FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}

DONE = "10000"
UNDECIDED = frozenset({"20000", "40005"})
"""The service did not answer the gateway, or we asked too often."""
UNDECIDED_BY = ("ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "SYSTEM_ERROR")
NOT_TAKEN = frozenset({"40001", "40002", "40006"})
"""Alipay signs nothing for an application that it does not know or that it did not recognise. Such
a request was not even looked at; whoever set the keys has to know."""

Shape = TypeVar("Shape")
Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]*\Z", max_length=80)]
"""Told in errors: nothing that could quote our request."""


class _Head(msgspec.Struct):
    code: Code
    sub_code: Code = ""


class Answer(NamedTuple):
    """`content`: the JSON value that was signed."""

    code: str
    sub_code: str
    content: bytes

    @property
    def done(self) -> bool:
        return self.code == DONE

    def read(self, shape: type[Shape]) -> Shape:
        """Raises PaymentProviderRefused, PaymentProviderUnavailable."""
        if not self.done:
            raise PaymentProviderRefused(f"Alipay answered {self.code} {self.sub_code}".strip())
        return _decoded(self.content, shape)


class AlipayCalls:
    """As one application. `base`: Alipay's host, if not its own. `clock`: epoch seconds."""

    def __init__(
        self,
        secrets: AlipaySecrets,
        base: str,
        http: URLLib3Session,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.app_id = secrets.app_id
        self.base = (base or (SANDBOX if secrets.sandbox else LIVE)).rstrip("/")
        self.http = http
        self.clock = clock
        self.key = private_key(secrets.app_private_key)
        self.alipay_keys = [public_key(each) for each in secrets.alipay_public_keys]

    def address(self, method: str, content: Mapping[str, Any], **common: str) -> str:
        """A page for the buyer's browser: the whole request, signed."""
        return f"{self.base}{PATH}?{urlencode(self._request(method, content, common))}"

    def ask(self, method: str, content: Mapping[str, Any], **common: str) -> Answer:
        """Raises PaymentProviderUnavailable, PaymentProviderRefused."""
        request = self._request(method, content, common)
        body = urlencode({"biz_content": request.pop("biz_content")}).encode()
        url = f"{self.base}{PATH}?{urlencode(request)}"
        answer = send(self.http, "POST", url, FORM, body)
        if answer.status != 200:
            raise PaymentProviderUnavailable(f"Alipay answered HTTP {answer.status}")
        return read_answer(answer.content, method, self.alipay_keys)

    def _request(
        self, method: str, content: Mapping[str, Any], common: Mapping[str, str]
    ) -> dict[str, str]:
        parameters = {
            "app_id": self.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": SIGN_TYPE,
            "timestamp": to_beijing(self.clock()),
            "version": "1.0",
            **common,
            "biz_content": msgspec.json.encode(content).decode(),
        }
        return signed(parameters, self.key)


def read_answer(raw: bytes, method: str, keys: list[RSAPublicKey]) -> Answer:
    """Raises PaymentProviderUnavailable, PaymentProviderRefused."""
    parts = _decoded(raw, dict[str, msgspec.Raw])
    content = bytes(parts.get(f"{method.replace('.', '_')}_response") or b"")
    signature = _decoded(bytes(parts.get("sign") or b'""'), str)
    head = _decoded(content or bytes(parts.get("error_response") or b""), _Head)
    fact = f"Alipay answered {head.code} {head.sub_code}".strip()
    if not (content and verified(signature.encode(), content, keys)):
        if head.code in NOT_TAKEN and head.sub_code.startswith("isv."):
            raise PaymentProviderRefused(f"{fact}, unsigned")
        raise PaymentProviderUnavailable(f"{fact}, and its signature fits no key")
    if head.code in UNDECIDED or head.sub_code in UNDECIDED_BY:
        raise PaymentProviderUnavailable(fact)
    return Answer(head.code, head.sub_code, content)


def _decoded(raw: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PaymentProviderUnavailable("Alipay's answer is not its own") from error
