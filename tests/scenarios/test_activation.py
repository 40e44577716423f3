"""Many devices at once want few seats of one key, and one key is asked about too often: the limits
hold in the engine that is safe under threads."""

import os
import secrets
import time
from base64 import urlsafe_b64decode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import boto3
import pytest
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scrip.adapters.key_registry import KeyRegistry
from scrip.adapters.tables import Table
from scrip.domain.activation import Seat
from scrip.domain.rate import PER_KEY
from tests.generated import GUESS, ask, put_generated, register, sell_generated
from tests.scenarios.deployed import Deployed, wait_until
from tests.shop import Shop

pytestmark = pytest.mark.cloud

SEATS, DEVICES, AT_A_TIME = 5, 60, 24
ASKING = 8
"""At a time: each starts a function cold. On a machine that has too much to do an answer may be
lost, and what counts requests counts the same one twice."""


def sold(deployed: Deployed, shop: Shop) -> str:
    with mock.patch.dict(os.environ, deployed.cloud.environment()):
        return register(deployed.cloud.outputs, shop)


def test_a_key_is_sold_shown_mailed_and_used(deployed: Deployed) -> None:
    shop = deployed.open_shop(f"shop-{secrets.token_hex(4)}", mail_codes=True)
    sell_generated(shop, "editor", activation_limit=SEATS)
    sell_generated(shop, "studio", licence={"features": ["pro"]})
    placed = shop.place({"editor": 1, "studio": 1})
    assert shop.pay(placed).json == {"outcome": "delivered"}

    key, licence = shop.codes(placed)

    [mail] = wait_until(lambda: deployed.mails(placed.json["order"]["order_id"]))
    assert key in str(mail)
    assert shop.codes(placed) == [key, licence]
    assert ask(shop, "activate", key=key).json["activations"] == 1
    assert ask(shop, "validate", key=key).json["status"] == "valid"
    assert ask(shop, "validate", key=GUESS).json["status"] == "unknown"
    assert ask(shop, "deactivate", key=key).json["activations"] == 0
    assert ask(shop, "activate", key=licence, product_id="studio").json["activations"] == 1
    published = shop.call("GET", f"/.well-known/scrip/{shop.merchant_id}/licence-keys.json")
    [public] = published.json["keys"]
    assert published.headers["cache-control"] == "public, max-age=3600"
    version, payload, signature = (part + "==" for part in licence.split("."))
    Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(public["x"] + "=")).verify(
        urlsafe_b64decode(signature), urlsafe_b64decode(payload)
    )
    assert version == "SL1=="


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
    with ThreadPoolExecutor(ASKING) as pool:
        replies = list(pool.map(lambda _: ask(shop, "validate", key=GUESS), range(30)))
    windows = PER_KEY.window(time.time_ns() // 1_000_000) - first + 1

    statuses = Counter(reply.status for reply in replies)
    assert PER_KEY.hits <= statuses[200] <= PER_KEY.hits * windows
    assert set(statuses) == {200, 429}
    waits = [int(reply.headers["retry-after"]) for reply in replies if reply.status == 429]
    assert all(1 <= wait <= 60 for wait in waits)
