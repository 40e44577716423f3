"""Merchants, keys, gateways, catalogue, audit and stream records in their tables."""

from dataclasses import replace

import msgspec
import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters import sealed_secrets
from scrip.adapters.audit import Audit
from scrip.adapters.catalogue import Catalogue
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.gateways.stripe import StripeGateway
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.order_keys import OrderKeys
from scrip.adapters.tables import ConditionFailed, Table
from scrip.domain.api_key import ApiKey, Scope, hash_secret
from scrip.domain.catalogue import Product, Status, Variant
from scrip.domain.errors import (
    GatewayUnknown,
    KeyUnknown,
    MerchantExists,
    MerchantUnknown,
    SealBroken,
    VariantOfAnotherProduct,
)
from scrip.domain.goods import Kind
from scrip.domain.merchant import Merchant
from scrip.domain.money import Money
from scrip.wiring.clients import table
from tests.adapters.faults import Faults
from tests.domain.making import NOW_MS, ORDER_ID
from tests.in_memory import InMemory
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET

DEMO = Merchant("demo", "Demo", "https://x/{order_id}#{token}", "zh", True, b"sealed", NOW_MS)
TILL = ApiKey("demo", "key00001", Scope.STOREFRONT, "till", hash_secret("x"), NOW_MS)
CARD = Product("demo", "card", Kind.CODE_POOL, "Gift card", Status.ACTIVE)
CARD_50 = Variant("demo", "card", "card-50", "50 €", Money(4500, "EUR"), Status.PAUSED)
SECRETS = msgspec.json.encode({"secret_key": SECRET_KEY, "webhook_secrets": [WEBHOOK_SECRET]})


@pytest.fixture
def merchants(cloud: InMemory) -> Merchants:
    return Merchants(table(cloud.values["MerchantsTable"]))


@pytest.fixture
def catalogue(cloud: InMemory) -> Catalogue:
    return Catalogue(table(cloud.values["CatalogueTable"]))


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gateways(merchants: Merchants, keys: Keys, clock: Clock) -> Gateways:
    return Gateways(merchants, keys, URLLib3Session(), '{"stripe": "https://stripe"}', clock)


def test_a_merchant_is_created_once(merchants: Merchants) -> None:
    merchants.create(DEMO)

    with pytest.raises(MerchantExists):
        merchants.create(replace(DEMO, name="Another"))

    assert merchants.get("demo") == DEMO
    with pytest.raises(MerchantUnknown):
        merchants.get("other")


def test_merchants_are_listed_without_what_else_they_keep(merchants: Merchants) -> None:
    merchants.create(DEMO)
    merchants.create(replace(DEMO, merchant_id="other"))
    merchants.add_key(TILL)
    merchants.put_gateway("demo", "stripe", b"sealed")

    assert sorted(merchants.ids()) == ["demo", "other"]


def test_keys_are_kept_listed_and_removed(merchants: Merchants) -> None:
    second = replace(TILL, key_id="key00002", scope=Scope.FINANCE)
    for key in (TILL, second, replace(TILL, merchant_id="other")):
        merchants.add_key(key)

    assert merchants.find_key("demo", "key00001") == TILL
    assert merchants.find_key("demo", "key00009") is None
    assert merchants.keys("demo") == [TILL, second]
    assert merchants.remove_key("demo", "key00001") == TILL
    assert merchants.find_key("demo", "key00001") is None
    assert merchants.find_key("other", "key00001") is not None
    with pytest.raises(KeyUnknown):
        merchants.remove_key("demo", "key00001")


def test_a_key_never_replaces_another(merchants: Merchants) -> None:
    merchants.add_key(TILL)

    with pytest.raises(ConditionFailed):
        merchants.add_key(replace(TILL, scope=Scope.OPERATOR))


def test_an_order_key_opens_for_its_merchant_only(keys: Keys) -> None:
    order_keys = OrderKeys(keys)
    demo = replace(DEMO, sealed_order_key=order_keys.new("demo"))

    assert len(order_keys.of(demo)) == 32
    with pytest.raises(SealBroken):
        order_keys.of(replace(demo, merchant_id="other"))


def stripe_of(gateways: Gateways) -> StripeGateway:
    gateway = gateways.of("demo", "stripe")
    assert isinstance(gateway, StripeGateway)
    return gateway


def test_a_gateway_is_known_once_its_secrets_are(gateways: Gateways) -> None:
    with pytest.raises(GatewayUnknown):
        gateways.of("demo", "stripe")

    gateways.set("demo", "stripe", SECRETS)

    gateway = stripe_of(gateways)
    assert gateway.secrets.secret_key == SECRET_KEY
    assert gateway.api.base == "https://stripe"
    with pytest.raises(GatewayUnknown):
        gateways.of("other", "stripe")


