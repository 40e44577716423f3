"""What `schedule_follow_up` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.follow_ups import FollowUps
from scrip.adapters.gateways.asking import Providers
from scrip.adapters.gateways.prepaid import PrepaidGateway
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.holds import Holds
from scrip.adapters.keys import Keys
from scrip.adapters.mail_queue import MailQueue
from scrip.adapters.merchants import Merchants
from scrip.adapters.orders import Orders
from scrip.adapters.refunds import Refunds
from scrip.adapters.reseller_book import Book
from scrip.adapters.scorecards import Scorecards
from scrip.adapters.stock import Stock
from scrip.adapters.top_up_queue import TopUpQueue
from scrip.adapters.top_ups import TopUps
from scrip.settings import FollowUpSettings, load, on_lambda
from scrip.wiring.clients import client, provider_http, table


@dataclass(frozen=True, slots=True)
class Following:
    merchants: Merchants
    follow_ups: FollowUps
    orders: Orders
    stock: Stock
    holds: Holds
    refunds: Refunds
    top_ups: TopUps
    scorecards: Scorecards
    top_up_queue: TopUpQueue
    mail_queue: MailQueue
    providers: Providers


@cache
def following() -> Following:
    settings = load(FollowUpSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    merchants = Merchants(table(settings.merchants_table))
    orders = table(settings.orders_table)
    stock = Stock(table(settings.stock_table))
    top_ups = table(settings.top_ups_table)
    prepaid = {PrepaidGateway.provider: PrepaidGateway(Book(table(settings.resellers_table)))}
    gateways = Gateways(merchants, keys, provider_http(), settings.payment_api_bases, ours=prepaid)
    return Following(
        merchants=merchants,
        follow_ups=FollowUps(orders),
        orders=Orders(orders),
        stock=stock,
        holds=Holds(stock, orders),
        refunds=Refunds(orders),
        top_ups=TopUps(top_ups),
        scorecards=Scorecards(top_ups),
        top_up_queue=TopUpQueue(client("sqs"), settings.top_up_queue_url),
        mail_queue=MailQueue(client("sqs"), settings.mail_queue_url),
        providers=Providers(gateways),
    )


def warm() -> None:
    if on_lambda():
        following()
