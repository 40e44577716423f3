"""Alipay's statement of a day: a zip of CSV files in GBK, one of which lists payments and refunds.

Lines of comment begin with `#`, cells end in tabs so that spreadsheets keep all digits, amounts of
refunds are negative, a comma in the name of goods shifts what follows. The names of the files are
in GBK too, and differ between merchants: the list is told by its columns.

Source: opendocs.alipay.com, alipay.data.dataservice.bill.downloadurl.query and "业务明细".
"""

import csv
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from io import BytesIO, TextIOWrapper
from zipfile import BadZipFile, ZipFile

from scrip.adapters.gateways.alipay_objects import our_refund_id
from scrip.adapters.gateways.alipay_text import CURRENCY, from_beijing, from_yuan
from scrip.domain.bill import BillKind, BillLine
from scrip.domain.errors import PaymentProviderUnavailable
from scrip.domain.money import Money
from scrip.domain.order_access import is_order_id

MOST_ZIP_BYTES = 32 << 20
MOST_FILES = 20
MOST_TEXT_BYTES = 1 << 30
"""Some four million lines. It is read line by line; a zip bomb says its size itself, and zipfile
reads no more than it said."""

TRADE, ORDER, KIND, CREATED = "支付宝交易号", "商户订单号", "业务类型", "创建时间"
ENDED, AMOUNT, REFUND, FEE = "完成时间", "订单金额(元)", "退款批次号/请求号", "服务费(元)"
COLUMNS = frozenset({TRADE, ORDER, KIND, CREATED, ENDED, AMOUNT, REFUND, FEE})
KINDS = {"交易": BillKind.PAYMENT, "退款": BillKind.REFUND}

UNREADABLE = (
    BadZipFile,
    csv.Error,
    EOFError,
    IndexError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    zlib.error,
)
"""What zipfile raises of a file that is broken, encrypted or packed in another way, and what is
raised of one with other content."""


def bill_lines(zipped: bytes) -> Iterator[BillLine]:
    """Raises PaymentProviderUnavailable, also after some lines, when it is not Alipay's whole."""
    try:
        with ZipFile(BytesIO(zipped)) as files:
            found = files.infolist()
            if len(found) > MOST_FILES or sum(each.file_size for each in found) > MOST_TEXT_BYTES:
                raise ValueError("larger than any bill")
            lists = 0
            for each in found:
                with files.open(each) as file:
                    rows = csv.reader(TextIOWrapper(file, "gb18030", "replace", newline=""))
                    columns = _columns(rows)
                    if columns:
                        lists += 1
                        yield from _lines(rows, columns)
            if not lists:
                raise ValueError("no list of payments")
    except UNREADABLE as error:
        raise PaymentProviderUnavailable("Alipay's bill cannot be read") from error


def _columns(rows: Iterator[list[str]]) -> dict[str, int]:
    """Where each column stands; nothing for a file that is another list."""
    for row in rows:
        if row and not row[0].startswith("#"):
            names = [cell.strip().replace("（", "(").replace("）", ")") for cell in row]
            found = {name: place for place, name in enumerate(names)}
            return found if found.keys() >= COLUMNS else {}
    return {}


def _lines(rows: Iterable[list[str]], columns: dict[str, int]) -> Iterator[BillLine]:
    """Raises ValueError, too when there are not as many as the file says itself."""
    counted: dict[str, int] = defaultdict(int)
    said: dict[str, int] = {}
    for row in rows:
        if not row:
            continue
        if row[0].startswith("#"):
            said |= _said(row[0])
            continue
        kind = row[columns[KIND]].strip()
        counted[kind] += 1
        if kind in KINDS:
            yield _line(KINDS[kind], [cell.strip() for cell in row], columns)
    if any(counted[kind] != count for kind, count in said.items()):
        raise ValueError("lines are missing")


def _said(comment: str) -> dict[str, int]:
    """Of `#交易合计：2笔，商家实收共…` that there are 2 of this kind."""
    kind, _, rest = comment.lstrip("#").partition("合计：")
    count = rest.partition("笔")[0]
    return {kind: int(count)} if kind in KINDS and count.isdecimal() else {}


def _line(kind: BillKind, row: list[str], columns: dict[str, int]) -> BillLine:
    created = columns[CREATED]
    shift = next((n for n, cell in enumerate(row[created:]) if _is_time(cell)), None)
    if shift is None:
        raise ValueError("a line without a time")

    def cell(name: str) -> str:
        place = columns[name]
        return row[place + shift if place >= created else place]

    order = cell(ORDER)
    amount = from_yuan(cell(AMOUNT).removeprefix("-"))
    fee = from_yuan((cell(FEE) or "0").removeprefix("-"))
    return BillLine(
        kind=kind,
        transaction_id=cell(TRADE),
        order_id=order if is_order_id(order) else "",
        refund_id=our_refund_id(cell(REFUND), order),
        money=Money(amount, CURRENCY),
        fee_minor=fee if kind is BillKind.PAYMENT else -fee,
        at_ms=from_beijing(cell(ENDED) if _is_time(cell(ENDED)) else cell(CREATED)),
    )


def _is_time(text: str) -> bool:
    try:
        from_beijing(text)
    except ValueError:
        return False
    return True
