"""What `schedule_sync_suppliers` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.keys import Keys
from scrip.adapters.mail_queue import MailQueue
from scrip.adapters.merchants import Merchants
from scrip.adapters.scorecards import Scorecards
from scrip.adapters.standings import Standings
from scrip.adapters.stock_watch import Progress
from scrip.adapters.supplier_events import SupplierEvents
from scrip.adapters.supplier_gates import SupplierGates
from scrip.adapters.suppliers.registry import Suppliers
from scrip.settings import SupplierSyncSettings, load, on_lambda
from scrip.wiring.clients import client, provider_http, table


@dataclass(frozen=True, slots=True)
class Syncing:
    merchants: Merchants
    catalogue: Catalogue
    standings: Standings
    scorecards: Scorecards
    progress: Progress
    suppliers: Suppliers
    gates: SupplierGates
    events: SupplierEvents
    mail_queue: MailQueue


@cache
def syncing() -> Syncing:
    settings = load(SupplierSyncSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    top_ups = table(settings.top_ups_table)
    return Syncing(
        merchants=merchants,
        catalogue=Catalogue(table(settings.catalogue_table)),
        standings=Standings(top_ups),
        scorecards=Scorecards(top_ups),
        progress=Progress(top_ups, "sync_suppliers"),
        suppliers=Suppliers(merchants, keys, provider_http(), settings.supplier_api_bases),
        gates=SupplierGates(top_ups),
        events=SupplierEvents(table(settings.notifications_table)),
        mail_queue=MailQueue(client("sqs"), settings.mail_queue_url),
    )


def warm() -> None:
    if on_lambda():
        syncing()
