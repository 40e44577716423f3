"""What buyers and merchants are told by mail, in English and Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from scrip.domain.code import Code
from scrip.domain.day import moment_of
from scrip.domain.stock_warning import About, StockWarning


class Sending(Enum):
    """What became of a mail."""

    SENT = "sent"
    SENT_BEFORE = "sent_before"
    NOBODY = "nobody"


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


@dataclass(frozen=True, slots=True)
class StockTexts:
    """Subjects and first lines by what a warning is about."""

    subjects: dict[About, str]
    bodies: dict[About, str]
    pace: str
    still: str


STOCK_TEXTS = {
    "en": StockTexts(
        subjects={
            About.ENDING: "{title}: codes end soon",
            About.LOW: "{title}: stock is low",
            About.SOLD_OUT: "{title}: sold out",
            About.UNSYNCED: "{title}: off sale, its supplier does not answer",
        },
        bodies={
            About.ENDING: "{ending} unsold codes of {title} ({variant_id}) at {shop} end by "
            "{until} (UTC). From then on they are not sold.\n",
            About.LOW: "{title} ({variant_id}) at {shop} runs low: {available} codes are left.\n",
            About.SOLD_OUT: "{title} ({variant_id}) at {shop} is sold out.\n",
            About.UNSYNCED: "{title} ({variant_id}) at {shop} is off sale: its supplier has told "
            "no level since {as_of} (UTC). It goes on sale again with the next level.\n",
        },
        pace="\nOn sale: {available}. Sold per day: {sold_per_day}. At that pace the stock lasts "
        "for {days_left} days.\n",
        still="\nOn sale: {available}. Nothing was sold lately.\n",
    ),
    "zh": StockTexts(
        subjects={
            About.ENDING: "{title}：部分卡密即将到期",
            About.LOW: "{title}：库存不足",
            About.SOLD_OUT: "{title}：已售罄",
            About.UNSYNCED: "{title}：供应商无响应，已暂停销售",
        },
        bodies={
            About.ENDING: "{shop}的{title}（{variant_id}）有 {ending} 个未售卡密将于 {until}（UTC）"
            "或之前到期，到期后不再出售。\n",
            About.LOW: "{shop}的{title}（{variant_id}）库存不足，仅剩 {available} 个卡密。\n",
            About.SOLD_OUT: "{shop}的{title}（{variant_id}）已售罄。\n",
            About.UNSYNCED: "{shop}的{title}（{variant_id}）已暂停销售：供应商自 {as_of}（UTC）起"
            "未提供库存数量。收到新的数量后将自动恢复销售。\n",
        },
        pace="\n在售：{available}。日均销量：{sold_per_day}。按此速度，库存可售 {days_left} 天。\n",
        still="\n在售：{available}。近期无销量。\n",
    ),
}


def stock_warning_mail(*, locale: str, shop: str, warning: StockWarning) -> Mail:
    texts = STOCK_TEXTS[locale]
    facts = {
        "title": warning.title,
        "variant_id": warning.variant_id,
        "shop": shop,
        "available": warning.available,
        "ending": warning.ending,
        "until": moment_of(warning.until_ms),
        "as_of": moment_of(warning.as_of_ms),
        "sold_per_day": warning.sold_per_day,
        "days_left": warning.days_left,
    }
    pace = texts.still if warning.days_left is None else texts.pace
    nothing_left = warning.about in (About.SOLD_OUT, About.UNSYNCED)
    text = texts.bodies[warning.about] + ("" if nothing_left else pace)
    return Mail(texts.subjects[warning.about].format(**facts), text.format(**facts))
