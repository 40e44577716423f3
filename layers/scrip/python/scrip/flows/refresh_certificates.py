"""Fetch the certificates that payment providers sign with, for every merchant that needs them,
before they sign with new ones. Only here and never for an unknown serial in a callback: who makes
serials up would make traffic."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from scrip.domain.errors import GatewayUnknown, SealBroken
from scrip.domain.renewal import Renewal

PROVIDERS = ("wechat",)
"""Those that change their certificates by themselves."""

CUT_SHORT = "no-time"


class Gateways(Protocol):
    def renew(self, merchant_id: str, provider: str, now_ms: int) -> Renewal: ...


@dataclass(slots=True)
class Refreshed:
    """Merchants: whose certificates changed; `ending`: of whom all end soon; `failures`: why some
    could not be fetched, by merchant."""

    changed: list[str] = field(default_factory=list)
    ending: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def refresh_certificates(
    *,
    now_ms: int,
    has_time: Callable[[], bool],
    merchant_ids: Iterable[str],
    gateways: Gateways,
) -> Refreshed:
    """Raises StoreUnavailable; running again does what was left undone."""
    done = Refreshed()
    for merchant_id in merchant_ids:
        for provider in PROVIDERS:
            if not has_time():
                done.failures[merchant_id] = CUT_SHORT
                continue
            try:
                renewal = gateways.renew(merchant_id, provider, now_ms)
            except GatewayUnknown:
                continue
            except SealBroken as error:
                renewal = Renewal(failed=error.slug)
            if renewal.changed:
                done.changed.append(merchant_id)
            if renewal.failed:
                done.failures[merchant_id] = renewal.failed
            if renewal.ends_soon(now_ms):
                done.ending.append(merchant_id)
    return done
