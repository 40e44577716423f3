"""Alipay's statement of a day: asked for, fetched, unpacked and read."""

import io
import zipfile

import pytest

from scrip.adapters.gateways import alipay_bill
from scrip.adapters.gateways.alipay_bill import bill_lines
from scrip.adapters.gateways.alipay_text import from_beijing, to_beijing
from scrip.domain.bill import BillKind, BillLine
from scrip.domain.errors import BillNotReady, PaymentProviderUnavailable
from scrip.domain.money import Money
from tests.adapters.alipay_making import NOW, REFUND_ID, gateway
from tests.domain.making import ORDER_ID
from tests.oracles.alipay_bills import HEAD, SUMMARY, bill_line, bill_text, bill_zip
from tests.oracles.alipay_server import AlipayServer

DAY = "2026-11-22"
BEGAN = from_beijing(f"{DAY} 00:00:00") // 1000
ENDED_MS = from_beijing(f"{DAY} 08:00:01")
NUMBER = "2026112222001400000000000001"
PAYMENT = bill_line(NUMBER, ORDER_ID, "交易", "45.00", fee="-0.27")
REFUND = bill_line(NUMBER, ORDER_ID, "退款", "-12.34", fee="0.07", refund_id=REFUND_ID)
PAID = BillLine(BillKind.PAYMENT, NUMBER, ORDER_ID, "", Money(4500, "CNY"), 27, ENDED_MS)
BACK = BillLine(BillKind.REFUND, NUMBER, ORDER_ID, REFUND_ID, Money(1234, "CNY"), -7, ENDED_MS)


@pytest.fixture
def api(alipay_api: AlipayServer) -> AlipayServer:
    alipay_api.forget(BEGAN + 2 * 86_400)
    return alipay_api


def test_a_day_of_payments_and_refunds_is_read(api: AlipayServer) -> None:
    api.bills[DAY] = bill_zip(bill_text(PAYMENT, REFUND))

    assert list(gateway(api).download_bill(DAY)) == [PAID, BACK]
    assert api.requests == [
        (
            "alipay.data.dataservice.bill.downloadurl.query",
            {"bill_type": "trade", "bill_date": DAY},
        )
    ]


def test_a_day_without_payments_has_none(api: AlipayServer) -> None:
    api.bills[DAY] = bill_zip(bill_text())

    assert list(gateway(api).download_bill(DAY)) == []


def test_a_bill_is_waited_for_until_the_morning_after_next(api: AlipayServer) -> None:
    for seconds in (0, 86_399, 86_400, 57 * 3600 - 1):
        api.now = BEGAN + seconds
        with pytest.raises(BillNotReady):
            gateway(api).download_bill(DAY)

    api.now = BEGAN + 57 * 3600
    assert list(gateway(api).download_bill(DAY)) == []
    assert len(api.requests) == 3  # nobody asks for a day that is not over


def test_a_bill_that_cannot_be_fetched_is_asked_for_again(api: AlipayServer) -> None:
    address = {"code": "10000", "bill_download_url": f"{api.base}/gone?fileId=x"}
    api.fail_with.append(address)

    with pytest.raises(PaymentProviderUnavailable, match="404"):
        gateway(api).download_bill(DAY)


def test_a_bill_is_fetched_over_what_its_account_is_called_over(api: AlipayServer) -> None:
    api.bills[DAY] = bill_zip(bill_text(PAYMENT))
    api.fail_with.append(
        {"code": "10000", "bill_download_url": f"ftp{api.base[4:]}/x?fileId={DAY}"}
    )

    assert list(gateway(api).download_bill(DAY)) == [PAID]


def test_a_bill_larger_than_any_is_not_held(
    api: AlipayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.bills[DAY] = b"x" * 2000
    monkeypatch.setattr("scrip.adapters.gateways.alipay.MOST_ZIP_BYTES", 1999)

    with pytest.raises(PaymentProviderUnavailable, match="1999"):
        gateway(api).download_bill(DAY)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (bill_line(NUMBER, ORDER_ID, "交易", "45.00", fee="0.27"), PAID),
        (bill_line(NUMBER, ORDER_ID, "交易", "45", fee="-0.27", goods="一,二,三"), PAID),
        (
            bill_line(NUMBER, ORDER_ID, "交易", "45.00", fee=""),
            PAID._replace(fee_minor=0),
        ),
        (
            bill_line(NUMBER, "other-system_1", "交易", "45.00", fee="0.27"),
            PAID._replace(order_id=""),
        ),
        (
            bill_line(NUMBER, ORDER_ID, "退款", "-12.34", fee="-0.07", refund_id=ORDER_ID),
            BACK._replace(refund_id=""),
        ),
        (
            bill_line(NUMBER, ORDER_ID, "交易", "45.00", fee="0.27", ended="\t"),
            PAID._replace(at_ms=ENDED_MS - 1000),
        ),
        (PAYMENT + "a remark, with commas", PAID),
    ],
)
def test_a_line_is_read_as_it_may_be_written(line: str, expected: BillLine) -> None:
    assert list(bill_lines(bill_zip(bill_text(line)))) == [expected]


