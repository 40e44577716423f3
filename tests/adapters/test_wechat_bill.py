"""WeChat Pay's statement of a day, downloaded from a stand-in and read line by line."""

import gzip
import tracemalloc
from hashlib import sha1
from random import Random

import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways import wechat_bill
from scrip.adapters.gateways.http import MOST_BYTES
from scrip.adapters.gateways.wechat import WechatGateway
from scrip.adapters.gateways.wechat_bill import checked, lines_of
from scrip.domain.bill import BillKind, BillLine
from scrip.domain.errors import BillNotReady, PaymentProviderUnavailable
from scrip.domain.money import Money
from tests.domain.making import ORDER_ID
from tests.oracles.wechat_keys import NOW_SECONDS, secrets
from tests.oracles.wechat_server import WechatServer

DAY = "2025-10-09"
READY = 1_760_061_600  # 2025-10-10 10:00 in Beijing
NAMES = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
TOTALS = "`2,`45.00,`10.00,`0.00,`0.21000,`45.00,`10.00"
START = (
    f"`2025-10-09 16:53:20,`wxd678efh567hg6787,`1900000109,`0,`,`4200001,`{ORDER_ID},`oUp,`NATIVE"
)
PAID = (
    f"{START},`SUCCESS,`OTHERS,`CNY,`44.00,`1.00,`0,`0,`0.00,`0.00,`,`,`Shop, demo \u2028,`demo,"
    "`0.27000,`0.60%,`45.00,`0.00,`"
)
GIVEN_BACK = (
    f"{START},`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5030001,`R1,`9.70,`0.30,`ORIGINAL,`PROCESSING,"
    "`Shop, demo,`demo,`-0.06000,`0.60%,`0.00,`10.00,`"
)
PAYMENT = BillLine(
    BillKind.PAYMENT, "4200001", ORDER_ID, "", Money(4500, "CNY"), 27, NOW_SECONDS * 1000
)
REFUND = BillLine(
    BillKind.REFUND, "4200001", ORDER_ID, "R1", Money(1000, "CNY"), -6, NOW_SECONDS * 1000
)


def statement(*lines: str, names: str = NAMES, end: str = "\n") -> str:
    return "\ufeff" + end.join([names, *lines, SUMS, TOTALS, ""])


def gateway(api: WechatServer, now_seconds: int = NOW_SECONDS) -> WechatGateway:
    return WechatGateway(secrets(), api.base, URLLib3Session(timeout=1), lambda: now_seconds)


def test_a_statement_tells_payments_and_refunds(wechat_api: WechatServer) -> None:
    wechat_api.bills[DAY] = statement(PAID, GIVEN_BACK)

    assert list(gateway(wechat_api).download_bill(DAY)) == [PAYMENT, REFUND]
    assert wechat_api.requests == [
        f"GET /v3/bill/tradebill?bill_date={DAY}&bill_type=ALL&tar_type=GZIP",
        f"GET /v3/billdownload/file?token={DAY}",
    ]


def test_lines_may_end_as_on_windows() -> None:
    assert list(lines_of(statement(PAID, GIVEN_BACK, end="\r\n").encode())) == [PAYMENT, REFUND]


def test_a_statement_of_old_has_fewer_columns() -> None:
    names = NAMES.replace("应结订单金额", "总金额").removesuffix(",订单金额,申请退款金额,费率备注")
    old = [line.rsplit(",`", 3)[0] for line in (PAID, GIVEN_BACK)]

    lines = list(lines_of(statement(*old, names=names).encode()))

    assert [line.money for line in lines] == [Money(4400, "CNY"), Money(970, "CNY")]
    assert [line.fee_minor for line in lines] == [27, -6]


def test_columns_may_stand_in_another_order() -> None:
    names = NAMES.split(",")
    turned = [names[-1], *names[:-1]]
    line = PAID[1:].split(",`")
    moved = "`" + ",`".join([line[-1], *line[:-1]])

    assert list(lines_of(statement(moved, names=",".join(turned)).encode())) == [PAYMENT]


