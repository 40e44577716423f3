"""What merchants are told by mail of their suppliers, in English and Chinese."""

from dataclasses import dataclass

from scrip.domain.mail import Mail
from scrip.domain.money import amount_text
from scrip.domain.route import Barred
from scrip.domain.supplier_warning import SupplierAbout, SupplierWarning


@dataclass(frozen=True, slots=True)
class SupplierTexts:
    """Subject and body by what a warning is about; reasons; what stands between reasons."""

    about: dict[SupplierAbout, tuple[str, str]]
    why: dict[Barred, str]
    between: str


SUPPLIER_TEXTS = {
    "en": SupplierTexts(
        about={
            SupplierAbout.LOW: (
                "{account}: the balance with your supplier is low",
                "Your account {account} at {shop} holds {balance}. Nothing more is sold of what "
                "only it can deliver; orders that are paid still go there. Sales go on by "
                "themselves once there is enough.\n",
            ),
            SupplierAbout.HALTED: (
                "{title}: not sold for now, no supplier can deliver it",
                "{title} ({variant_id}) at {shop} is not sold for now: {why}. It is sold again by "
                "itself once a supplier can deliver it.\n",
            ),
            SupplierAbout.RESUMED: (
                "{title}: sold again",
                "{title} ({variant_id}) at {shop} is sold again: a supplier can deliver it.\n",
            ),
        },
        why={
            Barred.AVAILABILITY: "a supplier has none",
            Barred.PRICE: "a supplier asks for more than your limit",
            Barred.BALANCE: "an account holds too little",
        },
        between="; ",
    ),
    "zh": SupplierTexts(
        about={
            SupplierAbout.LOW: (
                "{account}：供应商账户余额不足",
                "{shop}的供应商账户 {account} 余额为 {balance}。只能由该账户供货的商品已停止销售，"
                "已付款的订单仍会继续处理。余额充足后将自动恢复销售。\n",
            ),
            SupplierAbout.HALTED: (
                "{title}：供应商无法供货，已暂停销售",
                "{shop}的{title}（{variant_id}）已暂停销售：{why}。有供应商可以供货后将自动恢复。\n",
            ),
            SupplierAbout.RESUMED: (
                "{title}：已恢复销售",
                "{shop}的{title}（{variant_id}）已恢复销售：有供应商可以供货。\n",
            ),
        },
        why={
            Barred.AVAILABILITY: "供应商缺货",
            Barred.PRICE: "供应商报价超出您的上限",
            Barred.BALANCE: "供应商账户余额不足",
        },
        between="；",
    ),
}


def supplier_mail(*, locale: str, shop: str, warning: SupplierWarning) -> Mail:
    texts = SUPPLIER_TEXTS[locale]
    subject, body = texts.about[warning.about]
    facts = {
        "shop": shop,
        "account": warning.account,
        "balance": amount_text(warning.balance) if warning.balance else "",
        "variant_id": warning.variant_id,
        "title": warning.title,
        "why": texts.between.join(texts.why[each] for each in warning.why),
    }
    return Mail(subject.format(**facts), body.format(**facts))
