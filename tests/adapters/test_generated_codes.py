"""Keys of an order come out the same whoever derives them, however often, wherever it broke."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from unittest import mock

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.generated_codes import GeneratedCodes
from scrip.adapters.key_registry import KeyRegistry
from scrip.adapters.keys import Keys
from scrip.adapters.licence_keys import LicenceKeys
from scrip.adapters.merchant_keys import MerchantKeys
from scrip.adapters.recipes import KEEP_SECONDS, Recipes
from scrip.adapters.signing import Signing
from scrip.adapters.tables import Table
from scrip.domain.activation import mark_of
from scrip.domain.catalogue import Product, Status, Variant
from scrip.domain.errors import OrderNotReadable, ProductFixed, SealBroken
from scrip.domain.goods import Kind
from scrip.domain.key_pattern import Pattern, normalise
from scrip.domain.licence import LEAD_MS, SigningKey
from scrip.domain.money import Money
from scrip.domain.order import DeliveredOrder, PendingOrder
from scrip.domain.recipe import DAY_MS, Recipe
from scrip.wiring.clients import table
from tests.adapters.faults import Faults
from tests.domain.making import NOW_MS, line, payment, pending
from tests.in_memory import InMemory

SHORT = Recipe(Pattern(prefix="ED"), (), 0, 2)
SIGNED = Recipe(None, ("export", "pro"), 30, 2)


@dataclass
class Maker:
    merchants: Table
    catalogue: Catalogue
    registry: KeyRegistry
    keys: Keys

    def own_keys(self, purpose: str) -> MerchantKeys:
        return MerchantKeys(self.merchants, self.keys, purpose)

    @property
    def codes(self) -> GeneratedCodes:
        """As a function that starts cold makes them."""
        return GeneratedCodes(self.catalogue, self.keys, self.merchants, self.registry.table)

    def sell(self, product_id: str, recipe: Recipe) -> None:
        product = Product("demo", product_id, Kind.GENERATED_KEY, product_id, Status.ACTIVE, recipe)
        self.catalogue.put_product(product)
        price = Money(4500, "EUR")
        self.catalogue.put_variant(
            Variant("demo", product_id, f"{product_id}-1", "One", price, Status.ACTIVE)
        )

    def shown(self, order: PendingOrder | DeliveredOrder) -> list[str]:
        return [code.code for each in order.lines for code in self.codes.open_line(order, each)]


@pytest.fixture
def maker(cloud: InMemory, keys: Keys) -> Iterator[Maker]:
    merchants = table(cloud.values["MerchantsTable"])
    made = Maker(
        merchants,
        Catalogue(table(cloud.values["CatalogueTable"])),
        KeyRegistry(table(cloud.values["GeneratedKeysTable"])),
        keys,
    )
    made.own_keys("generation").ensure("demo")
    made.own_keys("registry").ensure("demo")
    LicenceKeys(merchants).add("demo", Signing(keys).new_key("demo", 1, 0))
    made.sell("editor", SHORT)
    made.sell("studio", SIGNED)
    with mock.patch("scrip.adapters.generated_codes.AT_A_TIME", 1):  # moto is not for threads
        yield made


def delivered(variant: str, quantity: int = 1, at_ms: int = NOW_MS + 1500) -> DeliveredOrder:
    bought = line(quantity=quantity, variant=variant)
    order = pending(bought).pay(payment(4500 * quantity))
    settled = order.with_line(bought.picked(quantity)).settle(at_ms)
    assert isinstance(settled, DeliveredOrder)
    return settled


def test_each_unit_has_a_key_of_its_own_and_it_stays(maker: Maker) -> None:
    order = delivered("editor-1", 3)

    first = maker.shown(order)

    assert len(set(first)) == 3
    assert all(normalise(Pattern(prefix="ED"), key) for key in first)
    assert maker.shown(order) == first


def test_what_is_shown_is_registered_as_the_unit_it_was_sold_as(maker: Maker) -> None:
    [key] = maker.shown(delivered("editor-1"))

    registry_key = maker.own_keys("registry").of("demo")
    record = maker.registry.find("demo", mark_of(registry_key, key.replace("-", "")))

    assert record is not None
    assert (record.product_id, record.variant_id) == ("editor", "editor-1")
    assert record.sold_as == "7K2M9Q4XTB3WHD5N.0.0"
    assert record.until_ms == 0


def test_keys_that_meet_are_parted_for_good(maker: Maker) -> None:
    """With the last attempt of one like the first of another, in whatever order they are read."""
    ours, theirs = delivered("editor-1"), replace(delivered("editor-1"), order_id="A" * 16)
    path = "scrip.adapters.generated_codes.code_from"
    with mock.patch(path, lambda pattern, randomness: "ED" + "0" * 15 + str(randomness[0] % 2)):
        first = maker.shown(ours)
        second = maker.shown(theirs)

        assert first != second
        assert maker.shown(ours) == first
        assert maker.shown(theirs) == second


def test_a_pattern_without_room_is_a_bug_and_no_endless_loop(maker: Maker) -> None:
    with mock.patch("scrip.adapters.generated_codes.code_from", return_value="ED" + "0" * 16):
        maker.shown(delivered("editor-1"))

        with pytest.raises(RuntimeError, match="16 keys in a row"):
            maker.shown(replace(delivered("editor-1"), order_id="A" * 16))


def test_a_key_costs_one_write_and_kms_is_asked_once(maker: Maker, met: Faults) -> None:
    codes = maker.codes
    order = delivered("editor-1", 3)
    codes.open_line(order, order.lines[0])
    met.calls.clear()

    codes.open_line(order, order.lines[0])

    assert met.count("PutItem") == 3
    assert met.count("Decrypt") == met.count("UpdateItem") == 0
    assert len(met.calls) == 5


def test_an_order_that_was_not_delivered_shows_nothing(maker: Maker) -> None:
    with pytest.raises(OrderNotReadable):
        maker.shown(pending(line(variant="editor-1").picked(1)))


# --- licences


def public_key(maker: Maker, number: int = 1) -> Ed25519PublicKey:
    raw = LicenceKeys(maker.merchants).of("demo")[number - 1].public
    return Ed25519PublicKey.from_public_bytes(raw)


def verified(text: str, key: Ed25519PublicKey) -> dict[str, object]:
    version, payload, signature = text.split(".")
    assert version == "SL1"
    raw = urlsafe_b64decode(payload + "==")
    key.verify(urlsafe_b64decode(signature + "=="), raw)
    said: dict[str, object] = json.loads(raw)
    return said


def test_a_licence_says_who_may_use_what_until_when_and_is_signed(maker: Maker) -> None:
    [text] = maker.shown(delivered("studio-1"))

    said = verified(text, public_key(maker))

    assert len(str(said.pop("id"))) == 16
    assert said == {
        "kid": "1",
        "product": "studio",
        "variant": "studio-1",
        "holder": "buyer@example.com",
        "issued": (NOW_MS + 1500) // 1000,
        "until": (NOW_MS + 1500 + 30 * DAY_MS) // 1000,
        "features": ["export", "pro"],
    }
    assert maker.shown(delivered("studio-1")) == [text]


def test_each_unit_has_a_licence_of_its_own(maker: Maker) -> None:
    texts = maker.shown(delivered("studio-1", 3))

    assert len({str(verified(text, public_key(maker))["id"]) for text in texts}) == 3


def test_rotation_leaves_licences_as_they_were(maker: Maker) -> None:
    before = maker.shown(delivered("studio-1"))
    second = Signing(maker.keys).new_key("demo", 2, NOW_MS + LEAD_MS)
    LicenceKeys(maker.merchants).add("demo", second)

    assert maker.shown(delivered("studio-1")) == before

    [later] = maker.shown(delivered("studio-1", at_ms=NOW_MS + LEAD_MS))
    assert verified(later, public_key(maker, 2))["kid"] == "2"
    with pytest.raises(InvalidSignature):
        verified(later, public_key(maker, 1))


def test_a_signing_key_opens_under_its_own_number_and_merchant_only(maker: Maker) -> None:
    [key] = LicenceKeys(maker.merchants).of("demo")
    signing = Signing(maker.keys)

    for merchant_id, moved in (("demo", replace(key, number=2)), ("other", key)):
        with pytest.raises(SealBroken):
            signing.sign(merchant_id, moved, b"payload")


def test_the_first_key_of_a_number_stays(maker: Maker) -> None:
    found = LicenceKeys(maker.merchants)
    [first] = found.of("demo")

    kept = found.add("demo", SigningKey(1, b"another", b"sealed", 7))

    assert kept == first
    assert found.of("demo") == [first]
    assert found.of("other") == []


# --- what makes them


def test_own_keys_are_made_once_and_apart_by_purpose_and_merchant(maker: Maker) -> None:
    generation, registry = maker.own_keys("generation"), maker.own_keys("registry")

    before = generation.of("demo")
    generation.ensure("demo")

    assert generation.of("demo") == before == maker.own_keys("generation").of("demo")
    assert registry.of("demo") != before
    with pytest.raises(SealBroken):
        generation.of("other")


def test_two_that_make_a_key_at_once_agree(maker: Maker, met: Faults) -> None:
    other: list[bytes] = []
    met.plan("PutItem", lambda _: other.append(maker.own_keys("generation").ensure("twin")))

    assert [maker.own_keys("generation").ensure("twin")] == other


def test_a_key_that_was_seen_is_read_no_more(maker: Maker, met: Faults) -> None:
    generation = maker.own_keys("generation")
    generation.of("demo")
    met.calls.clear()

    generation.of("demo")

    assert met.calls == []


# --- recipes in the catalogue


@pytest.mark.parametrize("recipe", [SHORT, SIGNED])
def test_a_recipe_is_kept_with_its_product(maker: Maker, recipe: Recipe) -> None:
    product = Product("demo", "x", Kind.GENERATED_KEY, "X", Status.ACTIVE, recipe)

    maker.catalogue.put_product(product)

    assert maker.catalogue.find_product("demo", "x") == product


def test_a_product_keeps_its_kind_and_recipe_whoever_puts_it_meanwhile(maker: Maker) -> None:
    made = Product("demo", "editor", Kind.GENERATED_KEY, "Editor", Status.ACTIVE, SHORT)
    pool = Product("demo", "pool", Kind.CODE_POOL, "Pool", Status.ACTIVE)
    maker.catalogue.put_product(pool)

    for refused in (
        replace(made, recipe=replace(SHORT, validity_days=1)),
        replace(made, recipe=SIGNED),
        replace(made, kind=Kind.CODE_POOL, recipe=None),
        replace(made, recipe=None),
        replace(made, product_id="pool"),
    ):
        with pytest.raises(ProductFixed):
            maker.catalogue.put_product(refused)
    allowed = replace(made, title="New", recipe=replace(SHORT, activation_limit=9))
    maker.catalogue.put_product(allowed)
    maker.catalogue.put_product(replace(pool, title="New"))

    assert maker.catalogue.find_product("demo", "editor") == allowed


def test_recipes_are_read_once_a_minute(maker: Maker, met: Faults) -> None:
    now = 0.0
    recipes = Recipes(maker.catalogue, lambda: now)
    maker.catalogue.put_product(Product("demo", "pool", Kind.CODE_POOL, "P", Status.ACTIVE))
    met.calls.clear()

    found = [recipes.of("demo", "editor") for _ in range(3)]
    assert recipes.of("demo", "pool") is recipes.of("demo", "nothing") is None

    assert found == [SHORT] * 3
    assert met.count("GetItem") == 3
    now = KEEP_SECONDS + 1.0
    assert recipes.of("demo", "editor") == SHORT
    assert met.count("GetItem") == 4
