"""Payment providers beside Stripe in a small deployment: played over loopback, put back with it."""

import copy
import json
from collections.abc import Callable
from typing import Any

import boto3
import msgspec

from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.wiring.clients import provider_http
from tests.crash.world import World
from tests.oracles.paying import OPEN, Provider
from tests.shop import Reply


def with_provider(world: World, name: str) -> Provider:
    """The shop takes payments there, too, until the world is gone."""
    provider = world.exits.enter_context(OPEN[name]())
    bases = json.loads(world.cloud.values["PaymentApiBases"]) | {name: provider.base}
    world.cloud.values["PaymentApiBases"] = json.dumps(bases)
    with world.remote.aside():
        merchants = Merchants(Table(boto3.client("dynamodb"), world.cloud.values["MerchantsTable"]))
        keys = Keys(boto3.client("kms"), world.cloud.values["VaultKeyArn"])
        secrets = msgspec.json.encode(provider.secrets)
        Gateways(merchants, keys, provider_http()).set(
            world.shop.merchant_id, provider.name, secrets
        )
    world.also_kept.append(lambda: snapshot(provider.server))
    world.cold_start()
    return provider


def snapshot(server: Any) -> Callable[[], None]:
    """A function that puts its books back as they are now."""
    books = {name: value for name, value in vars(server).items() if type(value) in (dict, list)}
    kept = copy.deepcopy(books)
    return lambda: vars(server).update(copy.deepcopy(kept))


def place_at(world: World, provider: Provider, variant: str = "card") -> Reply:
    return world.place({variant: 1}, provider=provider.name, **provider.asked)
