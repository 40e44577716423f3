"""What `api_check_top_up` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.rates import Rates
from scrip.adapters.supplier_gates import SupplierGates
from scrip.adapters.suppliers.registry import Suppliers
from scrip.settings import PrecheckSettings, load, on_lambda
from scrip.wiring.clients import client, hasty_http, table


@dataclass(frozen=True, slots=True)
class Prechecking:
    merchants: Merchants
    rates: Rates
    catalogue: Catalogue
    suppliers: Suppliers
    gates: SupplierGates


@cache
def prechecking() -> Prechecking:
    settings = load(PrecheckSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    return Prechecking(
        merchants=merchants,
        rates=Rates(table(settings.reveals_table)),
        catalogue=Catalogue(table(settings.catalogue_table)),
        suppliers=Suppliers(merchants, keys, hasty_http(), settings.supplier_api_bases),
        gates=SupplierGates(table(settings.top_ups_table)),
    )


def warm() -> None:
    if on_lambda():
        prechecking()
