"""Importing codes: all or none, once per Idempotency-Key, from wherever a run died."""

from collections.abc import Callable

import pytest

from scrip.domain.blind_index import Seen
from scrip.domain.catalogue import Status, Variant
from scrip.domain.code import MAX_CODES_PER_IMPORT, MAX_REASONS
from scrip.domain.code_request import ParsedCodes, parse_text
from scrip.domain.errors import (
    CodesRefused,
    IdempotencyKeyReused,
    StoreUnavailable,
    VariantUnknown,
)
from scrip.domain.money import Money
from scrip.domain.stock import chunk_capacity
from scrip.flows.import_codes import Imported, import_codes
from tests.domain.making import NOW_MS
from tests.flows.fakes import Shelves

CODES = "\n".join(f"CODE-{n:04d}" for n in range(70))
PER_CHUNK = chunk_capacity(len("CODE-0000") + 1)


class Catalogue:
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None:
        price = Money(4500, "EUR")
        card = Variant(merchant_id, "card", "card-50", "Card", price, Status.ACTIVE)
        return card if variant_id == card.variant_id else None


def run(
    shelves: Shelves, text: str = CODES, *, key: str = "k1", variant: str = "card-50"
) -> Imported:
    read: Callable[[], ParsedCodes] = lambda: parse_text(text)  # noqa: E731
    return import_codes(
        "demo",
        variant,
        key,
        read,
        now_ms=NOW_MS,
        catalogue=Catalogue(),
        stock=shelves,
        vault=shelves,
        index_keys=shelves,
        seen_codes=shelves,
    )


def on_sale(shelves: Shelves) -> list[bytes]:
    return [code.ciphertext[1:] for chunk in shelves.chunks.values() for code in chunk]


def test_an_import_writes_chunks_and_publishes_them_once() -> None:
    shelves = Shelves()

    imported = run(shelves)

    assert imported.new
    assert imported.batch.codes == 70
    assert on_sale(shelves) == CODES.encode().split(b"\n")
    assert list(shelves.published.values()) == [(-(-70 // PER_CHUNK), PER_CHUNK)]
    assert {len(chunk) for chunk in shelves.chunks.values()} <= {PER_CHUNK, 70 % PER_CHUNK}


def test_importing_again_under_the_same_key_changes_nothing() -> None:
    shelves = Shelves()
    first = run(shelves)

    again = run(shelves)

    assert not again.new
    assert again.batch.batch_id == first.batch.batch_id
    assert len(on_sale(shelves)) == 70


DEATHS = ["before record", "after record", "chunk 0", "chunk 1", "before publish"]


@pytest.mark.parametrize("death", [*DEATHS, "after publish"])
def test_an_import_that_died_goes_on_where_it_stopped(death: str) -> None:
    shelves = Shelves(die_at=death)
    with pytest.raises(KeyboardInterrupt):
        run(shelves)

    imported = run(shelves)

    assert imported.batch.codes == 70
    assert sorted(on_sale(shelves)) == sorted(CODES.encode().split(b"\n"))
    assert len(shelves.published) == 1
    [batch] = shelves.batches.values()
    seals = {code.ciphertext[:1] for chunk in shelves.chunks.values() for code in chunk}
    assert seals == {shelves.key_of(batch).plain[:1]}, "one batch, one key"


@pytest.mark.parametrize("death", DEATHS)
def test_other_codes_under_the_key_of_a_dead_import_are_refused(death: str) -> None:
    """A place in a batch seals one plaintext only: the nonce is fixed."""
    shelves = Shelves(die_at=death)
    with pytest.raises(KeyboardInterrupt):
        run(shelves)
    if not shelves.batches:
        return

    with pytest.raises(IdempotencyKeyReused):
        run(shelves, CODES.replace("CODE-0000", "CODE-9999"))
    with pytest.raises(IdempotencyKeyReused):
        run(shelves, "\n".join(reversed(CODES.split("\n"))))


def test_codes_of_an_earlier_import_are_left_out() -> None:
    shelves = Shelves()
    run(shelves, "A\nB")

    second = run(shelves, "B\nC\nA\nD", key="k2")

    assert (second.batch.codes, second.batch.known) == (2, frozenset({0, 2}))
    assert sorted(on_sale(shelves)) == [b"A", b"B", b"C", b"D"]


def test_an_import_of_known_codes_puts_nothing_on_sale() -> None:
    shelves = Shelves()
    run(shelves, "A\nB")

    again = run(shelves, "B\nA", key="k2")

    assert (again.new, again.batch.codes, len(again.batch.known)) == (False, 0, 2)
    assert run(shelves, "B\nA", key="k2") == again
    assert len(shelves.published) == 1


@pytest.mark.parametrize("death", DEATHS[1:])
def test_an_import_that_began_keeps_its_codes(death: str) -> None:
    shelves = Shelves(die_at=death)
    with pytest.raises(KeyboardInterrupt):
        run(shelves)

    other = run(shelves, CODES + "\nNEW-1", key="k2")
    finished = run(shelves)

    assert (other.batch.codes, finished.batch.codes) == (1, 70)
    assert sorted(on_sale(shelves)) == sorted([*CODES.encode().split(b"\n"), b"NEW-1"])


def test_an_import_that_was_overtaken_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shelves = Shelves()
    stale = shelves.seen
    run(shelves, "A\nB")
    looks = [stale]
    monkeypatch.setattr(shelves, "find", lambda *_: looks.pop() if looks else shelves.seen)

    assert run(shelves, "B\nC", key="k2").batch.codes == 1


def test_an_import_that_is_always_overtaken_asks_to_be_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelves = Shelves()
    monkeypatch.setattr(shelves, "find", lambda *_: Seen(99, {}))

    with pytest.raises(StoreUnavailable):
        run(shelves)


def test_one_bad_row_refuses_all_and_writes_nothing() -> None:
    shelves = Shelves()

    with pytest.raises(CodesRefused) as refused:
        run(shelves, "GOOD-1\nBAD\x00\nGOOD-2")

    assert [(row.row, row.reason) for row in refused.value.rows] == [(2, "unprintable character")]
    assert (shelves.batches, shelves.keys_made) == ({}, 0)


def test_a_refusal_counts_all_rows_and_names_some() -> None:
    with pytest.raises(CodesRefused, match=f"{MAX_REASONS + 9} rows") as refused:
        run(Shelves(), "BAD\x00\n" * (MAX_REASONS + 9))

    assert len(refused.value.rows) == MAX_REASONS


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_import_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(CodesRefused, match="no code"):
        run(Shelves(), text)


def test_an_import_has_a_limit() -> None:
    most = "\n".join(map(str, range(MAX_CODES_PER_IMPORT)))

    assert run(Shelves(), most).batch.codes == MAX_CODES_PER_IMPORT
    with pytest.raises(CodesRefused, match="at most"):
        run(Shelves(), most + "\nmore")


def test_a_variant_nobody_made_takes_no_codes() -> None:
    with pytest.raises(VariantUnknown):
        run(Shelves(), variant="card-99")


def test_duplicates_are_counted_and_left_out() -> None:
    shelves = Shelves()

    assert run(shelves, "A\nB\nA").duplicates == 1
    assert on_sale(shelves) == [b"A", b"B"]
