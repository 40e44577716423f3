"""What `api_serve_keys` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.disputes import Disputes
from scrip.adapters.key_registry import KeyRegistry
from scrip.adapters.keys import Keys
from scrip.adapters.licence_keys import LicenceKeys
from scrip.adapters.merchant_keys import MerchantKeys
from scrip.adapters.rates import Rates
from scrip.adapters.recipes import Recipes
from scrip.settings import KeysSettings, load, on_lambda
from scrip.wiring.clients import client, table


@dataclass(frozen=True, slots=True)
class KeysSide:
    recipes: Recipes
    registry_keys: MerchantKeys
    rates: Rates
    registry: KeyRegistry
    licence_keys: LicenceKeys
    freezes: Disputes


@cache
def keys_side() -> KeysSide:
    settings = load(KeysSettings)
    merchants = table(settings.merchants_table)
    generated = table(settings.generated_keys_table)
    return KeysSide(
        recipes=Recipes(Catalogue(table(settings.catalogue_table))),
        registry_keys=MerchantKeys(
            merchants, Keys(client("kms"), settings.vault_key_arn), "registry"
        ),
        rates=Rates(generated),
        registry=KeyRegistry(generated),
        licence_keys=LicenceKeys(merchants),
        freezes=Disputes(table(settings.orders_table)),
    )


def warm() -> None:
    if on_lambda():
        keys_side()
