"""What an application is told of a key, and what asking costs."""

from dataclasses import dataclass, field, replace

import pytest

from scrip.domain.activation import Asked, KeyRecord, Seat, Standing, mark_of
from scrip.domain.catalogue import Product, Status
from scrip.domain.errors import (
    ActivationLimitReached,
    GeneratedKeyExpired,
    GeneratedKeyUnknown,
    KeyMistyped,
    LimitReached,
    ProductUnknown,
    RequestInvalid,
    TooManyRequests,
)
from scrip.domain.goods import Kind
from scrip.domain.key_pattern import Pattern, code_from, shown
from scrip.domain.licence import LEAD_MS, MAX_SIGNING_KEYS, SigningKey
from scrip.domain.rate import PER_KEY, PER_MERCHANT, PER_SOURCE, Limit
from scrip.domain.recipe import Recipe
from scrip.flows.manage_licence_keys import list_licence_keys, rotate_licence_key
from scrip.flows.prepare_keys import prepare_keys
from scrip.flows.use_key import activate_key, deactivate_key, validate_key
from tests.domain.making import NOW_MS

PATTERN = Pattern()
CODE = code_from(PATTERN, bytes(range(64)))
GUESS = code_from(PATTERN, bytes(range(1, 65)))
REGISTRY_KEY = bytes(32)


@dataclass
class Desk:
    """Recipes, keys, rates and registry in one: each tells in `asked` that it was."""

    records: dict[str, KeyRecord] = field(default_factory=dict)
    full: str = ""
    disputed: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    @property
    def recipes(self) -> "Recipes":
        return Recipes()

    @property
    def registry_keys(self) -> "RegistryKeys":
        return RegistryKeys()

    @property
    def rates(self) -> "Desk":
        return self

    @property
    def registry(self) -> "Desk":
        return self

    @property
    def freezes(self) -> "Desk":
        return self

    def frozen(self, merchant_id: str, order_id: str) -> bool:
        assert "." not in order_id
        self.asked.append("frozen")
        return order_id in self.disputed

    def take(self, merchant_id: str, kind: str, name: str, limit: Limit, now_ms: int) -> bool:
        assert limit == {"source": PER_SOURCE, "key": PER_KEY, "merchant": PER_MERCHANT}[kind]
        self.asked.append(kind)
        return kind != self.full

    def find(self, merchant_id: str, mark: str) -> KeyRecord | None:
        self.asked.append("find")
        return self.records.get(mark)

    def take_seat(
        self, merchant_id: str, mark: str, product_id: str, device: str, seat: Seat, limit: int
    ) -> KeyRecord | None:
        self.asked.append("take seat")
        record = self.records.get(mark)
        if record and (device in record.seats or len(record.seats) < limit):
            self.records[mark] = replace(record, seats={**record.seats, device: seat})
        return self.records.get(mark)

    def leave_seat(
        self, merchant_id: str, mark: str, product_id: str, device: str
    ) -> KeyRecord | None:
        record = self.records.get(mark)
        if record:
            seats = {name: seat for name, seat in record.seats.items() if name != device}
            self.records[mark] = replace(record, seats=seats)
        return self.records.get(mark)


class Recipes:
    def of(self, merchant_id: str, product_id: str) -> Recipe | None:
        found = {"editor": Recipe(PATTERN, (), 0, 2), "studio": Recipe(None, (), 0, 2)}
        return found.get(product_id)


class RegistryKeys:
    def of(self, merchant_id: str) -> bytes:
        return REGISTRY_KEY


@pytest.fixture
def desk() -> Desk:
    return with_key()


def with_key(**changes: object) -> Desk:
    mark = mark_of(REGISTRY_KEY, CODE)
    record = KeyRecord(mark, "editor", "editor-1y", "7K2M9Q4XTB3WHD5N.0.0", 0, {})
    return Desk({mark: replace(record, **changes)})  # type: ignore[arg-type]


