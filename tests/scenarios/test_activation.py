"""Many devices at once want few seats of one key, and one key is asked about too often: the limits
hold in the engine that is safe under threads."""

import os
import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import boto3
import pytest
from botocore.config import Config

from scrip.adapters.key_registry import KeyRegistry
from scrip.adapters.tables import Table
from scrip.domain.activation import Seat
from scrip.domain.rate import PER_KEY
from tests.generated import GUESS, ask, put_generated, register
from tests.scenarios.deployed import Deployed
from tests.shop import Shop

pytestmark = pytest.mark.cloud

SEATS, DEVICES, AT_A_TIME = 5, 60, 24


@pytest.fixture
def shop(deployed: Deployed) -> Shop:
    opened = deployed.open_shop(f"shop-{secrets.token_hex(4)}")
    assert put_generated(opened, activation_limit=SEATS).status == 200
    return opened


def sold(deployed: Deployed, shop: Shop) -> str:
    with mock.patch.dict(os.environ, deployed.cloud.environment()):
        return register(deployed.cloud.outputs, shop)


def test_an_application_activates_validates_and_deactivates(deployed: Deployed, shop: Shop) -> None:
    sold(deployed, shop)

    assert ask(shop, "activate").json["activations"] == 1
    assert ask(shop, "validate").json["status"] == "valid"
    assert ask(shop, "validate", key=GUESS).json["status"] == "unknown"
    assert ask(shop, "deactivate").json["activations"] == 0
    published = shop.call("GET", f"/.well-known/scrip/{shop.merchant_id}/licence-keys.json")
    assert published.json == {"keys": []}
    assert published.headers["cache-control"] == "public, max-age=3600"


def test_never_more_devices_than_seats(open_cloud: Deployed) -> None:
    """Each device takes a seat if it can, and every third leaves it and tries again."""
    shop = open_cloud.open_shop(f"shop-{secrets.token_hex(4)}")
    assert put_generated(shop, activation_limit=SEATS).status == 200
    mark = sold(open_cloud, shop)
    with mock.patch.dict(os.environ, open_cloud.cloud.environment()):
        dynamodb = boto3.client("dynamodb", config=Config(max_pool_connections=AT_A_TIME))
    registry = KeyRegistry(Table(dynamodb, open_cloud.cloud.outputs["GeneratedKeysTable"]))
    most: list[int] = []

    def use(number: int) -> None:
        device, seat = f"device-{number}", Seat("", 1_760_000_000_000)
        for leaves in (number % 3 == 0, False):
            record = registry.take_seat(shop.merchant_id, mark, "editor", device, seat, SEATS)
            assert record
            most.append(len(record.seats))
            if leaves:  # and so frees a seat that nobody may take twice
                registry.leave_seat(shop.merchant_id, mark, "editor", device)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(use, range(DEVICES)))

    assert max(most) == SEATS
    [key] = [
        each for each in open_cloud.items("generated_keys", shop.merchant_id) if "seats" in each
    ]
    assert len(key["seats"]) <= SEATS


def test_a_key_is_answered_so_often_a_minute_and_no_more(open_cloud: Deployed) -> None:
    shop = open_cloud.open_shop(f"shop-{secrets.token_hex(4)}")
    assert put_generated(shop).status == 200

    first = PER_KEY.window(time.time_ns() // 1_000_000)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        replies = list(pool.map(lambda _: ask(shop, "validate", key=GUESS), range(50)))
    windows = PER_KEY.window(time.time_ns() // 1_000_000) - first + 1

    statuses = Counter(reply.status for reply in replies)
    assert PER_KEY.hits <= statuses[200] <= PER_KEY.hits * windows
    assert set(statuses) == {200, 429}
    waits = [int(reply.headers["retry-after"]) for reply in replies if reply.status == 429]
    assert all(1 <= wait <= 60 for wait in waits)
