"""What `queue_tell_resellers` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.keys import Keys
from scrip.adapters.orders import Orders
from scrip.adapters.public_https import PublicHttps
from scrip.adapters.resale_queue import ResaleQueue
from scrip.adapters.reseller_callbacks import ResellerCallbacks
from scrip.adapters.resellers import Resellers
from scrip.adapters.untold_news import UntoldNews
from scrip.settings import TellingSettings, load, on_lambda
from scrip.wiring.clients import client, table


@dataclass(frozen=True, slots=True)
class TellingSide:
    orders: Orders
    resellers: Resellers
    callbacks: ResellerCallbacks
    queue: ResaleQueue
    untold: UntoldNews


@cache
def telling_side() -> TellingSide:
    settings = load(TellingSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    kept = table(settings.resellers_table)
    resellers = Resellers(kept, keys)
    return TellingSide(
        orders=Orders(table(settings.orders_table)),
        resellers=resellers,
        callbacks=ResellerCallbacks(resellers, PublicHttps()),
        queue=ResaleQueue(client("sqs"), settings.resale_queue_url),
        untold=UntoldNews(kept),
    )


def warm() -> None:
    if on_lambda():
        telling_side()