def test_a_character_beyond_the_charset_does_not_cost_a_bill() -> None:
    before, after = bill_text(PAYMENT).encode("gbk").split("礼品卡".encode("gbk"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("bill.csv", before + b"\x80 50" + after)

    assert list(bill_lines(packed.getvalue())) == [PAID]


def test_columns_may_stand_elsewhere_and_be_written_in_narrow_brackets() -> None:
    head = HEAD.replace("（", "(").replace("）", ")")
    names, cells = head.split(","), PAYMENT.split(",")
    turned = "\n".join(",".join(row[3:] + row[:3]) for row in (names, cells))

    assert list(bill_lines(bill_zip(turned))) == [PAID]


def test_a_day_may_be_in_several_lists() -> None:
    assert list(bill_lines(bill_zip(bill_text(PAYMENT), bill_text(REFUND)))) == [PAID, BACK]


def test_another_kind_of_line_is_not_money_of_an_order() -> None:
    other = bill_line(NUMBER, ORDER_ID, "分账", "1.00")

    assert list(bill_lines(bill_zip(bill_text(other, PAYMENT)))) == [PAID]


def broken(change: str) -> bytes:
    whole = bill_zip(bill_text(PAYMENT, REFUND))
    if change == "encrypted":
        return whole.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01").replace(
            b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
        )
    if change == "one byte":
        middle = whole.index(b"PK\x01\x02") - 40
        return whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    return whole[: len(whole) // 2]


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"PK\x03\x04",
        b"<html>",
        broken("half"),
        broken("one byte"),
        broken("encrypted"),
        bill_zip(),
        bill_zip(SUMMARY),
        bill_zip(bill_text(PAYMENT).replace("交易合计：1笔", "交易合计：2笔")),
        bill_zip(bill_text(REFUND).replace("退款合计：1笔", "退款合计：0笔")),
        bill_zip(bill_text(PAYMENT.replace("2026-11-22", "yesterday"))),
        bill_zip(bill_text(PAYMENT.replace("45.00", "45.001"))),
        bill_zip(bill_text(PAYMENT.replace("45.00", "CNY 45"))),
        bill_zip(bill_text("1,2")),
        bill_zip(bill_text(PAYMENT), charset="utf-16"),
        bill_zip(bill_text(f'"{PAYMENT}', REFUND)),
        bill_zip(bill_text("x" * 200_000)),
        bill_zip(*[bill_text()] * 20),
    ],
)
def test_a_file_that_is_no_whole_bill_is_not_taken_for_one(packed: bytes) -> None:
    with pytest.raises(PaymentProviderUnavailable):
        list(bill_lines(packed))


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    text = bill_text(PAYMENT, *["#"] * 500_000)
    packed = bill_zip(text)
    size = len(text.encode("gbk")) + len(SUMMARY.encode("gbk"))

    assert len(packed) < size // 100
    monkeypatch.setattr(alipay_bill, "MOST_TEXT_BYTES", size)
    assert list(bill_lines(packed)) == [PAID]
    monkeypatch.setattr(alipay_bill, "MOST_TEXT_BYTES", size - 1)
    with pytest.raises(PaymentProviderUnavailable):
        list(bill_lines(packed))


def test_a_bomb_that_lies_about_its_size_is_read_no_further() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("bill.csv", b"#" * 500_000)
    lying = bomb.getvalue().replace((5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))

    with pytest.raises(PaymentProviderUnavailable):
        list(bill_lines(lying))


def test_alipays_day_is_beijings() -> None:
    assert to_beijing(NOW) == "2025-10-09 16:53:20"
    assert from_beijing("2025-10-09 16:53:20") == NOW * 1000
