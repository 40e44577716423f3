"""What `queue_send_mail` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.audit import Audit
from scrip.adapters.bought_codes import BoughtCodes
from scrip.adapters.catalogue import Catalogue
from scrip.adapters.codes import OrderCodes, SealedCodes
from scrip.adapters.delivered_orders import DeliveredOrders
from scrip.adapters.generated_codes import GeneratedCodes
from scrip.adapters.keys import Keys
from scrip.adapters.mailer import Mailer
from scrip.adapters.merchants import Merchants
from scrip.adapters.money_events import MoneyEvents
from scrip.adapters.notifications import Notifications
from scrip.adapters.order_keys import OrderKeys
from scrip.adapters.stock import Stock
from scrip.adapters.stock_events import StockEvents
from scrip.adapters.supplier_events import SupplierEvents
from scrip.adapters.vault import Vault
from scrip.settings import MailSettings, load, on_lambda
from scrip.wiring.clients import client, table


@dataclass(frozen=True, slots=True)
class Mail:
    settings: MailSettings
    merchants: Merchants
    order_keys: OrderKeys
    delivered: DeliveredOrders
    notifications: Notifications
    audit: Audit
    codes: OrderCodes
    stock_events: StockEvents
    money_events: MoneyEvents
    supplier_events: SupplierEvents
    mailer: Mailer


@cache
def mail() -> Mail:
    settings = load(MailSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    catalogue = Catalogue(table(settings.catalogue_table))
    generated = table(settings.generated_keys_table)
    return Mail(
        settings=settings,
        merchants=merchants,
        order_keys=OrderKeys(keys),
        delivered=DeliveredOrders(table(settings.orders_table)),
        notifications=Notifications(table(settings.notifications_table)),
        audit=Audit(table(settings.audit_table)),
        codes=OrderCodes(
            SealedCodes(Stock(table(settings.stock_table)), Vault(keys)),
            BoughtCodes(table(settings.bought_codes_table), keys),
            GeneratedCodes(catalogue, keys, merchants.table, generated),
        ),
        stock_events=StockEvents(table(settings.notifications_table)),
        money_events=MoneyEvents(table(settings.notifications_table)),
        supplier_events=SupplierEvents(table(settings.notifications_table)),
        mailer=Mailer(client("sesv2"), settings.mail_from),
    )


def warm() -> None:
    if on_lambda():
        mail()