def asked(device: str = "device-1", code: str = CODE, product: str = "editor") -> Asked:
    return Asked("demo", product, code, device, "203.0.113.7")


def test_devices_are_activated_up_to_the_limit_and_each_once(desk: Desk) -> None:
    counts = [
        len(activate_key(asked(device), "Laptop", now_ms=NOW_MS, desk=desk).record.seats)
        for device in ("device-1", "device-1", "device-2", "device-1")
    ]

    assert counts == [1, 1, 2, 2]
    with pytest.raises(ActivationLimitReached):
        activate_key(asked("device-3"), "", now_ms=NOW_MS, desk=desk)


def test_a_seat_that_is_freed_can_be_taken(desk: Desk) -> None:
    for device in ("device-1", "device-2"):
        activate_key(asked(device), "", now_ms=NOW_MS, desk=desk)

    for _ in range(2):
        left = deactivate_key(asked("device-1"), now_ms=NOW_MS, desk=desk)

        assert len(left.record.seats) == 1
    activate_key(asked("device-3"), "", now_ms=NOW_MS, desk=desk)


def test_a_device_learns_where_it_stands(desk: Desk) -> None:
    def standing(device: str, code: str = CODE) -> Standing:
        return validate_key(asked(device, code), now_ms=NOW_MS, desk=desk).standing

    assert standing("device-1") is Standing.NOT_ACTIVATED
    for device in ("device-1", "device-2"):
        activate_key(asked(device), "", now_ms=NOW_MS, desk=desk)
    assert standing("device-1") is Standing.VALID
    assert standing("device-3") is Standing.LIMIT
    assert standing("device-1", GUESS) is Standing.UNKNOWN


def test_a_key_that_ended_is_told_so_and_not_when() -> None:
    desk = with_key(until_ms=NOW_MS)

    assert validate_key(asked(), now_ms=NOW_MS, desk=desk) == (Standing.EXPIRED, 0)
    with pytest.raises(GeneratedKeyExpired):
        activate_key(asked(), "", now_ms=NOW_MS, desk=desk)


def test_a_valid_key_tells_when_it_ends() -> None:
    desk = with_key(until_ms=NOW_MS + 5)
    activate_key(asked(), "", now_ms=NOW_MS, desk=desk)

    assert validate_key(asked(), now_ms=NOW_MS, desk=desk) == (Standing.VALID, NOW_MS + 5)


def test_a_guess_is_unknown_and_so_is_a_key_of_another_product(desk: Desk) -> None:
    other = with_key(product_id="viewer")
    for where, request in ((desk, asked(code=GUESS)), (other, asked())):
        with pytest.raises(GeneratedKeyUnknown):
            activate_key(request, "", now_ms=NOW_MS, desk=where)
    with pytest.raises(GeneratedKeyUnknown):
        deactivate_key(asked(code=GUESS), now_ms=NOW_MS, desk=desk)


@pytest.mark.parametrize("typed", ["", CODE[:-1], CODE[:-1] + ("0" if CODE[-1] != "0" else "1")])
def test_a_typo_costs_nothing(desk: Desk, typed: str) -> None:
    for ask in (validate_key, deactivate_key):
        with pytest.raises(KeyMistyped):
            ask(asked(code=typed), now_ms=NOW_MS, desk=desk)
    with pytest.raises(KeyMistyped):
        activate_key(asked(code=typed), "", now_ms=NOW_MS, desk=desk)

    assert desk.asked == []


def test_a_short_key_is_no_licence_and_of_an_unknown_product_nothing_is_told(desk: Desk) -> None:
    with pytest.raises(KeyMistyped):
        validate_key(asked(product="studio"), now_ms=NOW_MS, desk=desk)
    with pytest.raises(ProductUnknown):
        validate_key(asked(product="nothing"), now_ms=NOW_MS, desk=desk)


