"""The merchant's API: codes as staff may see them, and who reads unusually many of them."""

import pytest

from scrip.adapters.merchants import Merchants
from scrip.domain import errors
from scrip.domain.masking import FULLY_MASKED
from scrip.domain.reveal_watch import LOWEST_LIMIT
from scrip.wiring.clients import table
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.in_memory import InMemory, forget_adapters
from tests.shop import Reply, Shop

LONG = [f"ABCD-EFGH-{number:04d}-7Q2M" for number in range(60)]


@pytest.fixture
def stocked_long(shop: Shop) -> Shop:
    shop.stock_up("card-50", LONG)
    return shop


def bought(shop: Shop, quantity: int = 1) -> Reply:
    placed = shop.place({"card-50": quantity})
    assert shop.pay(placed).status == 200
    return placed


def acts(cloud: InMemory, act: str) -> list[dict[str, object]]:
    return [item for item in cloud.table("audit").scan()["Items"] if item["act"] == act]


def limit(cloud: InMemory, codes: int) -> None:
    Merchants(table(cloud.values["MerchantsTable"])).change("demo", reveal_limit=codes)


def test_staff_see_codes_masked_and_whether_they_were_revealed(stocked_long: Shop) -> None:
    placed = bought(stocked_long, 2)

    before = stocked_long.masked(placed)
    stocked_long.reveal(placed)
    stocked_long.reveal(placed)
    after = stocked_long.masked(placed)

    assert [code["code"] for code in before.json["codes"]] == ["ABCD-****-****-7Q2M"] * 2
    assert (before.json["reveals"], before.json["first_revealed_at_ms"]) == (0, None)
    assert after.json["reveals"] == 2
    assert after.json["first_revealed_at_ms"] <= after.json["last_revealed_at_ms"]
    assert not any(code in before.text + after.text for code in LONG)


def test_a_pin_is_never_shown(shop: Shop) -> None:
    shop.put_variant("card-50")
    csv = b"code,pin\nSHORT-1,8841-8841-8841-8841\n"
    headers = {"content-type": "text/csv", "idempotency-key": "one"}
    path = "/v1/merchant/variants/card-50/codes"
    shop.call("POST", path, csv, key="operator", headers=headers)

    seen = shop.masked(bought(shop))

    [code] = seen.json["codes"]
    assert (code["code"], code["has_pin"]) == (FULLY_MASKED, True)
    assert "8841" not in seen.text


def test_a_shredded_code_is_null(stocked_long: Shop) -> None:
    placed = bought(stocked_long, 2)
    stocked_long.shred_unit(placed, unit=1)

    seen = stocked_long.masked(placed).json["codes"]

    assert [code["code"] is None for code in seen] == [False, True]


def test_a_masked_look_is_written_down_and_is_no_reveal(
    stocked_long: Shop, cloud: InMemory
) -> None:
    placed = bought(stocked_long)

    stocked_long.masked(placed)

    [entry] = acts(cloud, "masked_view")
    assert entry["by"] == stocked_long.keys["operator"].split("_")[2]
    assert acts(cloud, "revealed") == []


def test_orders_without_codes_have_none_to_see(stocked_long: Shop) -> None:
    assert is_refused(
        stocked_long.masked(stocked_long.place({"card-50": 1})), errors.OrderNotReadable
    )


def test_a_tampered_code_alarms_staff_too(
    stocked_long: Shop, cloud: InMemory, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = bought(stocked_long)
    for item in cloud.table("stock").scan()["Items"]:
        for unit, sealed in item.get("claimed", {}).items():
            item["claimed"][unit] = bytes(sealed)[:-1] + b"x"
            cloud.table("stock").put_item(Item=item)

    assert is_refused(stocked_long.masked(placed), errors.SealBroken)
    assert '"SealBroken":[1.0]' in capsys.readouterr().out


def test_an_address_that_reads_unusually_many_is_told_of_once_an_hour(
    stocked_long: Shop, cloud: InMemory, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    limit(cloud, LOWEST_LIMIT)
    orders = [bought(stocked_long, LOWEST_LIMIT // 2) for _ in range(4)]
    clock.ahead_ms = -clock.now_ms % 3_600_000  # the beginning of an hour
    capsys.readouterr()

    for placed in orders:
        assert len(stocked_long.codes(placed)) == LOWEST_LIMIT // 2
        forget_adapters()

    out = capsys.readouterr().out
    assert out.count('"RevealAnomalies":[1.0]') == 1
    [entry] = acts(cloud, "unusual_reveals")
    assert (entry["by"], entry["codes"]) == ("address:203.0.113.7", LOWEST_LIMIT)
    clock.ahead_ms += 3_600_000
    for placed in orders[:2]:
        stocked_long.reveal(placed)
    assert len(acts(cloud, "unusual_reveals")) == 2


def test_one_order_read_again_and_again_is_not_unusual(stocked_long: Shop, cloud: InMemory) -> None:
    limit(cloud, LOWEST_LIMIT)
    placed = bought(stocked_long, LOWEST_LIMIT // 2)

    for _ in range(5):
        stocked_long.reveal(placed)

    assert acts(cloud, "unusual_reveals") == []


def test_a_key_of_staff_is_counted_by_itself(
    stocked_long: Shop, cloud: InMemory, capsys: pytest.CaptureFixture[str]
) -> None:
    limit(cloud, LOWEST_LIMIT)
    placed = bought(stocked_long, LOWEST_LIMIT)
    capsys.readouterr()

    stocked_long.masked(placed)

    key_id = stocked_long.keys["operator"].split("_")[2]
    assert [entry["by"] for entry in acts(cloud, "unusual_reveals")] == [f"key:{key_id}"]
    assert '"RevealAnomalies":[1.0]' in capsys.readouterr().out
