"""What a buyer is told by mail, in English and Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass

from scrip.domain.code import Code


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    text: str

    def __repr__(self) -> str:
        return "Mail(...)"


@dataclass(frozen=True, slots=True)
class Texts:
    subject: str
    body: str
    codes: str
    pin: str


TEXTS = {
    "en": Texts(
        subject="Your order {order_id} is ready",
        body="Thank you for buying at {shop}.\n\nYour order {order_id} is ready. Read it here:\n"
        "{link}\n\nAnyone with this link can read your order, so keep it to yourself.\n",
        codes="\nYour codes:\n",
        pin="{code}   PIN {pin}",
    ),
    "zh": Texts(
        subject="您的订单 {order_id} 已发货",
        body="感谢您在{shop}购买。\n\n您的订单 {order_id} 已发货，请点击以下链接查看：\n{link}\n\n"
        "任何持有此链接的人都能查看您的订单，请勿转发。\n",
        codes="\n您的卡密：\n",
        pin="{code}   密码 {pin}",
    ),
}


def order_ready_mail(
    *, locale: str, shop: str, order_id: str, link: str, codes: Sequence[Code] = ()
) -> Mail:
    """`codes` only where the merchant opted in to codes in mail."""
    texts = TEXTS[locale]
    text = texts.body.format(shop=shop, order_id=order_id, link=link)
    if codes:
        text += texts.codes + "".join(_code_line(texts, code) for code in codes)
    return Mail(texts.subject.format(order_id=order_id), text)


def _code_line(texts: Texts, code: Code) -> str:
    line = texts.pin.format(code=code.code, pin=code.pin) if code.pin else code.code
    return line + "\n"
