"""WeChat's certificates are there before it signs with them; what somebody sets meanwhile stays."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest

from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.gateways.wechat import WechatGateway
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.domain.renewal import DAY_MS
from scrip.wiring.clients import provider_http
from tests.contents import nothing_changes
from tests.functions.conftest import Clock
from tests.in_memory import InMemory, forget_adapters
from tests.oracles.wechat_keys import NOW_SECONDS, PUBLIC_KEY_ID, Certified, certified, secrets
from tests.oracles.wechat_server import WechatServer, wechat_server
from tests.samples import sample
from tests.shop import Shop

TICK = sample("schedule_refresh_certificates", "tick")
YEARS = 9999

OLD = certified("platform", days=YEARS)
NEW = certified("platform of tomorrow", days=YEARS)


def refresh(cloud: InMemory) -> dict[str, Any]:
    forget_adapters()
    found: dict[str, Any] = cloud.invoke("schedule_refresh_certificates", TICK)
    return found


def gateways(cloud: InMemory) -> Gateways:
    merchants = Merchants(Table(boto3.client("dynamodb"), cloud.values["MerchantsTable"]))
    keys = Keys(boto3.client("kms"), cloud.values["VaultKeyArn"])
    return Gateways(merchants, keys, provider_http())


def kept_secrets(cloud: InMemory) -> Any:
    return gateways(cloud).secrets("demo", "wechat")


def set_up(cloud: InMemory, **settings: Any) -> None:
    gateways(cloud).set("demo", "wechat", msgspec.json.encode(secrets(**settings)))


def kept(cloud: InMemory) -> set[str]:
    return set(kept_secrets(cloud).certificates)


def shop_at_wechat(cloud: InMemory, wechat: WechatServer, *known: Certified) -> None:
    """The shop has these certificates, and no public key. WeChat signs with the first."""
    wechat.now_seconds = int(time.time())
    wechat.certificates, wechat.serial = list(known), known[0].serial
    cloud.values["PaymentApiBases"] = json.dumps(
        json.loads(cloud.values["PaymentApiBases"]) | {"wechat": wechat.base}
    )
    set_up(cloud, public_keys={}, certificates={each.serial: each.pem for each in known})
    forget_adapters()


@pytest.fixture
def wechat(cloud: InMemory, shop: Shop) -> Iterator[WechatServer]:
    with wechat_server() as server:
        shop_at_wechat(cloud, server, OLD)
        yield server


def test_a_new_certificate_is_set_beside_the_old(cloud: InMemory, wechat: WechatServer) -> None:
    wechat.certificates = [OLD, NEW]

    done = refresh(cloud)

    assert done == {"changed": ["demo"], "ending": [], "failures": {}}
    assert kept(cloud) == {OLD.serial, NEW.serial}


def test_nothing_new_is_nothing_written(cloud: InMemory, wechat: WechatServer) -> None:
    with nothing_changes(cloud):
        assert refresh(cloud)["changed"] == []


def test_one_that_is_valid_stays_though_wechat_lists_it_no_more(
    cloud: InMemory, wechat: WechatServer
) -> None:
    wechat.certificates, wechat.serial = [NEW], PUBLIC_KEY_ID
    set_up(cloud, certificates={OLD.serial: OLD.pem})

    refresh(cloud)

    assert kept(cloud) == {OLD.serial, NEW.serial}


def test_one_that_has_ended_is_taken_out(cloud: InMemory, wechat: WechatServer) -> None:
    ended = certified("platform of yesterday", days=1)
    set_up(cloud, public_keys={}, certificates={each.serial: each.pem for each in (ended, OLD)})

    assert refresh(cloud)["changed"] == ["demo"]
    assert kept(cloud) == {OLD.serial}


def test_who_has_a_public_key_only_is_not_asked_for(cloud: InMemory, wechat: WechatServer) -> None:
    set_up(cloud)

    assert refresh(cloud) == {"changed": [], "ending": [], "failures": {}}
    assert wechat.requests == []


def test_what_somebody_sets_meanwhile_stays(
    cloud: InMemory, wechat: WechatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    wechat.certificates = [OLD, NEW]
    fetch = WechatGateway.fetch_certificates

    def meanwhile(self: WechatGateway) -> dict[str, str]:
        found = fetch(self)
        set_up(cloud, api_v3_keys=["0" * 32])
        return found

    monkeypatch.setattr(WechatGateway, "fetch_certificates", meanwhile)

    assert refresh(cloud)["changed"] == []
    assert kept_secrets(cloud).api_v3_keys == ("0" * 32,)


def test_a_failure_is_told_and_alarms_only_when_certificates_end_soon(
    cloud: InMemory, wechat: WechatServer, clock: Clock
) -> None:
    wechat.fail_with = [(500, {})] * 9
    with nothing_changes(cloud):
        done = refresh(cloud)
    assert done == {
        "changed": [],
        "ending": [],
        "failures": {"demo": "payment-provider-unavailable"},
    }

    clock.ahead_ms = NOW_SECONDS * 1000 + YEARS * DAY_MS - clock.now_ms - 8 * DAY_MS - 60_000
    assert refresh(cloud)["ending"] == []
    clock.ahead_ms += 120_000
    assert refresh(cloud)["ending"] == ["demo"]


def test_a_certificate_that_wechat_did_not_sign_for_is_not_taken(
    cloud: InMemory, wechat: WechatServer
) -> None:
    wechat.certificates, wechat.serial = [OLD, NEW], NEW.serial

    with nothing_changes(cloud):
        assert refresh(cloud)["failures"] == {"demo": "payment-provider-unavailable"}


def test_one_merchants_failure_holds_up_no_other(
    cloud: InMemory, wechat: WechatServer, open_another: Any
) -> None:
    open_another("alpha")
    item = cloud.table("merchants").get_item(Key={"pk": "demo", "sk": "gateway#wechat"})["Item"]
    cloud.table("merchants").put_item(Item=item | {"pk": "alpha"})  # sealed for another shop
    wechat.certificates = [OLD, NEW]

    done = refresh(cloud)

    assert done == {"changed": ["demo"], "ending": [], "failures": {"alpha": "seal-broken"}}


def test_without_time_the_rest_is_told(
    cloud: InMemory, wechat: WechatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.schedule_refresh_certificates.handler.RUN_MS", 0)

    assert refresh(cloud)["failures"] == {"demo": "no-time"}
