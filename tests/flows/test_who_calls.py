"""Who calls: keys, tokens, and how merchants and keys come to be."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from scrip.domain.api_key import ApiKey, Scope, hash_secret
from scrip.domain.chase import WAIT_MS
from scrip.domain.errors import (
    CredentialsInvalid,
    MerchantUnknown,
    OrderTokenExpired,
    OrderUnknown,
    RequestInvalid,
)
from scrip.domain.let_go import LetGo
from scrip.domain.merchant import Merchant
from scrip.domain.order import ExpiredOrder, Order, OrderRecord, PendingOrder
from scrip.domain.order_access import DAY_MS, last_day_of, parse_token, render_token
from scrip.flows.authenticate import authenticate
from scrip.flows.create_merchant import create_merchant
from scrip.flows.manage_keys import issue_key, list_keys
from scrip.flows.read_order import read_order
from tests.domain.making import NOW_MS, ORDER_ID, pending
from tests.flows.fakes import DEMO, ORDER_KEY


@dataclass
class Merchants:
    """Merchants, keys and orders in one."""

    kept: dict[str, Merchant] = field(default_factory=lambda: {"demo": DEMO})
    api_keys: dict[tuple[str, str], ApiKey] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=lambda: {ORDER_ID: pending()})

    def create(self, merchant: Merchant) -> None:
        self.kept[merchant.merchant_id] = merchant

    def get(self, merchant_id: str) -> Merchant:
        if merchant_id not in self.kept:
            raise MerchantUnknown(merchant_id)
        return self.kept[merchant_id]

    def new(self, merchant_id: str) -> bytes:
        return f"sealed for {merchant_id}".encode()

    def of(self, merchant: Merchant) -> bytes:
        return ORDER_KEY

    def add_key(self, key: ApiKey) -> None:
        self.api_keys[key.merchant_id, key.key_id] = key

    def find_key(self, merchant_id: str, key_id: str) -> ApiKey | None:
        return self.api_keys.get((merchant_id, key_id))

    def keys(self, merchant_id: str) -> list[ApiKey]:
        return [key for (owner, _), key in self.api_keys.items() if owner == merchant_id]

    def remove_key(self, merchant_id: str, key_id: str) -> ApiKey:
        return self.api_keys.pop((merchant_id, key_id))

    def expire(self, seen: PendingOrder, expired: ExpiredOrder) -> None:
        self.orders[seen.order_id] = expired

    def let_go(self, merchant_id: str, moves: Sequence[LetGo], now_ms: int) -> None:
        raise AssertionError("nothing here is held")

    def find_record(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> OrderRecord | None:
        order = self.find(merchant_id, order_id, consistent=consistent)
        return OrderRecord(order, "", ()) if order else None

    def find(self, merchant_id: str, order_id: str, *, consistent: bool = False) -> Order | None:
        assert consistent
        return self.orders.get(order_id)


def issued(merchants: Merchants, key_id: str = "key00001", at_ms: int = NOW_MS) -> str:
    return issue_key(
        "demo",
        Scope.FINANCE,
        "books",
        key_id=key_id,
        secret="s" * 32,
        now_ms=at_ms,
        keys=merchants,
    ).credential


def test_an_issued_key_says_who_calls_and_keeps_no_secret() -> None:
    merchants = Merchants()
    credential = issued(merchants)

    key = authenticate(credential, keys=merchants)

    assert (key.merchant_id, key.scope, key.label) == ("demo", Scope.FINANCE, "books")
    assert key.secret_hash == hash_secret("s" * 32)
    assert credential == "sk_demo_key00001_" + "s" * 32


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "sk_demo_key00001_" + "t" * 32,
        "sk_demo_key00002_" + "s" * 32,
        "sk_other_key00001_" + "s" * 32,
        "sk_Demo_key00001_" + "s" * 32,
        "sk_demo#x_key00001_" + "s" * 32,
        "sk_demo_" + "k" * 17 + "_" + "s" * 32,
        "ot_demo_key00001_" + "s" * 32,
        "Bearer sk_demo_key00001_" + "s" * 32,
    ],
)
def test_anything_else_is_nobody(credential: str) -> None:
    merchants = Merchants()
    issued(merchants)

    with pytest.raises(CredentialsInvalid) as told:
        authenticate(credential, keys=merchants)

    assert "s" * 32 not in str(told.value)


def test_a_revoked_key_and_one_that_never_was_look_the_same() -> None:
    merchants = Merchants()
    credential = issued(merchants)
    merchants.remove_key("demo", "key00001")

    with pytest.raises(CredentialsInvalid) as revoked:
        authenticate(credential, keys=merchants)
    with pytest.raises(CredentialsInvalid) as unknown:
        authenticate("sk_demo_key00009_" + "s" * 32, keys=merchants)

    assert revoked.value.detail == unknown.value.detail


def test_keys_are_listed_oldest_first() -> None:
    merchants = Merchants()
    issued(merchants, "key00002", NOW_MS)
    issued(merchants, "key00001", NOW_MS + 1)

    assert [key.key_id for key in list_keys("demo", keys=merchants)] == ["key00002", "key00001"]


def read(token: str, order_id: str = ORDER_ID, now_ms: int = NOW_MS) -> Order:
    return read_order(
        parse_token(token),
        order_id,
        now_ms=now_ms,
        merchants=Merchants(),
        order_keys=Merchants(),
        orders=Merchants(),
        holds=Merchants(),
    ).order


def token_for(order_id: str = ORDER_ID, merchant_id: str = "demo") -> str:
    return render_token(ORDER_KEY, merchant_id, order_id, last_day_of(NOW_MS, 180))


def test_a_token_reads_its_order() -> None:
    assert read(token_for()) == pending()


def test_an_order_read_long_after_its_time_is_expired_then_and_there() -> None:
    late_ms = pending().expires_at_ms + WAIT_MS

    assert read(token_for(), now_ms=late_ms - 1) == pending()
    assert read(token_for(), now_ms=late_ms) == pending().expire(late_ms, unclosed=True)


def test_a_token_of_another_order_and_an_order_that_is_not_look_the_same() -> None:
    with pytest.raises(OrderUnknown) as foreign:
        read(token_for("0" * 16))
    with pytest.raises(OrderUnknown) as missing:
        read(token_for("0" * 16), "0" * 16)

    assert foreign.value.slug == missing.value.slug


def test_an_old_token_is_told_so() -> None:
    with pytest.raises(OrderTokenExpired):
        read(token_for(), now_ms=NOW_MS + 182 * DAY_MS)


@pytest.mark.parametrize("token", ["", "sk_demo_key00001_x", token_for(merchant_id="nobody")])
def test_what_is_no_token_of_a_merchant_of_ours_is_refused(token: str) -> None:
    with pytest.raises(CredentialsInvalid):
        read(token)


def created(merchant_id: str = "shop", **changes: str) -> Merchant:
    facts = {"name": "Shop", "order_url": DEMO.order_url, "locale": "zh"} | changes
    return create_merchant(
        merchant_id,
        name=facts["name"],
        order_url=facts["order_url"],
        locale=facts["locale"],
        mail_codes=False,
        now_ms=NOW_MS,
        merchants=Merchants(),
        order_keys=Merchants(),
    )


def test_a_merchant_is_created_with_an_order_key_of_its_own() -> None:
    assert created().sealed_order_key == b"sealed for shop"


@pytest.mark.parametrize(
    "merchant_id", ["", "a", "1shop", "Shop", "sh#op", "sh_op", "shop ", "shop\n", "s" * 21]
)
def test_a_merchants_id_fits_into_urls_and_keys(merchant_id: str) -> None:
    with pytest.raises(RequestInvalid):
        created(merchant_id)


@pytest.mark.parametrize(
    "order_url",
    [
        "https://shop.example/{order_id}",
        "https://shop.example/{order_id}/{token}/{token}",
        "https://shop.example/{order_id}/{token}/{other}",
        "https://shop.example/{order_id}/{token}/{}",
        "https://shop.example/{order_id}/{token}/{",
        "https://shop.example/{order_id}/{token}/}",
        "https://shop.example/{order_id}/{token}/{{",
        "https://shop.example/{{order_id}}/{token}",
        "http://shop.example/{order_id}/{token}",
        "http://localhost.shop.example/{order_id}/{token}",
        "javascript:{order_id}{token}",
    ],
)
def test_an_order_url_leads_to_one_order_over_https(order_url: str) -> None:
    with pytest.raises(RequestInvalid):
        created(order_url=order_url)


def test_a_locale_is_one_there_are_texts_for() -> None:
    with pytest.raises(RequestInvalid):
        created(locale="de")
