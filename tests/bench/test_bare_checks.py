"""The yardsticks of callbacks do check: what is signed passes, and no byte more."""

import time
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature

from scrip.adapters.gateways.registry import PROVIDERS
from tests.bench.bare_checks import CHECKS, Headers
from tests.oracles import standard_bridge, stripe_server
from tests.oracles.alipay_server import sign_form
from tests.oracles.paypal_signer import Signer
from tests.oracles.wechat_server import WechatServer

RAW = b'{"paid": 1}'

SIGNED: dict[str, Callable[[], tuple[bytes, Headers]]] = {
    "alipay": lambda: (sign_form({"trade_no": "1", "subject": "a b&c", "body": ""}), {}),
    "paypal": lambda: (RAW, Signer().headers(RAW)),
    "standard": lambda: (RAW, standard_bridge.sign(RAW, int(time.time()))),
    "stripe": lambda: (RAW, {"stripe-signature": stripe_server.sign(RAW)}),
    "wechat": lambda: (RAW, WechatServer().sign(RAW)),
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_bare_check_checks(provider: str) -> None:
    raw, headers = SIGNED[provider]()

    CHECKS[provider](raw, headers)
    with pytest.raises((AssertionError, InvalidSignature)):
        CHECKS[provider](raw.replace(b"1", b"2", 1), headers)
