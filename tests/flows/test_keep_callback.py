"""A callback is kept before it is answered, under the order it is about, if it was verified."""

from dataclasses import dataclass, field

import pytest

from scrip.domain.callback import IGNORED, UNMATCHED, Callback
from scrip.domain.errors import (
    MoveContended,
    OrderUnknown,
    PaymentMerchantMismatch,
    PaymentModeMismatch,
    PaymentProviderUnavailable,
    RequestMalformed,
    ScripError,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    SignatureProbe,
    StoreUnavailable,
)
from scrip.domain.notice import IgnoredNotice, Notice, UnpaidNotice
from scrip.flows.keep_callback import keep_callback

ORDER_ID = "7K2M9Q4XTB3WHD5N"
CALLBACK = Callback("demo", "stripe", b"{}", {"stripe-signature": "t=1"}, 1_800_000_123_456)
UNPAID = UnpaidNotice("demo", ORDER_ID, "card_declined")


@dataclass
class Gateway:
    notice: Notice = UNPAID
    verifying: ScripError | None = None
    reading: Exception | None = None
    asked: list[int] = field(default_factory=list)

    def verify_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> None:
        assert (raw, headers) == (CALLBACK.raw, CALLBACK.headers)
        self.asked.append(now_seconds)
        if self.verifying:
            raise self.verifying

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice:
        self.verify_callback(raw, headers, now_seconds)
        if self.reading:
            raise self.reading
        return self.notice


@dataclass
class Callbacks:
    broken: bool = False
    kept: list[str] = field(default_factory=list)

    def keep(self, callback: Callback, place: str) -> None:
        assert callback is CALLBACK
        if self.broken:
            raise StoreUnavailable("S3")
        self.kept.append(place)


@pytest.mark.parametrize(
    ("notice", "place"),
    [
        (UNPAID, ORDER_ID),
        (UnpaidNotice("demo", "another shop's 17", "late"), UNMATCHED),
        (UnpaidNotice("demo", "", "late"), UNMATCHED),
        (IgnoredNotice("event of no use"), IGNORED),
    ],
)
def test_what_was_acted_on_is_kept_where_its_notice_belongs(notice: Notice, place: str) -> None:
    callbacks, gateway = Callbacks(), Gateway(notice)

    done = keep_callback(CALLBACK, lambda found: found, gateway=gateway, callbacks=callbacks)

    assert done is notice
    assert callbacks.kept == [place]
    assert gateway.asked == [1_800_000_123]


def test_it_is_kept_after_it_was_acted_on() -> None:
    callbacks = Callbacks()

    def act(_: Notice) -> list[str]:
        return list(callbacks.kept)

    assert keep_callback(CALLBACK, act, gateway=Gateway(), callbacks=callbacks) == []


@pytest.mark.parametrize(
    "error",
    [SignatureInvalid(), SignatureProbe(), RequestMalformed(), PaymentProviderUnavailable()],
)
def test_what_does_not_verify_is_not_kept(error: ScripError) -> None:
    callbacks = Callbacks()

    with pytest.raises(type(error)):
        keep_callback(
            CALLBACK, lambda _: None, gateway=Gateway(verifying=error), callbacks=callbacks
        )

    assert callbacks.kept == []


@pytest.mark.parametrize(
    "error", [SignatureMissing(), SignatureInvalid(), SignatureProbe(), SignatureExpired()]
)
def test_what_does_not_verify_is_looked_at_once(error: ScripError) -> None:
    gateway = Gateway(verifying=error)

    with pytest.raises(type(error)):
        keep_callback(CALLBACK, lambda _: None, gateway=gateway, callbacks=Callbacks())

    assert len(gateway.asked) == 1


@pytest.mark.parametrize(
    "error",
    [PaymentModeMismatch(), RequestMalformed(), PaymentProviderUnavailable(), KeyError("a bug")],
)
def test_what_verifies_and_cannot_be_read_is_kept(error: Exception) -> None:
    callbacks = Callbacks()

    with pytest.raises(type(error)):
        keep_callback(CALLBACK, lambda _: None, gateway=Gateway(reading=error), callbacks=callbacks)

    assert callbacks.kept == [UNMATCHED]


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (OrderUnknown(), UNMATCHED),
        (PaymentMerchantMismatch(), UNMATCHED),
        (MoveContended(), ORDER_ID),
        (KeyError("a bug"), ORDER_ID),
    ],
)
def test_what_could_not_be_acted_on_is_kept(error: Exception, place: str) -> None:
    callbacks = Callbacks()

    def act(_: Notice) -> None:
        raise error

    with pytest.raises(type(error)):
        keep_callback(CALLBACK, act, gateway=Gateway(), callbacks=callbacks)

    assert callbacks.kept == [place]


@pytest.mark.parametrize("error", [None, OrderUnknown(), PaymentMerchantMismatch()])
def test_what_could_not_be_kept_is_to_be_sent_again(error: ScripError | None) -> None:
    def act(_: Notice) -> None:
        if error:
            raise error

    with pytest.raises(StoreUnavailable):
        keep_callback(CALLBACK, act, gateway=Gateway(), callbacks=Callbacks(broken=True))


def test_what_was_refused_and_could_not_be_kept_is_to_be_sent_again() -> None:
    refusing = Gateway(reading=PaymentModeMismatch())

    with pytest.raises(StoreUnavailable):
        keep_callback(CALLBACK, lambda _: None, gateway=refusing, callbacks=Callbacks(broken=True))


def test_a_callback_shows_neither_its_body_nor_its_signature() -> None:
    shown = repr(CALLBACK)

    assert "{}" not in shown
    assert "t=1" not in shown
