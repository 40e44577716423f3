"""What buyers and merchants are told by mail, in English and Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from scrip.domain.code import Code
from scrip.domain.day import moment_of
from scrip.domain.line import Fate, Line
from scrip.domain.money import Money, amount_text
from scrip.domain.order import Order
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
    """`failed`: the subject, and the first words, of an order with top-ups that failed; `short`: of
    one with no more than codes that could not be bought; `partly`: of one whose codes can be read
    while suppliers are still at the rest."""

    subject: str
    ready: str
    failed: tuple[str, str]
    short: tuple[str, str]
    partly: tuple[str, str]
    body: str
    codes: str
    pin: str
    top_ups: str
    top_up: str
    bought: str
    redeem: str
    receipts: str


TEXTS = {
    "en": Texts(
        subject="Your order {order_id} is ready",
        ready="Your order {order_id} is ready.",
        failed=(
            "Your order {order_id}: not all of it could be charged",
            "Of your order {order_id} not all could be charged. {amount} is given back to where it "
            "came from.",
        ),
        short=(
            "Your order {order_id}: not all of it could be had",
            "Of your order {order_id} not all could be had. {amount} is given back to where it "
            "came from.",
        ),
        partly=(
            "Your order {order_id}: your codes are ready",
            "The codes of your order {order_id} are ready. The rest is still under way; you are "
            "told once that is done.",
        ),
        body="Thank you for buying at {shop}.\n\n{what} Read it here:\n"
        "{link}\n\nAnyone with this link can read your order, so keep it to yourself.\n",
        codes="\nYour codes:\n",
        pin="{code}   PIN {pin}",
        top_ups="\nTop-ups:\n",
        top_up="{variant_id} for {account}: {done} of {quantity} charged",
        bought="{variant_id}: {done} of {quantity} ready",
        redeem="{code}   redeem it at {url}",
        receipts="  Receipts: {receipts}",
    ),
    "zh": Texts(
        subject="您的订单 {order_id} 已发货",
        ready="您的订单 {order_id} 已发货，",
        failed=(
            "您的订单 {order_id} 未能全部充值",
            "您的订单 {order_id} 未能全部充值，{amount} 将原路退回，",
        ),
        short=(
            "您的订单 {order_id} 未能全部发货",
            "您的订单 {order_id} 未能全部发货，{amount} 将原路退回，",
        ),
        partly=(
            "您的订单 {order_id} 的卡密已可查看",
            "您的订单 {order_id} 的卡密已可查看，其余部分仍在处理，有结果后将另行通知，",
        ),
        body="感谢您在{shop}购买。\n\n{what}请点击以下链接查看：\n{link}\n\n"
        "任何持有此链接的人都能查看您的订单，请勿转发。\n",
        codes="\n您的卡密：\n",
        pin="{code}   密码 {pin}",
        top_ups="\n充值结果：\n",
        top_up="{variant_id}（{account}）：共 {quantity} 笔，成功 {done} 笔",
        bought="{variant_id}：共 {quantity} 个，已备好 {done} 个",
        redeem="{code}   兑换网址 {url}",
        receipts="  凭证：{receipts}",
    ),
}


def order_ready_mail(*, shop: str, order: Order, link: str, codes: Sequence[Code] = ()) -> Mail:
    """`codes` only where the merchant opted in to codes in mail."""
    texts, by_suppliers = TEXTS[order.locale], [line for line in order.lines if line.fates]
    top_ups = [line for line in by_suppliers if not line.has_codes]
    bought = [line for line in by_suppliers if line.has_codes]
    subject, what = texts.subject, texts.ready
    failed = sum(line.unit_price.amount_minor * line.units_failed for line in by_suppliers)
    if order.in_progress:
        subject, what = texts.partly
    elif failed:
        charges = any(line.units_failed for line in top_ups)
        subject, what = texts.failed if charges else texts.short
    facts = {
        "order_id": order.order_id,
        "amount": amount_text(Money(failed, order.total.currency)),
    }
    text = texts.body.format(shop=shop, what=what.format(**facts), link=link)
    if top_ups:
        text += texts.top_ups + "".join(_top_up_line(texts, line) for line in top_ups)
    if bought and (failed or order.in_progress):
        text += "\n" + "".join(_bought_line(texts, line) for line in bought)
    if codes:
        text += texts.codes + "".join(_code_line(texts, code) for code in codes)
    return Mail(subject.format(**facts), text)


def _top_up_line(texts: Texts, line: Line) -> str:
    account = ", ".join(value for _, value in line.filled)
    done = line.quantity - line.units_failed - line.fates.count(Fate.OPEN)
    facts = {"variant_id": line.variant_id, "quantity": line.quantity, "done": done}
    text = texts.top_up.format(account=account, **facts) + "\n"
    receipts = ", ".join(filter(None, line.receipts))
    return text + (texts.receipts.format(receipts=receipts) + "\n" if receipts else "")


def _bought_line(texts: Texts, line: Line) -> str:
    facts = {"variant_id": line.variant_id, "quantity": line.quantity}
    return texts.bought.format(done=line.units_claimed, **facts) + "\n"


def _code_line(texts: Texts, code: Code) -> str:
    line = texts.pin.format(code=code.code, pin=code.pin) if code.pin else code.code
    return (texts.redeem.format(code=line, url=code.url) if code.url else line) + "\n"


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