def test_secrets_are_sealed_where_they_are_kept(gateways: Gateways, merchants: Merchants) -> None:
    gateways.set("demo", "stripe", SECRETS)

    sealed = merchants.sealed_gateway("demo", "stripe")

    assert sealed is not None
    assert SECRET_KEY.encode() not in sealed


def test_secrets_copied_to_another_merchant_do_not_open(
    gateways: Gateways, merchants: Merchants
) -> None:
    gateways.set("demo", "stripe", SECRETS)
    sealed = merchants.sealed_gateway("demo", "stripe")
    assert sealed is not None

    merchants.put_gateway("other", "stripe", sealed)

    with pytest.raises(SealBroken):
        gateways.of("other", "stripe")


def test_changed_secrets_arrive_within_a_minute(gateways: Gateways, clock: Clock) -> None:
    gateways.set("demo", "stripe", SECRETS)
    assert stripe_of(gateways).secrets.secret_key == SECRET_KEY

    gateways.set("demo", "stripe", SECRETS.replace(b"sk_test_oracle", b"sk_test_newer"))
    clock.seconds += sealed_secrets.CACHE_SECONDS - 1
    assert stripe_of(gateways).secrets.secret_key == SECRET_KEY

    clock.seconds += 1
    assert stripe_of(gateways).secrets.secret_key == "sk_test_newer"


def test_a_known_gateway_asks_nobody(gateways: Gateways, met: Faults) -> None:
    gateways.set("demo", "stripe", SECRETS)
    gateways.of("demo", "stripe")
    before = len(met.calls)

    gateways.of("demo", "stripe")

    assert len(met.calls) == before


def test_gateways_remembered_are_bounded(
    gateways: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_secrets, "CACHE_ENTRIES", 2)

    for merchant_id in ("a1", "a2", "a3", "a4", "a5"):
        gateways.set(merchant_id, "stripe", SECRETS)
        gateways.of(merchant_id, "stripe")

    assert len(gateways._cache._made) <= 2


def test_secrets_of_another_shape_are_not_kept(gateways: Gateways, merchants: Merchants) -> None:
    with pytest.raises(msgspec.ValidationError):
        gateways.set("demo", "stripe", b'{"secret_key": "sk_test_x", "webhook_secrets": []}')

    assert merchants.sealed_gateway("demo", "stripe") is None


def test_products_and_variants_are_found_as_they_were_put(catalogue: Catalogue) -> None:
    catalogue.put_product(CARD)
    catalogue.put_variant(CARD_50)

    assert catalogue.all("demo", consistent=True) == [(CARD, [CARD_50])]
    assert catalogue.find_variant("demo", "card-50") == CARD_50
    assert catalogue.find_variant("other", "card-50") is None
    assert catalogue.variants("demo", ["card-50", "card-99"]) == {"card-50": CARD_50}


def test_a_shop_is_listed_product_by_product(catalogue: Catalogue) -> None:
    other = replace(CARD, product_id="bonus", title="Bonus")
    card_20 = replace(CARD_50, variant_id="card-20")
    for product in (CARD, other):
        catalogue.put_product(product)
    for variant in (CARD_50, card_20):
        catalogue.put_variant(variant)
    catalogue.put_product(replace(CARD, merchant_id="other"))

    assert catalogue.all("demo") == [(other, []), (CARD, [card_20, CARD_50])]


def test_a_variant_stays_with_its_product(catalogue: Catalogue) -> None:
    catalogue.put_variant(CARD_50)

    catalogue.put_variant(replace(CARD_50, price=Money(4000, "EUR")))
    with pytest.raises(VariantOfAnotherProduct):
        catalogue.put_variant(replace(CARD_50, product_id="bonus"))

    found = catalogue.find_variant("demo", "card-50")
    assert found is not None
    assert (found.product_id, found.price) == ("card", Money(4000, "EUR"))


def test_the_audit_trail_keeps_two_looks_in_one_millisecond_apart(trail: Table) -> None:
    audit = Audit(trail)

    for event_id in ("aaaa", "bbbb"):
        audit.revealed(
            "demo", ORDER_ID, at_ms=NOW_MS, event_id=event_id, by="buyer", source="203.0.113.7"
        )
    audit.revealed("demo", ORDER_ID, at_ms=NOW_MS - 1, event_id="cccc", by="mail", source="")

    entries = list(trail.query("pk = :pk", {":pk": f"demo#{ORDER_ID}"}))
    assert [(entry["sk"], entry["by"]) for entry in entries] == [
        (f"{NOW_MS - 1}#cccc", "mail"),
        (f"{NOW_MS}#aaaa", "buyer"),
        (f"{NOW_MS}#bbbb", "buyer"),
    ]
    assert entries[1]["source"] == "203.0.113.7"
