"""Alipay: a signed form, in whatever charset it names."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import parse_qsl, quote

from scrip.domain import errors
from tests.oracles.alipay_server import APP_KEY, OTHER_KEY, sign_form
from tests.scenarios.adversarial.cases import (
    DELIVERED,
    DUPLICATE,
    ENDLESS,
    GIVEN_BACK_BEFORE,
    IGNORED,
    REFUND,
    REFUND_DUE,
    Case,
    Scene,
    Sends,
    Sent,
    body,
    paid,
    refused,
    told,
)

UNSIGNED = ("sign", "sign_type")


def fields(raw: bytes, charset: str = "utf-8") -> dict[str, str]:
    found = parse_qsl(raw.decode(), keep_blank_values=True, encoding=charset)
    return {name: value for name, value in found if name not in UNSIGNED}


def resigned(
    change: Mapping[str, str], without: tuple[str, ...] = (), **how: object
) -> Callable[[Sent], Sent]:
    def changed(sent: Sent) -> Sent:
        kept = {k: v for k, v in fields(sent.raw).items() if k not in without}
        return sent._replace(raw=sign_form({**kept, **change}, **how))  # type: ignore[arg-type]

    return changed


def part(name: str, change: Callable[[str], str]) -> Callable[[Sent], Sent]:
    """One value of the form, as it stands there, behind its signature's back."""

    def changed(raw: bytes) -> bytes:
        parts = [each.partition("=")[::2] for each in raw.decode().split("&")]
        return "&".join(f"{k}={change(v) if k == name else v}" for k, v in parts).encode()

    return body(changed)


def ended(scene: Scene, **changes: str) -> Sent:
    return scene.pay({"trade_status": "TRADE_CLOSED", **changes})


def given_back(amount: str, status: str, since: int = 0) -> Sends:
    """After a refund in part Alipay says TRADE_SUCCESS again, with the sum of all refunds."""

    def sends(scene: Scene) -> list[Sent]:
        paid = scene.pay()
        trade = scene.account.book.trades[scene.order_id]
        trade.refunds["R1"], trade.status = Decimal(amount), status
        refunded = Sent(*scene.account.book.refunded(scene.order_id, "R1"))
        return [paid, refunded, paid][since:]

    return sends


def gone_through(text: str) -> Callable[[Sent], Sent]:
    return body(lambda raw: raw + text.encode())


GBK = {"charset": "GBK", "subject": "礼品卡"}

SIGNATURES = (
    refused("no sign", part("sign", lambda _: ""), errors.SignatureMissing),
    refused("no sign_type", part("sign_type", lambda _: ""), errors.SignatureInvalid),
    refused("downgraded to RSA", resigned({}, sign_type="RSA"), errors.SignatureInvalid),
    refused("downgraded to MD5", resigned({}, sign_type="MD5"), errors.SignatureInvalid),
    refused("rsa2 in small letters", part("sign_type", str.lower), errors.SignatureInvalid),
    refused("signed by a stranger", resigned({}, key=OTHER_KEY), errors.SignatureInvalid),
    refused("signed by the merchant's own key", resigned({}, key=APP_KEY), errors.SignatureInvalid),
    refused("a sign that is no base64", part("sign", lambda s: "%2A" + s), errors.SignatureInvalid),
    refused("a sign with a line end", part("sign", lambda s: s + "%0A"), errors.SignatureInvalid),
    refused(
        "a sign written in another way",
        part("sign", lambda s: s.replace("%2B", "-").replace("%2F", "_") + "%3D"),
        errors.SignatureInvalid,
    ),
    refused("a sign of nothing", part("sign", lambda _: "AAAA"), errors.SignatureInvalid),
    refused("two signs", gone_through("&sign=AAAA"), errors.RequestMalformed),
)

