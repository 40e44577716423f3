"""A kept callback is read with the secrets of today, or with those before if they do not fit."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from scrip.adapters.gateways.registry import InTurn
from scrip.domain.errors import (
    PaymentModeMismatch,
    RequestInvalid,
    ScripError,
    SignatureInvalid,
)

SIGNED: tuple[bytes, dict[str, str], int] = (b"{}", {}, 1_800_000_000)


def gateway(answer: Any) -> mock.Mock:
    """Reads, and verifies, to that, or raises it."""
    told = {"side_effect": answer} if isinstance(answer, ScripError) else {"return_value": answer}
    return mock.Mock(verify_callback=mock.Mock(**told), read_callback=mock.Mock(**told))


@pytest.mark.parametrize(
    ("today", "former", "told"),
    [
        ("today", "former", "today"),
        (SignatureInvalid(), "former", "former"),
        (RequestInvalid("sealed by another key"), "former", "former"),
        (RequestInvalid("figures of no kind"), SignatureInvalid(), RequestInvalid),
        (SignatureInvalid("today"), SignatureInvalid("former"), SignatureInvalid),
        (PaymentModeMismatch(), "former", PaymentModeMismatch),
    ],
)
def test_a_callback_is_read_by_whose_secrets_fit(today: Any, former: Any, told: Any) -> None:
    read: Callable[..., Any] = InTurn(gateway(today), gateway(former)).read_callback

    if isinstance(told, str):
        assert read(*SIGNED) == told
        return
    with pytest.raises(told):
        read(*SIGNED)


def test_it_is_verified_by_either() -> None:
    assert InTurn(gateway("today"), gateway("former")).verify_callback(*SIGNED) == "today"
    assert InTurn(gateway(SignatureInvalid()), gateway("former")).verify_callback(*SIGNED)
    with pytest.raises(SignatureInvalid):
        InTurn(gateway(SignatureInvalid()), gateway(SignatureInvalid())).verify_callback(*SIGNED)
