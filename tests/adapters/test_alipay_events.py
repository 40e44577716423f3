"""What Alipay posts to a shop's callback address, and what is refused there."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scrip.adapters.gateways.alipay_secrets import AlipaySecrets
from scrip.domain.errors import (
    PaymentMerchantMismatch,
    PaymentProviderUnavailable,
    Rejected,
    RequestInvalid,
    RequestMalformed,
    SignatureInvalid,
    SignatureMissing,
)
from scrip.domain.money import Money
from scrip.domain.notice import IgnoredNotice, Notice, PaymentNotice, RefundNotice, UnpaidNotice
from scrip.domain.payment import Payment
from scrip.domain.refund import RefundReport, RefundState
from tests.adapters.alipay_making import (
    NOW,
    NUMBER,
    REFUND_ID,
    gateway,
    opened,
    paid,
    refund_of,
    secrets,
    standing,
)
from tests.domain.making import NOW_MS, ORDER_ID
from tests.oracles.alipay_server import (
    ALIPAY_KEY,
    APP_KEY,
    OTHER_KEY,
    AlipayServer,
    bare,
    sign_form,
)


@pytest.fixture
def api(alipay_api: AlipayServer) -> AlipayServer:
    alipay_api.forget(NOW)
    return alipay_api


ACCOUNT = gateway()


def read(raw: bytes, account: AlipaySecrets | None = None) -> Notice:
    found = gateway(None, account) if account else ACCOUNT
    return found.read_callback(raw, {}, NOW)


PAID = PaymentNotice(
    "demo",
    ORDER_ID,
    Payment("alipay", NUMBER, Money(4500, "CNY"), live=False, succeeded_at_ms=NOW_MS),
)


@pytest.mark.parametrize("status", ["TRADE_SUCCESS", "TRADE_FINISHED"])
@pytest.mark.parametrize("charset", ["utf-8", "GBK", "gb2312"])
def test_a_payment_is_read_in_the_charset_it_came_in(status: str, charset: str) -> None:
    raw, _ = standing().callback(ORDER_ID, charset, trade_status=status, subject="礼品卡 +1%&=")

    assert read(raw) == PAID


@pytest.mark.parametrize("amount", ["45", "45.0", "45.00", "045.00"])
def test_an_amount_may_be_written_in_several_ways(amount: str) -> None:
    raw, _ = standing().callback(ORDER_ID, total_amount=amount)

    assert read(raw) == PAID


@pytest.mark.parametrize(
    "changes", [{"refund_fee": "0.00"}, {"refund_fee": ""}, {"gmt_refund": ""}]
)
def test_a_payment_with_empty_words_of_a_refund_is_a_payment(changes: dict[str, str]) -> None:
    raw, _ = standing().callback(ORDER_ID, **changes)

    assert read(raw) == PAID


def test_a_payment_without_its_own_time_is_of_when_it_was_told() -> None:
    assert read(standing().callback(ORDER_ID, gmt_payment="")[0]) == PAID


def test_it_may_come_a_day_late() -> None:
    raw, _ = standing().callback(ORDER_ID)

    assert gateway().read_callback(raw, {}, NOW + 25 * 3600) == PAID


def test_live_keys_hear_of_live_payments() -> None:
    notice = read(standing().callback(ORDER_ID)[0], secrets(sandbox=False))

    assert isinstance(notice, PaymentNotice)
    assert notice.payment.live


def test_a_merchants_id_comes_back_as_it_was_sent(api: AlipayServer) -> None:
    opened(api, merchant_id="a b/ü%")

    raw, headers = api.pay(ORDER_ID)

    notice = gateway(api).read_callback(raw, headers, NOW)
    assert isinstance(notice, PaymentNotice)
    assert notice.merchant_id == "a b/ü%"


def test_a_trade_that_ran_out_was_not_paid() -> None:
    raw, _ = standing().callback(ORDER_ID, trade_status="TRADE_CLOSED")

    assert read(raw) == UnpaidNotice("demo", ORDER_ID, "TRADE_CLOSED")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"trade_status": "WAIT_BUYER_PAY"}, "trade WAIT_BUYER_PAY"),
        ({"trade_status": "TRADE_NEW_WORD"}, "trade TRADE_NEW_WORD"),
        ({"notify_type": "open_app_auth_notify"}, "notice open_app_auth_notify"),
        ({"out_trade_no": "another-system-1"}, "not an order of ours"),
    ],
)
def test_what_moves_nothing_here_is_ignored(changes: dict[str, str], reason: str) -> None:
    assert read(standing().callback(ORDER_ID, **changes)[0]) == IgnoredNotice(reason)


def test_each_partial_refund_is_told_with_its_own_amount(api: AlipayServer) -> None:
    payment = paid(api)
    gateway(api).refund(refund_of(payment, 1000, refund_id="RF1"))
    first, headers = api.refunded(ORDER_ID, "RF1")
    gateway(api).refund(refund_of(payment, 500, refund_id="RF2"))
    second, _ = api.refunded(ORDER_ID, "RF2")

    notices = [gateway(api).read_callback(raw, headers, NOW) for raw in (first, second, second)]

    def told(refund_id: str, fen: int) -> Notice:
        money = Money(fen, "CNY")
        report = RefundReport(refund_id, refund_id, RefundState.SUCCEEDED, money, NOW_MS)
        return RefundNotice("demo", ORDER_ID, payment.transaction_id, report)

    assert dict(parse_qsl(second))[b"refund_fee"] == b"15.00"
    assert dict(parse_qsl(second))[b"trade_status"] == b"TRADE_SUCCESS"
    assert notices == [told("RF1", 1000), told("RF2", 500), told("RF2", 500)]


def test_a_whole_refund_closes_the_trade(api: AlipayServer) -> None:
    payment = paid(api)
    gateway(api).refund(refund_of(payment))

    raw, headers = api.refunded(ORDER_ID, REFUND_ID)

    notice = gateway(api).read_callback(raw, headers, NOW)
    assert dict(parse_qsl(raw))[b"trade_status"] == b"TRADE_CLOSED"
    assert isinstance(notice, RefundNotice)
    assert (notice.refund.refund_id, notice.refund.money) == (REFUND_ID, Money(4500, "CNY"))


@pytest.mark.parametrize("number", ["", "console_2026112200-0001-of-many"])
def test_a_refund_begun_elsewhere_has_no_id_of_ours(api: AlipayServer, number: str) -> None:
    payment = paid(api)
    gateway(api).refund(refund_of(payment, 700, refund_id=number or ORDER_ID))

    raw, headers = api.refunded(ORDER_ID, number)

    notice = gateway(api).read_callback(raw, headers, NOW)
    assert isinstance(notice, RefundNotice)
    assert notice.refund.refund_id == ""
    assert notice.refund.provider_ref == (number or ORDER_ID)
    assert notice.refund.money == Money(700, "CNY")


@pytest.mark.parametrize(
    "word", [{"gmt_refund": "2025-10-09 17:00:00.123"}, {"refund_fee": "0.01"}]
)
def test_any_word_of_a_refund_keeps_it_from_being_a_payment(word: dict[str, str]) -> None:
    with pytest.raises(PaymentProviderUnavailable):  # nobody is there to be asked about it
        read(standing().callback(ORDER_ID, **word)[0])


def test_a_refund_that_cannot_be_found_yet_is_to_be_sent_again(api: AlipayServer) -> None:
    gateway(api).refund(refund_of(paid(api)))
    raw, headers = api.refunded(ORDER_ID, REFUND_ID)
    api.slow_refunds = True

    with pytest.raises(PaymentProviderUnavailable):
        gateway(api).read_callback(raw, headers, NOW)


@pytest.mark.parametrize(
    "changes", [{"app_id": "2021000000000002"}, {"seller_id": "2088000000000002"}, {"app_id": ""}]
)
def test_a_payment_of_another_account_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(PaymentMerchantMismatch):
        read(standing().callback(ORDER_ID, **changes)[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"total_amount": "45.001"},
        {"total_amount": "-45.00"},
        {"total_amount": "4.5e1"},
        {"total_amount": "٤٥"},
        {"total_amount": "45."},
        {"total_amount": ".45"},
        {"total_amount": ""},
        {"total_amount": "9" * 13},
        {"total_amount": "9" * 5000},
        {"refund_fee": "much"},
        {"trade_no": ""},
        {"gmt_payment": "2025-10-09T16:53:20Z"},
        {"gmt_payment": "2025-13-09 16:53:20"},
        {"gmt_payment": "", "notify_time": ""},
        {"charset": "utf-16"},
        {"charset": "ascii"},
    ],
)
def test_a_signed_form_that_makes_no_sense_is_invalid(changes: dict[str, str]) -> None:
    fields = {**standing().fields(ORDER_ID), "charset": "utf-8", **changes}

    with pytest.raises(RequestInvalid):
        read(sign_form(fields))


def test_a_title_that_nobody_can_read_does_not_cost_a_payment() -> None:
    fields = {**standing().fields(ORDER_ID), "charset": "utf-8", "subject": "礼品卡"}

    assert read(sign_form(fields, charset="gbk")) == PAID


@pytest.mark.parametrize("sign_type", ["RSA", "MD5", "", "rsa2", "RSA2 "])
def test_a_weaker_signature_is_refused(sign_type: str) -> None:
    with pytest.raises(SignatureInvalid, match="RSA2"):
        read(sign_form(standing().fields(ORDER_ID), sign_type=sign_type))


def test_a_signature_is_written_in_one_way_only() -> None:
    """Four bits of the last symbol mean nothing, and whoever compares texts could be fooled."""
    form = dict(parse_qsl(standing().callback(ORDER_ID)[0].decode(), keep_blank_values=True))
    last = form["sign"][-3]
    symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    form["sign"] = form["sign"][:-3] + symbols[symbols.index(last) + 1] + "=="

    assert last in "AQgw"
    with pytest.raises(SignatureInvalid):
        read(urlencode(form).encode())


def test_a_signature_of_somebody_else_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        read(sign_form(standing().fields(ORDER_ID), key=OTHER_KEY))
    with pytest.raises(SignatureInvalid):
        read(sign_form(standing().fields(ORDER_ID), key=APP_KEY))


def test_during_a_change_of_keys_any_of_them_fits() -> None:
    both = secrets(alipay_public_keys=(bare(OTHER_KEY.public_key()), bare(ALIPAY_KEY.public_key())))

    for key in (ALIPAY_KEY, OTHER_KEY):
        assert read(sign_form(standing().fields(ORDER_ID), key=key), both) == PAID


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda raw: raw + b"&trade_status=TRADE_CLOSED", RequestMalformed),
        (lambda raw: b"sign=&" + raw, RequestMalformed),
        (lambda raw: raw + b"&", RequestMalformed),
        (lambda raw: raw + b"&more", RequestMalformed),
        (lambda raw: raw + b"&more=1", SignatureInvalid),
        (lambda raw: raw.replace(b"&body=", b""), SignatureInvalid),
        (lambda raw: raw.replace(b"sign=", b"sigm="), SignatureMissing),
        (lambda raw: b"", RequestMalformed),
        (lambda raw: b"a=1", SignatureMissing),
        (lambda raw: b"{}", RequestMalformed),
        (lambda raw: raw.rpartition(b"sign=")[0] + b"sign=%FF%FF", SignatureInvalid),
        (lambda raw: raw + b"%20", SignatureInvalid),
        (lambda raw: raw.replace(b"RSA2", b"RSA"), SignatureInvalid),
        (lambda raw: raw.replace(b"&trade_status=", b"%26trade_status%3D"), SignatureInvalid),
        (lambda raw: raw.replace(b"&body=", b"&body%3D="), RequestMalformed),
    ],
)
def test_a_form_that_was_tampered_with_is_refused(change: object, error: type[Rejected]) -> None:
    raw, _ = standing().callback(ORDER_ID)
    assert callable(change)

    with pytest.raises(error):
        read(change(raw))


def parsed(raw: bytes) -> list[tuple[str, str]]:
    return parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1")


RAW = standing().callback(ORDER_ID)[0]
GBK = standing().callback(ORDER_ID, "gbk")[0]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([RAW, GBK]), st.integers(0, 10_000), st.integers(0, 255))
def test_no_byte_of_it_can_be_another(raw: bytes, place: int, byte: int) -> None:
    """Unless it means the same: a hexadecimal digit in the other case."""
    changed = bytearray(raw)
    changed[place % len(raw)] = byte
    if parsed(bytes(changed)) == parsed(raw):
        return

    with pytest.raises(Rejected):
        read(bytes(changed))


@settings(max_examples=300, deadline=None)
@example(b"&".join(b"a%d=" % n for n in range(20_000)))
@example(b"sign_type=RSA2&sign=AAAA&charset=%00")
@given(st.binary(max_size=500) | st.text("sign_type=RSA2&+%41charset", max_size=99).map(str.encode))
def test_whatever_comes_is_refused_and_nothing_breaks(raw: bytes) -> None:
    with pytest.raises(Rejected):
        read(raw)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(list(standing().fields(ORDER_ID))), st.text(max_size=30)))
def test_whatever_is_signed_breaks_nothing(changes: dict[str, str]) -> None:
    fields = {**standing().fields(ORDER_ID), **changes}
    if not all(value.isprintable() for value in fields.values()):
        return

    try:
        notice = read(sign_form(fields))
    except (Rejected, PaymentProviderUnavailable):
        return
    assert isinstance(notice, PaymentNotice | UnpaidNotice | IgnoredNotice)