BODIES = (
    refused("an amount twice", gone_through("&total_amount=0.01"), errors.RequestMalformed),
    refused(
        "an amount twice, spelt otherwise",
        gone_through("&total%5Famount=0.01"),
        errors.RequestMalformed,
    ),
    refused("a name more", gone_through("&x=1"), errors.SignatureInvalid),
    refused("a name without value", gone_through("&x"), errors.RequestMalformed),
    refused("an empty part", gone_through("&"), errors.RequestMalformed),
    refused("a NUL at the end", gone_through("%00"), errors.SignatureInvalid),
    refused("a byte order mark", body(lambda raw: b"\xef\xbb\xbf" + raw), errors.SignatureInvalid),
    refused("nothing", body(lambda _: b""), errors.RequestMalformed),
    refused(
        "half of it", body(lambda raw: raw[: raw.index(b"&sign=") // 2]), errors.SignatureMissing
    ),
    refused("JSON", body(lambda raw: b'{"sign": "a=b"}'), errors.SignatureMissing),
    refused(
        "ten thousand names",
        body(lambda raw: b"&".join(b"%d=" % n for n in range(10_000))),
        errors.SignatureMissing,
    ),
    refused(
        "too large", body(lambda raw: raw + b"&x=" + b"1" * 256 * 1024), errors.RequestTooLarge
    ),
    refused(
        "parameters moved into one value",
        body(lambda raw: raw.replace(b"&trade_status=", b"%26trade_status%3D")),
        errors.SignatureInvalid,
    ),
    refused(
        "a title that could be a parameter",
        resigned({"subject": "x&sum=1"}),
        errors.SignatureInvalid,
    ),
    refused(
        "a name that could be name and value",
        body(lambda raw: raw.replace(b"subject=", b"subject%3Dx=")),
        errors.RequestMalformed,
    ),
    paid("a title with an ampersand", resigned({"subject": "Tom & Jerry = 2 & more"})),
    paid("in another order", body(lambda raw: b"&".join(reversed(raw.split(b"&"))))),
    paid(
        "every letter escaped", body(lambda raw: raw.replace(b"trade_status", b"%74rade%5fstatus"))
    ),
    paid("blanks as %20", body(lambda raw: raw.replace(b"+", b"%20"))),
    paid("as text", lambda sent: sent.but(content_type="text/plain")),
    paid("in GBK", resigned(GBK, charset="gbk")),
    refused(
        "GBK that calls itself UTF-8 afterwards",
        lambda sent: part("charset", lambda _: "utf-8")(resigned(GBK, charset="gbk")(sent)),
        errors.SignatureInvalid,
    ),
    paid(
        "GBK that is called UTF-8 and signed so",
        resigned({**GBK, "charset": "utf-8"}, charset="gbk"),
    ),
    refused(
        "a charset that does things", resigned({"charset": "unicode_escape"}), errors.RequestInvalid
    ),
    refused("a charset of UTF-16", resigned({"charset": "utf-16"}), errors.RequestInvalid),
    refused("a charset of no name", resigned({"charset": ""}), errors.RequestInvalid),
)

FACTS = (
    told("another app is paid", {"app_id": "2021000000000002"}, errors.PaymentMerchantMismatch),
    told(
        "another seller is paid", {"seller_id": "2088000000000002"}, errors.PaymentMerchantMismatch
    ),
    told("an amount as text", {"total_amount": "free"}, errors.RequestInvalid),
    told("a negative amount", {"total_amount": "-45.00"}, errors.RequestInvalid),
    told("an amount with an exponent", {"total_amount": "4.5e1"}, errors.RequestInvalid),
    told("an amount finer than a fen", {"total_amount": "45.001"}, errors.RequestInvalid),
    told("an amount with a comma", {"total_amount": "45,00"}, errors.RequestInvalid),
    told("an amount with a sign", {"total_amount": "+45.00"}, errors.RequestInvalid),
    told("an amount of Arabic digits", {"total_amount": "٤٥.٠٠"}, errors.RequestInvalid),
    told("an amount of full-width digits", {"total_amount": "４５.００"}, errors.RequestInvalid),
    told("an amount without end", {"total_amount": "4" * 5000}, errors.RequestInvalid),
    told(
        "an amount with zeros in front", {"total_amount": "0045.00"}, DELIVERED, state="delivered"
    ),
    told("an amount without decimals", {"total_amount": "45"}, DELIVERED, state="delivered"),
    told(
        "a ten millionth more",
        {"total_amount": "99999999.99"},
        REFUND_DUE,
        state="refund_due",
        owed=9_999_995_499,
    ),
    told("no amount", {"total_amount": ""}, errors.RequestInvalid),
    told("no transaction", {"trade_no": ""}, errors.RequestInvalid),
    told("an order in small letters", {"out_trade_no": "abcdefghjkmnpqrs"}, IGNORED),
    told("an order that is a path", {"out_trade_no": "../../../etc/pass"}, IGNORED),
    told(
        "a merchant that is a path",
        {"passback_params": quote("../demo", safe="")},
        errors.PaymentMerchantMismatch,
    ),
    told(
        "a merchant escaped twice", {"passback_params": "%2564emo"}, errors.PaymentMerchantMismatch
    ),
    told("no merchant", {"passback_params": ""}, errors.PaymentMerchantMismatch),
    told("paid on no day", {"gmt_payment": "2026-02-30 00:00:00"}, errors.RequestInvalid),
    told(
        "paid in the year 1", {"gmt_payment": "0001-01-01 00:00:00"}, DELIVERED, state="delivered"
    ),
    told("another kind of notice", {"notify_type": "dut_user_sign"}, IGNORED),
    told("a kind without end", {"notify_type": ENDLESS}, IGNORED),
    told("a state without end", {"trade_status": ENDLESS}, IGNORED),
    told("a transaction without end", {"trade_no": ENDLESS}, errors.RequestInvalid),
    told("not paid yet", {"trade_status": "WAIT_BUYER_PAY"}, IGNORED),
    told("paid, in small letters", {"trade_status": "trade_success"}, IGNORED),
    told("finished", {"trade_status": "TRADE_FINISHED"}, DELIVERED, state="delivered"),
    told("a refund of nothing", {"refund_fee": "0.00"}, DELIVERED, state="delivered"),
    told("a refund of a negative amount", {"refund_fee": "-1.00"}, errors.RequestInvalid),
    told(
        "a refund that Alipay cannot find",
        {"refund_fee": "45.00", "gmt_refund": "2026-11-22 08:00:00"},
        errors.PaymentProviderUnavailable,
    ),
    Case(
        "paid, then given back in part",
        given_back("10.00", "TRADE_SUCCESS"),
        (DELIVERED, REFUND, DUPLICATE),
        "delivered",
    ),
    Case(
        "given back in part, then paid",
        given_back("10.00", "TRADE_SUCCESS", since=1),
        *GIVEN_BACK_BEFORE,
    ),
    Case(
        "given back whole, then paid",
        given_back("45.00", "TRADE_CLOSED", since=1),
        *GIVEN_BACK_BEFORE,
    ),
    Case(
        "paid, then given back whole",
        given_back("45.00", "TRADE_CLOSED"),
        (DELIVERED, REFUND, DUPLICATE),
        "delivered",
    ),
    Case("closed, then paid", lambda s: [ended(s), s.pay()], (IGNORED, DELIVERED), "delivered"),
    Case("paid, then closed", lambda s: [s.pay(), ended(s)], (DELIVERED, IGNORED), "delivered"),
    Case(
        "paid, then finished",
        lambda s: [s.pay(), s.pay({"trade_status": "TRADE_FINISHED"})],
        (DELIVERED, DUPLICATE),
        "delivered",
    ),
)

CASES = SIGNATURES + BODIES + FACTS
