"""What `api_hear_supplier` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.suppliers.registry import Suppliers
from scrip.adapters.top_up_queue import TopUpQueue
from scrip.settings import HearingSettings, load, on_lambda
from scrip.wiring.clients import client, provider_http, table


@dataclass(frozen=True, slots=True)
class Hearing:
    suppliers: Suppliers
    queue: TopUpQueue


@cache
def hearing() -> Hearing:
    settings = load(HearingSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    return Hearing(
        suppliers=Suppliers(merchants, keys, provider_http(), settings.supplier_api_bases),
        queue=TopUpQueue(client("sqs"), settings.top_up_queue_url),
    )


def warm() -> None:
    if on_lambda():
        hearing()
