"""Signed requests to WeChat Pay and its signed answers.

Its answers to requests that it took are always signed, its refusals not always (its own libraries
do not look), the content of a statement never: it is known by its hash.
Source: pay.weixin.qq.com/doc/v3/merchant/4012081709 (rules of the API).
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.http import MOST_BYTES, HttpAnswer, send
from scrip.adapters.gateways.wechat_signing import PlatformKey, Signer, verify
from scrip.domain.errors import (
    IdempotencyKeyReused,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    Rejected,
    ScripError,
)

ASK_AGAIN = frozenset(
    {
        "BANK_ERROR",
        "BANKERROR",
        "FREQUENCY_LIMITED",
        "FREQUENCY_LIMIT_EXCEED",
        "RATELIMIT_EXCEEDED",
        "SYSTEM_ERROR",
        "SYSTEMERROR",
    }
)
"""Codes of failures that pass, whatever their status. Underscores are at WeChat's discretion."""

REUSED = "商户订单号重复"
"""How its message of an INVALID_REQUEST tells that an order's number came with other figures."""


UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
"""What decoding raises for what is no JSON, or not in UTF-8."""


class Told(NamedTuple):
    """`code`: the provider's word where it refused, empty where it did not."""

    status: int
    code: str
    content: bytes

    def decoded(self, shape: type[Any]) -> Any:
        """Raises PaymentProviderUnavailable."""
        try:
            return msgspec.json.decode(self.content, type=shape)
        except UNREADABLE as error:
            raise PaymentProviderUnavailable("WeChat's answer is not its own") from error


class _Refusal(msgspec.Struct):
    code: str = ""
    message: str = ""


class WechatApi:
    """`public_key_id`: which key WeChat is asked to sign its answers with, empty for its choice.
    `clock` in seconds; `nonce` gives up to 32 letters and digits, never the same twice."""

    def __init__(
        self,
        signer: Signer,
        keys: Mapping[str, PlatformKey],
        public_key_id: str,
        api_base: str,
        http: URLLib3Session,
        clock: Callable[[], float],
        nonce: Callable[[], str],
    ) -> None:
        self.signer = signer
        self.keys = keys
        self.public_key_id = public_key_id
        self.api_base = api_base
        self.http = http
        self.clock = clock
        self.nonce = nonce

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        expected: Collection[str] = (),
        signed: bool = True,
        most_bytes: int = MOST_BYTES,
    ) -> Told:
        """`expected`: codes of refusals that the caller understands. `signed`: whether an answer
        that took the request must be. `most_bytes`: of the answer.

        Raises PaymentProviderUnavailable, PaymentProviderRefused, IdempotencyKeyReused.
        """
        sent = b"" if body is None else msgspec.json.encode(body)
        now_seconds = int(self.clock())
        headers = {
            "Authorization": self.signer.authorization(
                method, path, sent, now_seconds, self.nonce()
            ),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "Scrip",
        }
        if self.public_key_id:
            headers["Wechatpay-Serial"] = self.public_key_id
        answer = send(self.http, method, self.api_base + path, headers, sent, most_bytes)
        took = 200 <= answer.status < 300
        if (took and signed) or "wechatpay-signature" in answer.headers:
            self._verify(answer)
        if took:
            return Told(answer.status, "", answer.content)
        refusal = _refusal_of(answer.content)
        if refusal.code in expected:
            return Told(answer.status, refusal.code, answer.content)
        raise _meant(answer.status, refusal)

    def _verify(self, answer: HttpAnswer) -> None:
        try:
            verify(answer.content, answer.headers, self.keys, int(self.clock()))
        except Rejected as error:
            raise PaymentProviderUnavailable(f"WeChat's answer: {error.detail}") from error


def _refusal_of(content: bytes) -> _Refusal:
    try:
        return msgspec.json.decode(content, type=_Refusal)
    except UNREADABLE:
        return _Refusal()


def _meant(status: int, refusal: _Refusal) -> ScripError:
    """WeChat's own message may quote the request: it is read, never passed on."""
    if refusal.code == "OUT_TRADE_NO_USED" or REUSED in refusal.message:
        return IdempotencyKeyReused("the payment was opened with other figures")
    fact = f"WeChat answered {status} {refusal.code[:64]}".strip()
    if status == 429 or status >= 500 or status < 400 or refusal.code in ASK_AGAIN:
        return PaymentProviderUnavailable(fact)
    return PaymentProviderRefused(fact)
