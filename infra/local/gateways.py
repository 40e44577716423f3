"""Payment providers that play beside the local cloud, for `make demo GATEWAY=...`.

They are the tests' stand-ins: each checks our requests as the provider does and signs its own
callbacks, with keys that are made anew at every start.
"""

import urllib3

from infra.local.cloud import Cloud
from infra.local.process import LocalCloudError
from infra.local.purchase import Paying
from infra.local.shop import Json
from tests.oracles.paying import Provider

PORTS = {"alipay": 8421, "paypal": 8422, "standard": 8423, "wechat": 8424}
"""Where each listens if it can: another port is another deployment."""

CALLBACK_SECONDS = 30


def paying_at(provider: Provider, cloud: Cloud, merchant_id: str) -> Paying:
    """Pays as a buyer would; then the provider posts what it signed to the deployed API."""
    signed = b"", {"": ""}

    def pay(payment: Json) -> str:
        nonlocal signed
        shown = payment[provider.shown]
        signed = provider.pay(shown)
        return f"by {provider.shown} {shown[:40]}..., signed {len(signed[0])} bytes"

    def tell() -> str:
        raw, headers = signed
        url = f"{cloud.base_url}/v1/callbacks/payments/{merchant_id}/{provider.name}"
        answer = urllib3.request(
            "POST", url, body=raw, headers=headers, retries=False, timeout=CALLBACK_SECONDS
        )
        told = answer.status, answer.data.decode()
        if told != provider.answer:
            raise LocalCloudError(f"the callback was answered with {told}, not {provider.answer}")
        return f"{provider.name} posted and was answered {told[0]} {told[1]}".rstrip()

    return Paying(provider.name, pay, tell, provider.asked)
