"""What a licence says and how it is written."""

import json
from dataclasses import replace

import pytest

from scrip.contracts.generated import Feature
from scrip.domain.licence import (
    MAX_LICENCE,
    Licence,
    SigningKey,
    encode,
    key_in_force,
    normalise_licence,
    payload_of,
    render,
)
from scrip.domain.recipe import MAX_FEATURE, MAX_FEATURES
from tests.domain.making import NOW_MS

LICENCE = Licence(
    licence_id="7K2M9Q4XTB3WHD5N",
    key_id="1",
    product_id="editor",
    variant_id="editor-1y",
    holder="buyer@example.com",
    issued_at_ms=NOW_MS + 123,
    until_ms=NOW_MS + 86_400_000,
    features=("pro", "export"),
)
SIGNATURE = bytes(range(64))
TEXT = render(payload_of(LICENCE), SIGNATURE)


def test_a_payload_is_canonical_json_with_times_in_seconds() -> None:
    assert payload_of(LICENCE) == (
        b'{"features":["pro","export"],"holder":"buyer@example.com","id":"7K2M9Q4XTB3WHD5N",'
        b'"issued":1760000000,"kid":"1","product":"editor","until":1760086400,'
        b'"variant":"editor-1y"}'
    )


def test_what_has_no_value_is_not_said() -> None:
    said = json.loads(payload_of(replace(LICENCE, until_ms=0, features=())))

    assert "until" not in said
    assert "features" not in said


def test_breaks_and_spaces_do_not_matter() -> None:
    wrapped = "\r\n".join(TEXT[at : at + 60] + " " for at in range(0, len(TEXT), 60))

    assert normalise_licence(f"  {wrapped}\n", "editor") == TEXT


def test_the_longest_licence_fits_a_line_of_a_mail() -> None:
    longest = Licence(
        licence_id="7" * 16,
        key_id="20",
        product_id="p" * 32,
        variant_id="v" * 32,
        holder="h" * 254,
        issued_at_ms=9_999_999_999_999,
        until_ms=9_999_999_999_999,
        features=("f" * MAX_FEATURE,) * MAX_FEATURES,
    )

    text = render(payload_of(longest), SIGNATURE)

    assert len(text) <= MAX_LICENCE
    assert normalise_licence(text, "p" * 32) == text
    assert str(MAX_FEATURE) in str(Feature)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "SL1",
        "SL1..",
        TEXT.replace("SL1", "SL2"),
        TEXT[:-1],
        TEXT + "A",
        TEXT + ".A",
        TEXT[:30] + "!" + TEXT[31:],
        "SL1." + TEXT[5:],
        "SL1." + encode(b'["editor"]') + "." + encode(SIGNATURE),
        "SL1." + encode(b"\xff") + "." + encode(SIGNATURE),
        "SL1." + encode(payload_of(LICENCE)) + "=." + encode(SIGNATURE),
        render(payload_of(LICENCE), SIGNATURE[:-1]),
        render(payload_of(replace(LICENCE, product_id="other")), SIGNATURE),
        "SL1." + "A" * MAX_LICENCE,
        "SL1.é." + encode(SIGNATURE),
        "SL1." + encode(b"[" * 680) + "." + encode(SIGNATURE),
    ],
)
def test_what_is_no_licence_of_the_product_is_none(typed: str) -> None:
    assert normalise_licence(typed, "editor") is None


def test_every_licence_has_one_spelling() -> None:
    """The last symbol of base64 has bits to spare: others decode to the same bytes."""
    twin = TEXT[:-1] + chr(ord(TEXT[-1]) + 1)

    assert normalise_licence(TEXT, "editor") == TEXT
    assert normalise_licence(twin, "editor") is None


def test_a_key_signs_what_was_delivered_in_its_time_however_late_it_is_read() -> None:
    first = SigningKey(1, b"a", b"", 0)
    second = SigningKey(2, b"b", b"", NOW_MS)
    third = SigningKey(3, b"c", b"", NOW_MS + 10)
    keys = [first, second, third]

    assert key_in_force(keys, 1) == first
    assert key_in_force(keys, NOW_MS - 1) == first
    assert key_in_force(keys, NOW_MS) == second
    assert key_in_force(keys, NOW_MS + 9) == key_in_force(keys[:2], NOW_MS + 9) == second
    assert key_in_force(keys, NOW_MS + 10) == third
