"""WeChat Pay's statement of a day: gzipped CSV in UTF-8 with a byte order mark.

Every value has a backtick before it, none is quoted; the last two lines sum up. Amounts are yuan.
The names of columns are looked up: merchants of old have fewer.
Source: pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html.
"""

import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha1
from io import BytesIO, TextIOWrapper

from scrip.adapters.gateways.wechat_objects import ms
from scrip.domain.bill import BillKind, BillLine
from scrip.domain.errors import PaymentProviderUnavailable
from scrip.domain.money import Money

BEIJING = timezone(timedelta(hours=8))
READY_AFTER = timedelta(days=1, hours=10)
"""From the start of a day to when its statement is made up, if anything happened that day."""

MOST_GZIPPED_BYTES = 32 << 20
MOST_BYTES = 256 << 20
"""A statement has some 300 bytes for each payment, a tenth of that when gzipped."""

GZIP = 31  # what zlib calls a window of 32 KiB inside a gzip header

KINDS = {
    "SUCCESS": BillKind.PAYMENT,
    "REFUND": BillKind.REFUND,
    "REVOKED": BillKind.REFUND,
}
AMOUNTS = {
    BillKind.PAYMENT: ("订单金额", "总金额"),
    BillKind.REFUND: ("申请退款金额", "退款金额"),
}
"""Where the amount stands: in today's statements, in those of old."""

NOTHING = ("", "0")
"""How a number is written that there is none of."""


def checked(gzipped: bytes, sha1_hex: str) -> bytes:
    """The statement. Raises PaymentProviderUnavailable unless it has the hash announced."""
    unpacking = zlib.decompressobj(GZIP)
    try:
        raw = unpacking.decompress(gzipped, MOST_BYTES)
    except zlib.error as error:
        raise PaymentProviderUnavailable("the statement is not whole") from error
    if not unpacking.eof:
        raise PaymentProviderUnavailable("the statement is not whole, or too large")
    if sha1(raw, usedforsecurity=False).hexdigest() != sha1_hex.lower():
        raise PaymentProviderUnavailable("the statement has another hash than was announced")
    return raw


def lines_of(raw: bytes) -> Iterator[BillLine]:
    """Raises PaymentProviderUnavailable at a line that cannot be read."""
    number = 1
    lines = (line.rstrip("\r\n") for line in TextIOWrapper(BytesIO(raw), "utf-8-sig", newline="\n"))
    try:
        names = next(lines, "").split(",")
        for line in lines:
            number += 1
            if not line.startswith("`"):  # the head of the two lines that sum up
                return
            yield _line(dict(zip(names, line[1:].split(",`"), strict=True)))
    except (KeyError, ValueError, ArithmeticError) as error:
        raise PaymentProviderUnavailable(f"line {number} of the statement") from error


def ready_at_ms(day: str) -> int:
    """When the statement of `day` (2026-11-22) is made up. Raises ValueError."""
    return ms(datetime.fromisoformat(day).replace(tzinfo=BEIJING) + READY_AFTER)


def _line(values: dict[str, str]) -> BillLine:
    kind = KINDS[values["交易状态"]]
    today, of_old = AMOUNTS[kind]
    amount = values[today if today in values else of_old]
    refund_id = values["商户退款单号"] if kind is BillKind.REFUND else ""
    return BillLine(
        kind=kind,
        transaction_id=values["微信订单号"],
        order_id=values["商户订单号"],
        refund_id="" if refund_id in NOTHING else refund_id,
        money=Money(_fen(amount), values["货币种类"]),
        fee_minor=_fen(values["手续费"]),
        at_ms=ms(datetime.fromisoformat(values["交易时间"]).replace(tzinfo=BEIJING)),
    )


def _fen(yuan: str) -> int:
    """Exact. Raises ValueError for a part of a fen, ArithmeticError for no number."""
    fen = Decimal(yuan) * 100
    if fen != int(fen):
        raise ValueError("a part of a fen")
    return int(fen)
