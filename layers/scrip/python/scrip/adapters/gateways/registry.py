"""Which module speaks for which provider, and with which secrets for which merchant."""

import time
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.port import Acknowledgement, Gateway
from scrip.adapters.keys import MAX_SEALED_BYTES, Keys, context_of
from scrip.adapters.merchants import Merchants
from scrip.domain.errors import GatewayUnknown, RequestInvalid

PROVIDERS = ("alipay", "paypal", "standard", "stripe", "wechat")
"""Each is a module beside this one with `SECRETS`, the shape of what a merchant sets for it;
`METHODS`, its ways to pay; `SIGNATURE_HEADERS`, which of a callback's its signature needs;
`ACKNOWLEDGED`, the answer it wants, None for any success; and `GATEWAY`, made of (secrets,
api_base, http). It is imported when a merchant first needs it.
docs/payments.md says how one is added."""

CACHE_SECONDS = 60
"""How long changed secrets may take to arrive. Keep the old webhook secret beside the new until."""

CACHE_ENTRIES = 500


class Gateways:
    """`api_bases`: where to call each provider, if not where everybody does, as JSON."""

    def __init__(
        self,
        merchants: Merchants,
        keys: Keys,
        http: URLLib3Session,
        api_bases: str = "{}",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.merchants = merchants
        self.keys = keys
        self.http = http
        self.api_bases = msgspec.json.decode(api_bases, type=dict[str, str])
        self.clock = clock
        self._cache: dict[tuple[str, str], tuple[Gateway, float]] = {}

    def of(self, merchant_id: str, provider: str) -> Gateway:
        """Raises GatewayUnknown when the merchant has no secrets for it."""
        cached = self._cache.get((merchant_id, provider))
        if cached and cached[1] > self.clock():
            return cached[0]
        gateway: Gateway = module_of(provider).GATEWAY(
            self.secrets(merchant_id, provider), self.api_bases.get(provider, ""), self.http
        )
        if len(self._cache) >= CACHE_ENTRIES:
            self._cache.clear()
        self._cache[merchant_id, provider] = (gateway, self.clock() + CACHE_SECONDS)
        return gateway

    def signature_headers(self, provider: str, headers: dict[str, str]) -> dict[str, str]:
        """Those of a callback that its signature needs. Raises GatewayUnknown."""
        wanted: tuple[str, ...] = module_of(provider).SIGNATURE_HEADERS
        return {name: headers[name] for name in wanted if name in headers}

    def acknowledgement(self, provider: str) -> Acknowledgement | None:
        """What a provider must be answered; None where any success will do."""
        found: Acknowledgement | None = module_of(provider).ACKNOWLEDGED
        return found

    def secrets(self, merchant_id: str, provider: str) -> Any:
        """What is set, in the shape of that provider. Raises GatewayUnknown."""
        shape = module_of(provider).SECRETS
        sealed = self.merchants.sealed_gateway(merchant_id, provider)
        if sealed is None:
            raise GatewayUnknown(provider)
        plain = self.keys.open(sealed, gateway_context(merchant_id, provider))
        return msgspec.json.decode(zlib.decompress(plain), type=shape)

    def set(self, merchant_id: str, provider: str, secrets: bytes) -> None:
        """Seal and keep a provider's secrets (JSON). Raises GatewayUnknown, RequestInvalid,
        msgspec.ValidationError."""
        shape = module_of(provider).SECRETS
        checked = msgspec.json.encode(msgspec.json.decode(secrets, type=shape))
        packed = zlib.compress(checked, 9)  # certificates and keys as text are a quarter air
        if len(packed) > MAX_SEALED_BYTES:
            raise RequestInvalid("too much to seal: leave out keys that are no longer used")
        sealed = self.keys.seal(packed, gateway_context(merchant_id, provider))
        self.merchants.put_gateway(merchant_id, provider, sealed)


def module_of(provider: str) -> Any:
    """Raises GatewayUnknown."""
    if provider not in PROVIDERS:
        raise GatewayUnknown(provider)
    return import_module(f"scrip.adapters.gateways.{provider}")


def gateway_context(merchant_id: str, provider: str) -> dict[str, str]:
    return context_of("gateway", merchant_id, provider=provider)
