"""What is refused of WeChat Pay's callbacks before anybody reads them."""

import pytest
from botocore.httpsession import URLLib3Session
from hypothesis import given
from hypothesis import strategies as st

from scrip.adapters.gateways.wechat import WechatGateway
from scrip.domain.errors import (
    Rejected,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    SignatureProbe,
)
from tests.adapters.wechat_telling import NOTICE, PAID, WECHAT, read, signed
from tests.oracles.wechat_keys import NOW_SECONDS, PUBLIC_KEY_ID, certified, secrets
from tests.oracles.wechat_server import WechatServer


def gateway_of(serial: str, pem: str) -> WechatGateway:
    return WechatGateway(secrets(certificates={serial: pem}), "", URLLib3Session(timeout=1))


@pytest.mark.parametrize("name", ["signature", "serial", "timestamp", "nonce"])
def test_a_callback_without_a_part_of_its_signature_is_not_signed(name: str) -> None:
    raw, headers = WECHAT.callback("TRANSACTION.SUCCESS", PAID)

    with pytest.raises(SignatureMissing):
        read(raw, {k: v for k, v in headers.items() if k != f"wechatpay-{name}"})
    with pytest.raises(SignatureMissing):
        read(raw, {**headers, f"wechatpay-{name}": ""})


def test_a_missing_type_of_signature_means_rsa_and_no_other_is_taken() -> None:
    raw, headers = WECHAT.callback("TRANSACTION.SUCCESS", PAID)
    kind = headers.pop("wechatpay-signature-type")

    assert read(raw, headers) == NOTICE
    for other in ("", kind.lower(), "WECHATPAY2-SM2-WITH-SM3"):
        with pytest.raises(SignatureInvalid):
            read(raw, {**headers, "wechatpay-signature-type": other})


def test_a_probe_is_refused_and_told_apart_from_an_attack() -> None:
    raw, headers = WECHAT.callback("TRANSACTION.SUCCESS", PAID)
    probe = "WECHATPAY/SIGNTEST/" + headers["wechatpay-signature"]

    with pytest.raises(SignatureProbe) as refused:
        read(raw, {**headers, "wechatpay-signature": probe})

    assert refused.value.slug != SignatureInvalid.slug


def test_an_unknown_serial_is_named_and_nothing_is_fetched_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw, headers = WECHAT.callback("TRANSACTION.SUCCESS", PAID)
    monkeypatch.setattr(URLLib3Session, "send", pytest.fail)

    with pytest.raises(SignatureInvalid, match="no key of serial 5157F09EFDC096DE15EB"):
        read(raw, {**headers, "wechatpay-serial": "5157F09EFDC096DE15EB"})
    for made_up in ("x" * 65, "a\nb", "<script>", "¼", "a b"):
        with pytest.raises(SignatureInvalid, match="of another form"):
            read(raw, {**headers, "wechatpay-serial": made_up})


def test_either_of_the_platforms_keys_will_do_and_only_with_its_own_name() -> None:
    old = certified("platform")
    both = gateway_of(old.serial, old.pem)
    wechat = WechatServer(certificates=[old])
    for wechat.serial, other in ((PUBLIC_KEY_ID, old.serial), (old.serial, PUBLIC_KEY_ID)):
        raw, headers = wechat.callback("TRANSACTION.SUCCESS", PAID)

        assert both.read_callback(raw, headers, NOW_SECONDS) == NOTICE
        with pytest.raises(SignatureInvalid):
            both.read_callback(raw, {**headers, "wechatpay-serial": other}, NOW_SECONDS)


def test_a_certificate_signs_nothing_after_its_end() -> None:
    ended = certified("ended", days=-1)
    wechat = WechatServer(certificates=[ended], serial=ended.serial)
    raw, headers = wechat.callback("TRANSACTION.SUCCESS", PAID)

    with pytest.raises(SignatureExpired, match=ended.serial):
        gateway_of(ended.serial, ended.pem).read_callback(raw, headers, NOW_SECONDS)


@pytest.mark.parametrize("away", [0, 300, -300])
def test_a_callback_of_now_is_taken(away: int) -> None:
    raw, headers = WECHAT.callback("TRANSACTION.SUCCESS", PAID)

    assert read(raw, headers, NOW_SECONDS + away) == NOTICE


@pytest.mark.parametrize("away", [301, -301, 86_400])
def test_a_callback_of_another_time_is_expired_either_way(away: int) -> None:
    raw, headers = WECHAT.callback("TRANSACTION.SUCCESS", PAID)

    with pytest.raises(SignatureExpired):
        read(raw, headers, NOW_SECONDS + away)
    forged = {**headers, "wechatpay-signature": "AAAA"}
    with pytest.raises(SignatureInvalid):  # nobody learns how far off a forgery's clock is
        read(raw, forged, NOW_SECONDS + away)


@pytest.mark.parametrize("stamp", ["-1", "1e9", "²", " ", "9" * 40, f"{NOW_SECONDS}.0", "٣"])
def test_a_time_that_is_none_is_refused(stamp: str) -> None:
    with pytest.raises(SignatureInvalid):
        read(b"{}", signed(b"{}", stamp=stamp))


def test_what_is_signed_as_a_body_is_not_taken_as_a_nonce() -> None:
    first, rest = '{"event_type": "x",', '"create_time": 0}'
    headers = WECHAT.sign(f"{first}\n{rest}".encode())
    headers["wechatpay-nonce"] += "\n" + first

    with pytest.raises(SignatureInvalid):
        read(rest.encode(), headers)


def test_no_byte_of_a_callback_can_be_changed() -> None:
    raw, headers = WECHAT.callback("TRANSACTION.SUCCESS", PAID)

    for place in range(0, len(raw), 7):
        for flip in (1, 0x20, 0x80):
            changed = raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :]
            with pytest.raises(SignatureInvalid):
                read(changed, headers)
    for changed in (raw + b"\n", raw[:-1], b" " + raw, b""):
        with pytest.raises(SignatureInvalid):
            read(changed, headers)


HEADERS = [f"wechatpay-{n}" for n in ("signature", "serial", "timestamp", "nonce")]
ODD = st.text() | st.sampled_from([PUBLIC_KEY_ID, str(NOW_SECONDS), "AAAA", "=", "\ud800"])


@given(st.binary(), st.dictionaries(st.sampled_from(HEADERS) | st.text(), ODD))
def test_nothing_made_up_is_taken_or_breaks(raw: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        read(raw, {"wechatpay-serial": PUBLIC_KEY_ID, **headers})