def test_a_statement_may_be_empty() -> None:
    assert list(lines_of(statement().encode())) == []
    assert list(lines_of(b"")) == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("`SUCCESS", "`PAID"),
        ("`45.00", "`45.001"),
        ("`45.00", "`-45.00"),
        ("`45.00", "`NaN"),
        ("`45.00", "`Infinity"),
        ("`45.00", "`45,00"),
        ("`45.00", "`"),
        ("`0.27000", "`0.27500"),
        ("`CNY", "`yuan"),
        ("`2025-10-09 16:53:20", "`2025-10-09 16：53：20"),
        ("`demo", "`demo,`demo"),
        ("`45.00,`0.00,`", "`45.00,`0.00,`,`more"),
        ("`45.00,`0.00,`", "`45.00,`0.00"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_by_its_number(wrong: str, right: str) -> None:
    lines = lines_of(statement(PAID, PAID.replace(wrong, right)).encode())

    assert next(lines) == PAYMENT
    with pytest.raises(PaymentProviderUnavailable, match="line 3 "):
        next(lines)


def test_names_without_an_amount_are_not_a_statement() -> None:
    names = NAMES.replace("订单金额", "x")

    with pytest.raises(PaymentProviderUnavailable):
        list(lines_of(statement(PAID, names=names).encode()))


def test_a_file_with_another_hash_is_not_believed(wechat_api: WechatServer) -> None:
    wechat_api.bills[DAY] = statement(PAID)
    wechat_api.bill_hash = "0" * 40

    with pytest.raises(PaymentProviderUnavailable, match="another hash"):
        gateway(wechat_api).download_bill(DAY)


@pytest.mark.parametrize("told", ["", "ü", "0" * 39])
def test_a_hash_that_is_none_fits_nothing(told: str) -> None:
    with pytest.raises(PaymentProviderUnavailable):
        checked(gzip.compress(b"x"), told)


@pytest.mark.parametrize("content", [b"", b"plain", gzip.compress(b"x" * 100, mtime=0)[:-9]])
def test_a_file_that_is_not_whole_is_not_read(content: bytes) -> None:
    with pytest.raises(PaymentProviderUnavailable, match="not whole"):
        checked(content, "")


def test_a_file_that_is_no_text_is_not_read() -> None:
    with pytest.raises(PaymentProviderUnavailable, match="line 1 "):
        list(lines_of(b"\xff"))


def test_a_statement_larger_than_there_is_room_for_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wechat_bill, "MOST_BYTES", 99)

    with pytest.raises(PaymentProviderUnavailable, match="too large"):
        checked(gzip.compress(b"x" * 100), sha1(b"x" * 100, usedforsecurity=False).hexdigest())


def test_a_statement_may_be_larger_than_other_answers(wechat_api: WechatServer) -> None:
    noise = Random(0).randbytes(MOST_BYTES + 1).hex()
    wechat_api.bills[DAY] = statement(PAID, noise)

    assert list(gateway(wechat_api).download_bill(DAY)) == [PAYMENT]


def test_a_hash_may_be_in_capitals() -> None:
    assert checked(gzip.compress(b"x"), sha1(b"x", usedforsecurity=False).hexdigest().upper())


def test_a_hash_of_another_type_is_not_known(wechat_api: WechatServer) -> None:
    where = {"hash_type": "SM3", "hash_value": "0", "download_url": "https://x.example/y"}
    wechat_api.fail_with = [(200, where)]

    with pytest.raises(PaymentProviderUnavailable, match="type"):
        gateway(wechat_api).download_bill(DAY)


def test_our_signature_goes_to_no_other_host(wechat_api: WechatServer) -> None:
    wechat_api.bills["x"] = statement(PAID)
    where = "https://elsewhere.example/v3/billdownload/file?token=x"
    known = {"hash_type": "SHA1", "hash_value": "0", "download_url": where}
    wechat_api.fail_with = [(200, known)]

    with pytest.raises(PaymentProviderUnavailable, match="hash"):
        gateway(wechat_api).download_bill(DAY)
    assert wechat_api.requests[-1] == "GET /v3/billdownload/file?token=x"


def test_a_link_that_is_none_is_not_followed(wechat_api: WechatServer) -> None:
    known = {"hash_type": "SHA1", "hash_value": "0", "download_url": "https://[broken"}
    wechat_api.fail_with = [(200, known)]

    with pytest.raises(PaymentProviderUnavailable):
        gateway(wechat_api).download_bill(DAY)


def test_a_statement_is_not_there_before_ten_the_next_morning(wechat_api: WechatServer) -> None:
    with pytest.raises(BillNotReady):
        gateway(wechat_api, NOW_SECONDS).download_bill(DAY)

    wechat_api.now_seconds = READY - 1
    with pytest.raises(BillNotReady):
        gateway(wechat_api, READY - 1).download_bill(DAY)

    wechat_api.now_seconds = READY
    assert list(gateway(wechat_api, READY).download_bill(DAY)) == []


def test_a_statement_under_way_is_not_ready_however_late_it_is(wechat_api: WechatServer) -> None:
    wechat_api.statements_after = DAY
    wechat_api.now_seconds = READY + 86_400

    with pytest.raises(BillNotReady, match="STATEMENT_CREATING"):
        gateway(wechat_api, READY + 86_400).download_bill(DAY)


def test_reading_a_statement_takes_no_memory_beyond_its_own() -> None:
    raw = statement(*[PAID] * 3000).encode()
    tracemalloc.start()

    count = sum(1 for _ in lines_of(raw))

    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3000
    assert taken < len(raw) / 4
