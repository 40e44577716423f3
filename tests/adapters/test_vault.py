"""One code, one key: a sealed code opens under its own name and no other."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from scrip.adapters.codes import SealedCodes
from scrip.adapters.keys import Keys
from scrip.adapters.stock import Stock
from scrip.adapters.vault import Vault
from scrip.domain.code import Code, DataKey
from scrip.domain.errors import SealBroken
from scrip.domain.stock import Batch, Pick, SealedCode
from tests.adapters.faults import Faults
from tests.adapters.pool import SHOP, VARIANT, Buyer, batch, put_on_sale, recorded
from tests.domain.making import ORDER_ID, line, pending

KEY = DataKey(b"sealed", bytes(range(32)))
BATCH = batch()
TWENTY = Code("ABCDE-FGHIJ-KLMNO-12")
PRINTABLE = st.text(min_size=1, max_size=200).filter(str.isprintable)


@pytest.fixture
def vault(keys: Keys) -> Vault:
    return Vault(keys)


def seal(code: Code, index: int = 0, of: Batch = BATCH, key: DataKey = KEY) -> SealedCode:
    filler = [Code(f"x{n}") for n in range(index)]
    return unwired().seal(key, of, [*filler, code])[index]


def unwired() -> Vault:
    """Sealing itself asks nobody."""
    return Vault(Keys(None, ""))


@given(PRINTABLE, st.one_of(st.just(""), PRINTABLE))
def test_a_sealed_code_opens_to_itself(code: str, pin: str) -> None:
    opened = unwired().open(KEY, BATCH, seal(Code(code, pin)))

    assert (opened.code, opened.pin) == (code, pin)


@given(PRINTABLE, st.one_of(st.just(""), PRINTABLE), PRINTABLE)
def test_a_note_is_sealed_with_its_code(code: str, pin: str, note: str) -> None:
    assert unwired().open(KEY, BATCH, seal(Code(code, pin, note))) == Code(code, pin, note)


def test_places_need_not_follow_each_other() -> None:
    sealed = unwired().seal_at(KEY, BATCH, [(7, TWENTY), (4_999_999, Code("B"))])

    assert [code.index for code in sealed] == [7, 4_999_999]
    assert [unwired().open(KEY, BATCH, code).code for code in sealed] == [TWENTY.code, "B"]
    assert sealed[0] == seal(TWENTY, 7)


def test_a_note_changes_the_fingerprint_and_is_no_code() -> None:
    lists = [
        [Code("A"), Code("B")],
        [Code("A", note="B")],
        [Code("A", "B")],
        [Code("A", note="C")],
        [Code("A", "B", "C")],
    ]

    assert len({unwired().fingerprint(KEY, codes) for codes in lists}) == len(lists)


def test_a_code_of_twenty_characters_seals_to_36_bytes() -> None:
    assert len(seal(TWENTY).ciphertext) == 36


def test_a_sealed_code_shows_nothing_of_the_code() -> None:
    assert b"ABCDE" not in seal(TWENTY).ciphertext


def test_the_same_code_seals_differently_at_every_place() -> None:
    ciphertexts = {
        seal(TWENTY, 0).ciphertext,
        seal(TWENTY, 1).ciphertext,
        seal(TWENTY, 0, replace(BATCH, batch_id="another000")).ciphertext,
        seal(TWENTY, 0, replace(BATCH, variant_id="card-20")).ciphertext,
        seal(TWENTY, 0, replace(BATCH, merchant_id="other")).ciphertext,
    }

    assert len(ciphertexts) == 5


def test_sealing_again_under_the_same_name_is_the_same_seal() -> None:
    assert seal(TWENTY) == seal(TWENTY)


@pytest.mark.parametrize(
    "other",
    [
        replace(BATCH, merchant_id="other"),
        replace(BATCH, variant_id="card-20"),
        replace(BATCH, batch_id="another000"),
    ],
)
def test_a_code_moved_to_another_batch_does_not_open(other: Batch) -> None:
    with pytest.raises(SealBroken):
        unwired().open(KEY, other, seal(TWENTY))


def test_a_code_moved_to_another_place_does_not_open() -> None:
    with pytest.raises(SealBroken):
        unwired().open(KEY, BATCH, replace(seal(TWENTY, 1), index=0))


def test_another_data_key_opens_nothing() -> None:
    with pytest.raises(SealBroken):
        unwired().open(DataKey(b"", bytes(32)), BATCH, seal(TWENTY))


@given(st.integers(0, 35), st.integers(0, 7))
def test_one_changed_bit_breaks_the_seal(byte: int, bit: int) -> None:
    sealed = seal(TWENTY)
    changed = bytearray(sealed.ciphertext)
    changed[byte] ^= 1 << bit

    with pytest.raises(SealBroken):
        unwired().open(KEY, BATCH, SealedCode(0, bytes(changed)))


@pytest.mark.parametrize("ciphertext", [b"", b"short", bytes(15), bytes(16)])
def test_what_is_no_seal_does_not_open(ciphertext: bytes) -> None:
    with pytest.raises(SealBroken):
        unwired().open(KEY, BATCH, SealedCode(0, ciphertext))


def test_a_seal_is_aes_gcm_under_a_key_expanded_from_the_batch() -> None:
    name = f"{SHOP}|{VARIANT}|{BATCH.batch_id}|7".encode()
    key = HKDFExpand(SHA256(), 32, name).derive(KEY.plain)

    assert AESGCM(key).decrypt(bytes(12), seal(TWENTY, 7).ciphertext, name) == TWENTY.code.encode()


def test_a_broken_seal_tells_no_code() -> None:
    with pytest.raises(SealBroken) as broken:
        unwired().open(DataKey(b"", bytes(32)), BATCH, seal(TWENTY))

    assert "ABCDE" not in f"{broken.value!r} {broken.value.__cause__!r}"


def test_a_fingerprint_knows_the_same_codes_in_the_same_order() -> None:
    one, two = Code("A-1"), Code("B-2", "7")
    mark = unwired().fingerprint(KEY, [one, two])

    assert mark == unwired().fingerprint(KEY, [one, two])
    assert len(mark) == 16
    others = (
        unwired().fingerprint(KEY, [two, one]),
        unwired().fingerprint(KEY, [one]),
        unwired().fingerprint(KEY, [one, Code("B-2")]),
        unwired().fingerprint(KEY, [one, Code("B-2", "8")]),
        unwired().fingerprint(DataKey(b"", bytes(32)), [one, two]),
    )
    assert mark not in others


def test_the_key_of_a_batch_opens_for_that_batch_only(vault: Vault) -> None:
    key = vault.new_key(SHOP, VARIANT, BATCH.batch_id)
    kept = replace(BATCH, sealed_key=key.sealed)

    assert vault.key_of(kept).plain == key.plain
    for other in (
        replace(kept, merchant_id="other"),
        replace(kept, variant_id="card-20"),
        replace(kept, batch_id="another000"),
    ):
        with pytest.raises(SealBroken):
            vault.key_of(other)


def test_the_codes_of_an_order_open_unit_by_unit(stock: Stock, vault: Vault, met: Faults) -> None:
    codes = [Code(f"CODE-{n}", f"{n}{n}") for n in range(5)]
    key = vault.new_key(SHOP, VARIANT, BATCH.batch_id)
    kept = recorded(stock, replace(BATCH, sealed_key=key.sealed, codes=5))
    sealed = vault.seal(key, kept, codes)
    put_on_sale(stock, kept, [sealed[:3], sealed[3:]])
    first, second = map(stock.directory(SHOP, VARIANT).ref, (0, 1))
    buyer = Buyer(stock, ORDER_ID)
    buyer.claim(first, 3)
    buyer.claim(second, 1, first=3)
    bought = replace(line(0, 4), picks=(Pick(first, 0, 3), Pick(second, 3, 1)))

    opened = SealedCodes(stock, vault).open_line(pending(bought), bought)

    assert opened == codes[:4]
    assert met.count("GenerateDataKey") == 1
    assert met.count("Decrypt") == 0


def test_an_order_whose_batch_is_gone_shows_nothing(stock: Stock, vault: Vault) -> None:
    put_on_sale(stock, recorded(stock, BATCH), [[seal(TWENTY)]])
    chunk = stock.directory(SHOP, VARIANT).ref(0)
    Buyer(stock, ORDER_ID).claim(chunk)
    stock.table.delete({"pk": f"{SHOP}#{VARIANT}#batch#{BATCH.batch_id}"})
    bought = replace(line(), picks=(Pick(chunk, 0, 1),))

    with pytest.raises(SealBroken, match="gone"):
        SealedCodes(stock, vault).open_line(pending(bought), bought)
