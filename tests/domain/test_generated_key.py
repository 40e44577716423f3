"""Keys follow from the unit they were sold as, and from nothing else."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from scrip.domain.generated_key import Unit, licence_id_from, randomness_of
from scrip.domain.order_access import is_order_id

KEY = bytes(range(32))
UNIT = Unit("demo", "editor-1y", "7K2M9Q4XTB3WHD5N", 0, 0)


def test_it_is_hkdf_expand_as_others_compute_it() -> None:
    info = b"key|demo|editor-1y|7K2M9Q4XTB3WHD5N|0|0|3"

    assert randomness_of(KEY, UNIT, 3) == HKDFExpand(SHA256(), 64, info).derive(KEY)


def test_the_same_unit_gives_the_same_again_and_any_other_another() -> None:
    others = [
        UNIT._replace(merchant_id="other"),
        UNIT._replace(variant_id="editor-2y"),
        UNIT._replace(order_id="7K2M9Q4XTB3WHD5P"),
        UNIT._replace(line=1),
        UNIT._replace(unit=1),
        UNIT._replace(line=11, unit=0),
        UNIT._replace(line=1, unit=10),
    ]
    made = {randomness_of(KEY, unit, 0) for unit in (UNIT, *others)}
    made |= {randomness_of(KEY, UNIT, 1), randomness_of(bytes(32), UNIT, 0)}

    assert len(made) == len(others) + 3
    assert randomness_of(KEY, UNIT, 0) == randomness_of(KEY, UNIT, 0)


def test_a_licence_id_looks_like_an_order_id_and_follows_from_the_first_bytes() -> None:
    assert is_order_id(licence_id_from(randomness_of(KEY, UNIT, 0)))
    assert licence_id_from(bytes(64)) == "0" * 16
    assert licence_id_from(b"\xff" * 10 + bytes(54)) == "Z" * 16


def test_a_unit_has_one_name_in_its_merchant() -> None:
    assert UNIT.sold_as == "7K2M9Q4XTB3WHD5N.0.0"
