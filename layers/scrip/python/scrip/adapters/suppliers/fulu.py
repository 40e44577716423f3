"""Fulu 福禄, open platform 2.0: games, video, phones in China.

Sources: docs.open.fulu.com, 公共参数 and 业务错误码; fulu.order.direct.add, fulu.order.info.get,
fulu.user.info.get, fulu.goods.info.get. The words that end an order are those that the list of
codes says it may be failed for (可失败订单). Its first edition believes "no such order" after 10
minutes, its later one has a person look after 120: the longer counts. Not documented: whether an
order that succeeded may fail later; a code for too many calls; a balance that is too low. They are
unclear, and asked about.

A signature is the MD5 of a text's letters in order, so it does not say in which order they were:
`27.90` and `72.09` sign alike. What a callback says is not believed; of an answer, HTTPS proves
whose it is.
"""

import hmac
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from hashlib import md5
from typing import Annotated, Any

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.suppliers.http import (
    UNREADABLE,
    answer_to_order,
    answer_to_question,
    decoded,
    exchange,
    minor_of,
)
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge, Quote
from scrip.domain.errors import (
    RequestInvalid,
    RequestMalformed,
    SignatureInvalid,
    SignatureMissing,
    SupplierAnswerInvalid,
)
from scrip.domain.money import Money
from scrip.domain.supplier_terms import MINUTE_MS, Meaning, Resend, Terms

SUPPLIER_NAME = "fulu"
SIGNATURE_HEADERS: tuple[str, ...] = ()
ACKNOWLEDGED = Acknowledgement(200, "text/plain", b"success")

API = "https://openapi.fulu.com"
CHINA = timezone(timedelta(hours=8))
CURRENCY = "CNY"
TAKEN = "0"
REFUSED = (
    *("1000", "1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008", "1009", "1010"),
    *("1011", "1012", "1013", "1014", "1015", "1016", "1017", "1018", "1019"),
    *("2002", "2003", "3000", "3001", "3002", "3003", "3004", "3005", "3008"),
    *("4000", "4001", "4002", "4004"),
)
"""The request was not understood or not ours; then account, goods, order. Not here: 4008, 4009
(failed while ordering), 4010 (exists), 4012, 5000 (failed while asking)."""

TERMS = Terms(
    supplier=SUPPLIER_NAME,
    meanings={
        TAKEN: Meaning.TAKEN,
        **dict.fromkeys(REFUSED, Meaning.REFUSED),
        "4011": Meaning.NOT_FOUND,
        "untreated": Meaning.TAKEN,
        "processing": Meaning.TAKEN,
        "success": Meaning.DONE,
        "failed": Meaning.FAILED,
    },
    resend=Resend.REFUSES,
    quarantine_ms=120 * MINUTE_MS,
)

ACCOUNTS = ("charge_account", "account", "phone")
"""Fields of a form that are the account; the first that is filled in counts."""

FIELDS = {
    "game": "charge_game_name",
    "region": "charge_game_region",
    "server": "charge_game_srv",
    "role": "charge_game_role",
    "type": "charge_type",
    "password": "charge_password",
    "ip": "charge_ip",
    "qq": "contact_qq",
    "tel": "contact_tel",
}
"""Others, by name, and what Fulu calls them. Its own names will do too."""

ON_SALE, IN_STOCK = "上架", ("充足", "警报")

PRODUCT = re.compile(r"[0-9]{1,18}\Z")


class FuluSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`app_key` and `app_secret`: of the merchant's application (应用配置, 密钥管理)."""

    app_key: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,128}\Z")]
    app_secret: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{16,128}\Z")]

    def __repr__(self) -> str:
        return "FuluSecrets(...)"


class _Answer(msgspec.Struct, frozen=True):
    """`result`: JSON as a text; only that is signed."""

    code: int
    result: str | None = None
    sign: str | None = None


class _Order(msgspec.Struct, frozen=True):
    customer_order_no: str
    order_state: str
    order_id: str = ""
    operator_serial_number: str | None = None


class _User(msgspec.Struct, frozen=True):
    balance: Decimal
    is_open: int = 1


class _Goods(msgspec.Struct, frozen=True):
    product_id: int
    purchase_price: Decimal
    sales_status: str = ""
    stock_status: str = ""


