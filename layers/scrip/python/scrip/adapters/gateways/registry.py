"""Which module speaks for which provider, and with which secrets for which merchant."""

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.gateways.port import Gateway, Renewing
from scrip.adapters.keys import Keys, context_of
from scrip.adapters.merchants import Merchants
from scrip.adapters.sealed_secrets import ForAWhile, seal, unseal
from scrip.domain.errors import (
    GatewayUnknown,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    RequestInvalid,
    SealBroken,
    SignatureInvalid,
)
from scrip.domain.notice import Notice
from scrip.domain.renewal import Renewal

PROVIDERS = ("alipay", "paypal", "standard", "stripe", "wechat")
"""Each is a module beside this one with `SECRETS`, the shape of what a merchant sets for it;
`METHODS`, its ways to pay; `SIGNATURE_HEADERS`, which of a callback's its signature needs;
`ACKNOWLEDGED`, the answer it wants, None for any success; and `GATEWAY`, made of (secrets,
api_base, http). It is imported when a merchant first needs it.
docs/payments.md says how one is added."""


class Gateways:
    """`api_bases`: where to call each provider, if not where everybody does, as JSON. `ours`: those
    that are nobody else's, for every merchant, by name; who does not ask for them has none."""

    def __init__(
        self,
        merchants: Merchants,
        keys: Keys,
        http: URLLib3Session,
        api_bases: str = "{}",
        clock: Callable[[], float] = time.monotonic,
        ours: Mapping[str, Gateway] | None = None,
    ) -> None:
        self.ours = ours or {}
        self.merchants = merchants
        self.keys = keys
        self.http = http
        self.api_bases = msgspec.json.decode(api_bases, type=dict[str, str])
        self._cache = ForAWhile(self._make, clock)

    def of(self, merchant_id: str, provider: str) -> Gateway:
        """Raises GatewayUnknown when the merchant has no secrets for it."""
        return self.ours.get(provider) or self._cache.of(merchant_id, provider)

    def with_former(self, merchant_id: str, provider: str) -> "Gateway | InTurn":
        """The same, which also reads what was signed by the secrets before these."""
        today = self.of(merchant_id, provider)
        former = self.merchants.sealed_gateway(merchant_id, provider, former=True)
        if former is None:
            return today
        return InTurn(today, self._made(provider, self._opened(merchant_id, provider, former)))

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
        module_of(provider)
        sealed = self.merchants.sealed_gateway(merchant_id, provider)
        if sealed is None:
            raise GatewayUnknown(provider)
        return self._opened(merchant_id, provider, sealed)

    def set(self, merchant_id: str, provider: str, secrets: bytes) -> None:
        """Seal and keep a provider's secrets (JSON); others that were set become the former ones.
        Raises GatewayUnknown, RequestInvalid, msgspec.ValidationError."""
        new = msgspec.json.decode(secrets, type=module_of(provider).SECRETS)
        sealed = self._sealed(merchant_id, provider, new)
        before = self.merchants.sealed_gateway(merchant_id, provider)
        if before is not None and not self._holds(merchant_id, provider, before, new):
            self.merchants.put_gateway(merchant_id, provider, before, former=True)
        self.merchants.put_gateway(merchant_id, provider, sealed)

    def renew(self, merchant_id: str, provider: str, now_ms: int) -> Renewal:
        """Put what the provider changes by itself among its secrets, unless somebody else set them
        meanwhile. Raises GatewayUnknown, SealBroken, StoreUnavailable."""
        sealed = self.merchants.sealed_gateway(merchant_id, provider)
        if sealed is None:
            raise GatewayUnknown(provider)
        old = self._opened(merchant_id, provider, sealed)
        gateway: Renewing = self._made(provider, old)  # type: ignore[assignment]
        try:
            new = gateway.renewed(now_ms / 1000)
            changed = new != old and self.merchants.swap_gateway(
                merchant_id, provider, sealed, self._sealed(merchant_id, provider, new)
            )
        except (PaymentProviderUnavailable, PaymentProviderRefused, RequestInvalid) as error:
            return Renewal(ends_at_ms=gateway.ends_at_ms, failed=error.slug)
        renewed: Renewing = self._made(provider, new)  # type: ignore[assignment]
        return Renewal(changed, renewed.ends_at_ms)

    def _sealed(self, merchant_id: str, provider: str, secrets: Any) -> bytes:
        """Raises RequestInvalid."""
        return seal(self.keys, secrets, gateway_context(merchant_id, provider))

    def _make(self, merchant_id: str, provider: str) -> Gateway:
        return self._made(provider, self.secrets(merchant_id, provider))

    def _made(self, provider: str, secrets: Any) -> Gateway:
        made: Gateway = module_of(provider).GATEWAY(
            secrets, self.api_bases.get(provider, ""), self.http
        )
        return made

    def _opened(self, merchant_id: str, provider: str, sealed: bytes) -> Any:
        context = gateway_context(merchant_id, provider)
        return unseal(self.keys, sealed, context, module_of(provider).SECRETS)

    def _holds(self, merchant_id: str, provider: str, sealed: bytes, secrets: Any) -> bool:
        try:
            return bool(self._opened(merchant_id, provider, sealed) == secrets)
        except (SealBroken, msgspec.ValidationError):
            return False


class InTurn(NamedTuple):
    """Reads a callback by the first of two gateways whose secrets fit it."""

    today: Gateway
    former: Gateway

    def verify_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> object:
        try:
            return self.today.verify_callback(raw, headers, now_seconds)
        except SignatureInvalid:
            return self.former.verify_callback(raw, headers, now_seconds)

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice:
        try:
            return self.today.read_callback(raw, headers, now_seconds)
        except (SignatureInvalid, RequestInvalid) as error:  # the latter: sealed by another key
            try:
                return self.former.read_callback(raw, headers, now_seconds)
            except SignatureInvalid:
                raise error from None


def module_of(provider: str) -> Any:
    """Raises GatewayUnknown."""
    if provider not in PROVIDERS:
        raise GatewayUnknown(provider)
    return import_module(f"scrip.adapters.gateways.{provider}")


def gateway_context(merchant_id: str, provider: str) -> dict[str, str]:
    return context_of("gateway", merchant_id, provider=provider)
