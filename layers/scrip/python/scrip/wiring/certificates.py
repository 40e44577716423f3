"""What `schedule_refresh_certificates` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.settings import CertificateSettings, load, on_lambda
from scrip.wiring.clients import client, provider_http, table


@dataclass(frozen=True, slots=True)
class Certificates:
    merchants: Merchants
    gateways: Gateways


@cache
def certificates() -> Certificates:
    settings = load(CertificateSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    return Certificates(
        merchants=merchants,
        gateways=Gateways(merchants, keys, provider_http(), settings.payment_api_bases),
    )


def warm() -> None:
    if on_lambda():
        certificates()