class FuluSupplier:
    """One merchant's application. `clock` in seconds: a request is good for 10 minutes."""

    terms = TERMS

    def __init__(
        self,
        secrets: FuluSecrets,
        api_base: str,
        http: URLLib3Session,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.secrets = secrets
        self.url = f"{api_base or API}/api/getway"
        self.http = http
        self.clock = clock

    def send(self, charge: Charge) -> Said:
        if not PRODUCT.match(charge.sku):
            return Said(Meaning.REFUSED, "sku")
        content = {
            "customer_order_no": charge.reference,
            "product_id": int(charge.sku),
            "buy_num": 1,
            "charge_account": next(filter(None, map(charge.filled.get, ACCOUNTS)), ""),
        }
        for name, value in charge.filled.items():
            fulus = FIELDS.get(name, name)
            if fulus in FIELDS.values() and value:
                content[fulus] = value
        return answer_to_order(lambda: self._taken("fulu.order.direct.add", charge, content))

    def ask(self, charge: Charge) -> Said:
        content = {"customer_order_no": charge.reference}
        return answer_to_question(lambda: self._told("fulu.order.info.get", charge, content))

    def balance(self) -> Money:
        """Fulu reckons in hundredths of a fen."""
        found = decoded(self._result("fulu.user.info.get", {}), _User)
        return minor_of(found.balance, CURRENCY, ROUND_FLOOR)

    def quote(self, sku: str) -> Quote:
        if not PRODUCT.match(sku):
            raise SupplierAnswerInvalid("no number of its goods")
        content = {"product_id": int(sku)}
        found = decoded(self._result("fulu.goods.info.get", content), _Goods)
        if found.product_id != content["product_id"]:
            raise SupplierAnswerInvalid("it is about other goods")
        available = found.sales_status == ON_SALE and found.stock_status in IN_STOCK
        return Quote(minor_of(found.purchase_price, CURRENCY, ROUND_CEILING), available)

    def read_callback(self, raw: bytes, _headers: dict[str, str], _now_seconds: int) -> str:
        try:
            told = msgspec.json.decode(raw, type=dict[str, str | None])
        except msgspec.ValidationError as error:
            raise RequestInvalid("not texts by name") from error
        except UNREADABLE as error:
            raise RequestMalformed("the callback is not valid JSON") from error
        given = told.pop("sign", None)
        if not given:
            raise SignatureMissing("sign is needed")
        if not hmac.compare_digest(given.encode(), self._sign(_json(told)).encode()):
            raise SignatureInvalid("sign does not fit")
        reference = told.get("customer_order_no")
        if not reference:
            raise RequestInvalid("no customer_order_no")
        return reference

    def _taken(self, method: str, charge: Charge, content: dict[str, Any]) -> Said:
        """What became of an order must be asked: the state that the answer tells is its first."""
        code, order = self._order(method, charge, content)
        return Said(self.terms.meaning(code), code, order.order_id if order else "")

    def _told(self, method: str, charge: Charge, content: dict[str, Any]) -> Said:
        code, order = self._order(method, charge, content)
        if order is None:
            return Said(self.terms.meaning(code), code)
        state = order.order_state
        receipt = order.operator_serial_number or ""
        return Said(self.terms.meaning(state), state, order.order_id, receipt)

    def _order(
        self, method: str, charge: Charge, content: dict[str, Any]
    ) -> tuple[str, _Order | None]:
        """A code, and the order where it was found or taken."""
        answer = self._asked(method, content)
        code = str(answer.code)
        if code != TAKEN:
            return code, None
        order: _Order = decoded((answer.result or "").encode(), _Order)
        if order.customer_order_no != charge.reference:
            raise SupplierAnswerInvalid("it is about another order")
        return code, order

    def _result(self, method: str, content: dict[str, Any]) -> bytes:
        answer = self._asked(method, content)
        if answer.code != 0:
            raise SupplierAnswerInvalid(f"{method} answered {answer.code}")
        return (answer.result or "").encode()

    def _asked(self, method: str, content: dict[str, Any]) -> _Answer:
        """Raises NothingHeard, SupplierAnswerInvalid."""
        request = {
            "app_key": self.secrets.app_key,
            "method": method,
            "timestamp": datetime.fromtimestamp(self.clock(), CHINA).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "2.0",
            "format": "json",
            "charset": "utf-8",
            "sign_type": "md5",
            "app_auth_token": "",
            "biz_content": in_ascii(_json(content)),
        }
        body = msgspec.json.encode(request | {"sign": self._sign(_json(request))})
        headers = {"Content-Type": "application/json", "User-Agent": "Scrip"}
        heard = exchange(self.http, "POST", self.url, headers, body)
        if heard.status != 200:
            raise SupplierAnswerInvalid(f"status {heard.status}")
        answer: _Answer = decoded(heard.content, _Answer)
        if not hmac.compare_digest((answer.sign or "").encode(), self._signed(answer).encode()):
            raise SupplierAnswerInvalid("its signature does not fit")
        return answer

    def _signed(self, answer: _Answer) -> str:
        """A refusal has no result, and may then have no signature either."""
        refused = answer.code != 0 and not answer.result and not answer.sign
        return "" if refused else self._sign(answer.result or "")

    def _sign(self, text: str) -> str:
        content = in_order(text) + self.secrets.app_secret
        return md5(content.encode(), usedforsecurity=False).hexdigest()


def in_order(text: str) -> str:
    """A text's letters as .NET orders them, and it is .NET that checks: by halves of those beyond
    the first 65 536. Halves that are apart then are no letters any more."""
    halves = b"".join(each.to_bytes(2, "big") for each in sorted(_units(text)))
    return halves.decode("utf-16-be", "replace")


def in_ascii(text: str) -> str:
    """JSON with all that is not ASCII escaped: what we send has one order, whoever checks."""
    parts = (
        each if each.isascii() else "".join(f"\\u{unit:04x}" for unit in _units(each))
        for each in text
    )
    return "".join(parts)


def _units(text: str) -> list[int]:
    found = text.encode("utf-16-be")
    return [int.from_bytes(found[at : at + 2], "big") for at in range(0, len(found), 2)]


def _json(told: Any) -> str:
    """Compact, neither letters nor slashes escaped."""
    return msgspec.json.encode(told).decode()


SECRETS, SUPPLIER = FuluSecrets, FuluSupplier