def test_a_key_is_read_as_it_was_typed(desk: Desk) -> None:
    typed = shown(PATTERN, CODE).lower().replace("0", "o").replace("-", " ")

    assert validate_key(asked(code=typed), now_ms=NOW_MS, desk=desk).standing is (
        Standing.NOT_ACTIVATED
    )


@pytest.mark.parametrize(
    ("full", "counted"),
    [
        ("source", ["source"]),
        ("key", ["source", "key"]),
        ("merchant", ["source", "key", "merchant"]),
    ],
)
def test_too_many_are_sent_away_before_anything_is_looked_up(
    desk: Desk, full: str, counted: list[str]
) -> None:
    desk.full = full

    with pytest.raises(TooManyRequests) as refusal:
        activate_key(asked(), "", now_ms=NOW_MS, desk=desk)

    assert desk.asked == counted
    assert refusal.value.retry_after_seconds == PER_KEY.seconds_left(NOW_MS)


# --- what must be there first


@dataclass
class Office:
    """Own keys, licence keys and signing that tell what they made."""

    made: list[str] = field(default_factory=list)
    keys: list[SigningKey] = field(default_factory=list)

    def ensure(self, merchant_id: str) -> bytes:
        self.made.append("own key")
        return b"sealed"

    def of(self, merchant_id: str) -> list[SigningKey]:
        return list(self.keys)

    def add(self, merchant_id: str, key: SigningKey) -> SigningKey:
        self.keys.append(key)
        return key

    def new_key(self, merchant_id: str, number: int, from_ms: int) -> SigningKey:
        return SigningKey(number, b"public", b"sealed", from_ms)

    def prepare(self, product: Product) -> None:
        prepare_keys(
            product,
            accept_weak=False,
            generation_keys=self,
            registry_keys=self,
            licence_keys=self,
            signing=self,
        )


def product(kind: Kind, recipe: Recipe | None) -> Product:
    return Product("demo", "editor", kind, "Editor", Status.ACTIVE, recipe)


def test_a_product_of_licences_gets_one_signing_key_that_was_always_in_force() -> None:
    office = Office()

    for _ in range(2):
        office.prepare(product(Kind.GENERATED_KEY, Recipe(None, (), 0, 1)))

    assert office.made == ["own key"] * 4
    assert [(key.number, key.from_ms) for key in office.keys] == [(1, 0)]


def test_a_product_of_short_keys_needs_no_signing_key_and_a_pool_needs_nothing() -> None:
    office = Office()

    office.prepare(product(Kind.GENERATED_KEY, Recipe(Pattern(), (), 0, 1)))
    assert office.keys == []
    assert len(office.made) == 2
    office.prepare(product(Kind.CODE_POOL, None))
    assert len(office.made) == 2


def test_kind_and_recipe_go_together() -> None:
    for kind, recipe in ((Kind.GENERATED_KEY, None), (Kind.CODE_POOL, Recipe(None, (), 0, 1))):
        with pytest.raises(RequestInvalid):
            Office().prepare(product(kind, recipe))


def test_the_next_signing_key_waits_a_day_and_asking_again_makes_no_other() -> None:
    office = Office(keys=[SigningKey(1, b"", b"", 0)])

    for _ in range(2):
        found = rotate_licence_key("demo", now_ms=NOW_MS, licence_keys=office, signing=office)

        assert [(key.number, key.from_ms) for key in found] == [(1, 0), (2, NOW_MS + LEAD_MS)]
    later = NOW_MS + LEAD_MS
    rotate_licence_key("demo", now_ms=later, licence_keys=office, signing=office)
    assert len(list_licence_keys("demo", licence_keys=office)) == 3


def test_signing_keys_have_an_end() -> None:
    office = Office(keys=[SigningKey(n + 1, b"", b"", 0) for n in range(MAX_SIGNING_KEYS)])

    with pytest.raises(LimitReached):
        rotate_licence_key("demo", now_ms=NOW_MS, licence_keys=office, signing=office)
