"""What `api_serve_merchant` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.audit import Audit
from scrip.adapters.batches import Batches
from scrip.adapters.bought_codes import BoughtCodes
from scrip.adapters.catalogue import Catalogue
from scrip.adapters.codes import OrderCodes, SealedCodes
from scrip.adapters.delivered_orders import DeliveredOrders
from scrip.adapters.disputes import Disputes
from scrip.adapters.exports import Exports
from scrip.adapters.holds import Holds
from scrip.adapters.index_keys import IndexKeys
from scrip.adapters.key_registry import KeyRegistry
from scrip.adapters.keys import Keys
from scrip.adapters.licence_keys import LicenceKeys
from scrip.adapters.merchant_keys import MerchantKeys
from scrip.adapters.merchants import Merchants
from scrip.adapters.offers import Offers
from scrip.adapters.orders import Orders
from scrip.adapters.refunds import Refunds
from scrip.adapters.reveal_counts import RevealCounts
from scrip.adapters.seen_codes import SeenCodes
from scrip.adapters.shredder import Shredder
from scrip.adapters.signing import Signing
from scrip.adapters.standings import Standings
from scrip.adapters.stock import Stock
from scrip.adapters.stock_watch import StockWatch
from scrip.adapters.synced_stock import SyncedStock
from scrip.adapters.top_up_queue import TopUpQueue
from scrip.adapters.top_ups import TopUps
from scrip.adapters.vault import Vault
from scrip.settings import MerchantSettings, load, on_lambda
from scrip.wiring.clients import client, table


@dataclass(frozen=True, slots=True)
class MerchantSide:
    merchants: Merchants
    catalogue: Catalogue
    stock: Stock
    stock_watch: StockWatch
    offers: Offers
    orders: Orders
    vault: Vault
    index_keys: IndexKeys
    seen_codes: SeenCodes
    audit: Audit
    codes: SealedCodes
    bought_codes: BoughtCodes
    order_codes: OrderCodes
    shredder: Shredder
    reveal_counts: RevealCounts
    batches: Batches
    delivered: DeliveredOrders
    disputes: Disputes
    refunds: Refunds
    exports: Exports
    holds: Holds
    generation_keys: MerchantKeys
    registry_keys: MerchantKeys
    registry: KeyRegistry
    licence_keys: LicenceKeys
    signing: Signing
    synced: SyncedStock
    top_ups: TopUps
    standings: Standings
    top_up_queue: TopUpQueue


@cache
def merchant_side() -> MerchantSide:
    settings = load(MerchantSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    stock, vault = Stock(table(settings.stock_table)), Vault(keys)
    codes, bought = SealedCodes(stock, vault), BoughtCodes(table(settings.bought_codes_table), keys)
    return MerchantSide(
        merchants=Merchants(table(settings.merchants_table)),
        catalogue=Catalogue(table(settings.catalogue_table)),
        stock=stock,
        stock_watch=StockWatch(table(settings.stock_table)),
        offers=Offers(stock),
        orders=Orders(table(settings.orders_table)),
        vault=vault,
        index_keys=IndexKeys(table(settings.merchants_table), keys),
        seen_codes=SeenCodes(table(settings.stock_table)),
        audit=Audit(table(settings.audit_table)),
        codes=codes,
        bought_codes=bought,
        order_codes=OrderCodes(codes, bought),
        shredder=Shredder(table(settings.stock_table)),
        reveal_counts=RevealCounts(table(settings.reveals_table)),
        batches=Batches(stock),
        delivered=DeliveredOrders(table(settings.orders_table)),
        disputes=Disputes(table(settings.orders_table)),
        refunds=Refunds(table(settings.orders_table)),
        exports=Exports(table(settings.exports_table)),
        holds=Holds(stock, table(settings.orders_table)),
        generation_keys=MerchantKeys(table(settings.merchants_table), keys, "generation"),
        registry_keys=MerchantKeys(table(settings.merchants_table), keys, "registry"),
        registry=KeyRegistry(table(settings.generated_keys_table)),
        licence_keys=LicenceKeys(table(settings.merchants_table)),
        signing=Signing(keys),
        synced=SyncedStock(stock),
        top_ups=TopUps(table(settings.top_ups_table)),
        standings=Standings(table(settings.top_ups_table)),
        top_up_queue=TopUpQueue(client("sqs"), settings.top_up_queue_url),
    )


def warm() -> None:
    if on_lambda():
        merchant_side()
