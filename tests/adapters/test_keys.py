"""KMS: what is sealed opens under its own context only, and is asked for rarely."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from scrip.adapters import key_cache
from scrip.adapters.key_cache import AGE_SECONDS, KeyCache
from scrip.adapters.keys import Keys, context_of
from scrip.domain.errors import SealBroken, StoreUnavailable
from tests.adapters.faults import Faults, refused

CONTEXT = context_of("gateway", "demo", provider="stripe")


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def clocked(keys: Keys) -> tuple[Keys, Clock]:
    clock = Clock()
    return Keys(keys.client, keys.key_arn, KeyCache(clock)), clock


def test_what_was_sealed_opens(keys: Keys) -> None:
    sealed = keys.seal(b"secret", CONTEXT)

    assert b"secret" not in sealed
    assert keys.open(sealed, CONTEXT) == b"secret"


@pytest.mark.parametrize(
    "other",
    [
        context_of("gateway", "other", provider="stripe"),
        context_of("gateway", "demo", provider="paypal"),
        context_of("codes", "demo", provider="stripe"),
        context_of("gateway", "demo"),
        {**CONTEXT, "more": "x"},
    ],
)
def test_it_opens_under_no_other_context(keys: Keys, other: dict[str, str]) -> None:
    sealed = keys.seal(b"secret", CONTEXT)
    keys.open(sealed, CONTEXT)  # even when the right one is cached

    with pytest.raises(SealBroken):
        keys.open(sealed, other)


@pytest.mark.parametrize("at", [0, 40, -1])
def test_what_was_tampered_with_does_not_open(keys: Keys, at: int) -> None:
    sealed = bytearray(keys.seal(b"secret", CONTEXT))
    sealed[at] ^= 1

    with pytest.raises((SealBroken, ClientError)):
        keys.open(bytes(sealed), CONTEXT)


def test_what_was_wrapped_anew_opens_as_before(keys: Keys) -> None:
    sealed = keys.seal(b"secret", CONTEXT)

    renewed = keys.rewrap(sealed, CONTEXT)

    assert renewed != sealed
    assert [keys.open(each, CONTEXT) for each in (sealed, renewed)] == [b"secret"] * 2


def test_what_does_not_open_is_not_wrapped_anew(keys: Keys, met: Faults) -> None:
    sealed = keys.seal(b"secret", CONTEXT)

    with pytest.raises(SealBroken):
        keys.rewrap(sealed, context_of("gateway", "other", provider="stripe"))


def test_a_data_key_comes_plain_and_sealed(keys: Keys) -> None:
    one, other = keys.new_data_key(CONTEXT), keys.new_data_key(CONTEXT)

    assert len(one.plain) == 32
    assert one.plain != other.plain
    assert keys.open(one.sealed, CONTEXT) == one.plain


def test_a_sealed_key_is_seen_by_nobody_before_it_is_opened(keys: Keys) -> None:
    sealed = keys.new_sealed_key(CONTEXT)

    assert len(keys.open(sealed, CONTEXT)) == 32


def test_opening_again_asks_nobody_for_a_while(keys: Keys, met: Faults) -> None:
    timed, clock = clocked(keys)
    sealed = timed.seal(b"secret", CONTEXT)

    timed.open(sealed, CONTEXT)
    clock.seconds += AGE_SECONDS - 1
    assert timed.open(sealed, CONTEXT) == b"secret"
    assert met.count("Decrypt") == 1

    clock.seconds += 1
    assert timed.open(sealed, CONTEXT) == b"secret"
    assert met.count("Decrypt") == 2


def test_another_value_is_asked_for(keys: Keys, met: Faults) -> None:
    one, other = keys.seal(b"one", CONTEXT), keys.seal(b"other", CONTEXT)

    assert [keys.open(one, CONTEXT), keys.open(other, CONTEXT)] == [b"one", b"other"]
    assert met.count("Decrypt") == 2


def test_a_refusal_is_not_remembered(keys: Keys, met: Faults) -> None:
    sealed = keys.seal(b"secret", CONTEXT)
    met.plan("Decrypt", refused("InvalidCiphertextException"))

    with pytest.raises(SealBroken):
        keys.open(sealed, CONTEXT)

    assert keys.open(sealed, CONTEXT) == b"secret"


def test_a_new_data_key_is_not_asked_for_again(keys: Keys, met: Faults) -> None:
    made = keys.new_data_key(CONTEXT)

    assert keys.open(made.sealed, CONTEXT) == made.plain
    assert met.count("Decrypt") == 0


def test_a_value_is_asked_for_anew_after_so_many_uses(
    keys: Keys, met: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_cache, "USES", 3)
    sealed = keys.seal(b"secret", CONTEXT)

    for _ in range(3):
        keys.open(sealed, CONTEXT)
    assert met.count("Decrypt") == 1
    assert len(keys.cache) == 0

    assert keys.open(sealed, CONTEXT) == b"secret"
    assert met.count("Decrypt") == 2


def test_a_value_that_nobody_asks_for_is_gone_when_it_is_too_old(keys: Keys) -> None:
    timed, clock = clocked(keys)
    first, second = (timed.seal(text, CONTEXT) for text in (b"first", b"second"))
    timed.open(first, CONTEXT)

    clock.seconds += AGE_SECONDS
    timed.open(second, CONTEXT)

    assert len(timed.cache) == 1
    assert "first" not in repr(vars(timed.cache))


def test_a_clock_that_was_set_back_prolongs_nothing(keys: Keys, met: Faults) -> None:
    timed, clock = clocked(keys)
    sealed = timed.seal(b"secret", CONTEXT)
    timed.open(sealed, CONTEXT)

    clock.seconds -= 1
    timed.open(sealed, CONTEXT)

    assert met.count("Decrypt") == 2


def test_the_cache_is_bounded_and_gives_up_the_oldest(
    keys: Keys, met: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_cache, "ENTRIES", 3)
    sealed = [keys.seal(bytes([number]), CONTEXT) for number in range(8)]

    for number, each in enumerate(sealed):
        assert keys.open(each, CONTEXT) == bytes([number])
        assert len(keys.cache) <= 3

    assert keys.open(sealed[-3], CONTEXT) == bytes([5])
    assert met.count("Decrypt") == 8


def test_what_is_kept_does_not_show_itself(keys: Keys) -> None:
    keys.open(keys.seal(b"secret", CONTEXT), CONTEXT)

    assert "secret" not in repr(list(keys.cache._kept.values()))


CALLS: dict[str, tuple[str, Any]] = {
    "open": ("Decrypt", lambda keys: keys.open(b"sealed", CONTEXT)),
    "seal": ("Encrypt", lambda keys: keys.seal(b"plain", CONTEXT)),
    "rewrap": ("ReEncrypt", lambda keys: keys.rewrap(b"sealed", CONTEXT)),
    "new_data_key": ("GenerateDataKey", lambda keys: keys.new_data_key(CONTEXT)),
    "new_sealed_key": (
        "GenerateDataKeyWithoutPlaintext",
        lambda keys: keys.new_sealed_key(CONTEXT),
    ),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("code", ["ThrottlingException", "KMSInternalException"])
def test_a_busy_kms_is_asked_again(keys: Keys, met: Faults, call: str, code: str) -> None:
    operation, act = CALLS[call]
    met.plan(operation, refused(code))

    with pytest.raises(StoreUnavailable):
        act(keys)


@pytest.mark.parametrize("call", CALLS)
def test_a_missing_permission_is_a_bug(keys: Keys, met: Faults, call: str) -> None:
    operation, act = CALLS[call]
    met.plan(operation, refused("AccessDeniedException"))

    with pytest.raises(ClientError, match="AccessDenied"):
        act(keys)
