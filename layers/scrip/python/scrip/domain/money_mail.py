"""What merchants are told by mail of their money, in English and Chinese."""

from dataclasses import dataclass

from scrip.domain.mail import Mail
from scrip.domain.money import amount_text
from scrip.domain.money_event import MoneyAbout, MoneyEvent
from scrip.domain.outcome import Case


@dataclass(frozen=True, slots=True)
class MoneyTexts:
    """`cases`: how money came, as the end of a sentence. `about`: subject and body."""

    about: dict[MoneyAbout, tuple[str, str]]
    cases: dict[Case, str]


MONEY_TEXTS = {
    "en": MoneyTexts(
        about={
            MoneyAbout.HELD: (
                "Order {order_id}: {amount} waits for your decision",
                "{amount} ({provider} {transaction_id}) came for order {order_id} at {shop}: "
                "{case}. The money is kept, nothing is delivered or given back for it, until you "
                "decide:\n\nPOST /v1/merchant/orders/{order_id}/stray-payments/decide\n"
                "stray_id: {subject_id}\n",
            ),
            MoneyAbout.STRAY: (
                "Order {order_id} was paid more than once",
                "{amount} ({provider} {transaction_id}) came for order {order_id} at {shop}: "
                "{case}. It is given back by itself, to where it came from.\n",
            ),
            MoneyAbout.FAILED: (
                "Order {order_id}: a refund of {amount} failed",
                "The refund {subject_id} of {amount} ({provider} {transaction_id}) for order "
                "{order_id} at {shop} failed. The buyer does not have the money, and the refund "
                "is not made again by itself.\n",
            ),
            MoneyAbout.STUCK: (
                "Order {order_id}: a refund of {amount} is stuck",
                "The refund {subject_id} of {amount} ({provider} {transaction_id}) for order "
                "{order_id} at {shop} is stuck: the provider refused it, or waits for you. See it "
                "in the provider's console. The buyer does not have the money.\n",
            ),
            MoneyAbout.OPENED: (
                "Order {order_id}: a payment is disputed",
                "{amount} ({provider} {transaction_id}) of order {order_id} at {shop} is disputed: "
                "{provider} {subject_id}. The order is frozen. Answer in the provider's console "
                "before its deadline, else the money is lost. What happened to the order can be "
                "downloaded:\n\nGET /v1/merchant/orders/{order_id}/evidence\n",
            ),
            MoneyAbout.LOST: (
                "Order {order_id}: a dispute is lost",
                "The dispute {provider} {subject_id} over {amount} ({transaction_id}) of order "
                "{order_id} at {shop} is lost. The buyer has the money back. The order stays "
                "frozen.\n",
            ),
            MoneyAbout.REVERSED: (
                "Order {order_id}: a supplier took back a top-up of {amount}",
                "Top-up {subject_id} (line.unit) of order {order_id} at {shop}, {amount} of "
                "{provider} {transaction_id}, was done, and its supplier took it back. Its price "
                "is given back by itself if you chose so, else you decide:\n\n"
                "POST /v1/merchant/orders/{order_id}/top-ups/decide\n",
            ),
            MoneyAbout.CONTRADICTED: (
                "Order {order_id}: a top-up that failed was charged after all",
                "The supplier of top-up {subject_id} (line.unit) of order {order_id} at {shop} "
                "said that it failed, so {amount} of {provider} {transaction_id} is given back; "
                "now it says that it was charged. Settle it with the supplier, then say so:\n\n"
                "POST /v1/merchant/orders/{order_id}/top-ups/decide\n",
            ),
            MoneyAbout.TWICE: (
                "Order {order_id}: two suppliers charged for one top-up",
                "Top-up {subject_id} (line.unit) of order {order_id} at {shop}, {amount} of "
                "{provider} {transaction_id}, is done; now another supplier, which had said that "
                "it failed, says that it charged for it, too. Settle it with that supplier, then "
                "say so:\n\nPOST /v1/merchant/orders/{order_id}/top-ups/decide\n",
            ),
        },
        cases={
            Case.LATE: "the order had expired",
            Case.TURNED_AWAY: "stock could not hold the order",
            Case.OVER: "more than was asked",
            Case.SHORT: "less than was asked",
            Case.OTHER_CURRENCY: "another currency than was asked",
            Case.SECOND: "another payment had settled the order",
            Case.CHANGED: "the provider named another amount for this payment before",
        },
    ),
    "zh": MoneyTexts(
        about={
            MoneyAbout.HELD: (
                "订单 {order_id}：{amount} 待您处理",
                "{shop}的订单 {order_id} 收到一笔 {amount} 的付款（{provider} {transaction_id}）："
                "{case}。在您决定之前，该款项暂不处理，既不发货也不退款：\n\n"
                "POST /v1/merchant/orders/{order_id}/stray-payments/decide\n"
                "stray_id: {subject_id}\n",
            ),
            MoneyAbout.STRAY: (
                "订单 {order_id} 被重复付款",
                "{shop}的订单 {order_id} 收到一笔 {amount} 的付款（{provider} {transaction_id}）："
                "{case}。该款项将自动原路退回。\n",
            ),
            MoneyAbout.FAILED: (
                "订单 {order_id}：{amount} 退款失败",
                "{shop}的订单 {order_id} 的退款 {subject_id}（{amount}，{provider} "
                "{transaction_id}）失败。买家未收到款项，系统不会自动重新退款。\n",
            ),
            MoneyAbout.STUCK: (
                "订单 {order_id}：{amount} 退款受阻",
                "{shop}的订单 {order_id} 的退款 {subject_id}（{amount}，{provider} "
                "{transaction_id}）受阻：支付平台拒绝了该退款，或需要您处理。请在支付平台后台查看。"
                "买家尚未收到款项。\n",
            ),
            MoneyAbout.OPENED: (
                "订单 {order_id}：付款被争议",
                "{shop}的订单 {order_id} 的付款 {amount}（{provider} {transaction_id}）被争议："
                "{provider} {subject_id}。订单已冻结。请在期限之前于支付平台后台回应，"
                "否则将失去该款项。订单记录可在此下载：\n\n"
                "GET /v1/merchant/orders/{order_id}/evidence\n",
            ),
            MoneyAbout.LOST: (
                "订单 {order_id}：争议败诉",
                "{shop}的订单 {order_id} 的争议 {provider} {subject_id}（{amount}，"
                "{transaction_id}）已败诉。款项已退还买家，订单保持冻结。\n",
            ),
            MoneyAbout.REVERSED: (
                "订单 {order_id}：供应商撤回了 {amount} 的充值",
                "{shop}的订单 {order_id} 的充值 {subject_id}（行.单位；{amount}，{provider} "
                "{transaction_id}）曾经成功，后被供应商撤回。如您选择了自动退款，该金额将自动退还；"
                "否则请您决定：\n\nPOST /v1/merchant/orders/{order_id}/top-ups/decide\n",
            ),
            MoneyAbout.CONTRADICTED: (
                "订单 {order_id}：已判失败的充值实际成功",
                "{shop}的订单 {order_id} 的充值 {subject_id}（行.单位）曾被供应商告知失败，因此 "
                "{amount}（{provider} {transaction_id}）已在退还；现供应商称已充值成功。"
                "请与供应商核实后告知：\n\nPOST /v1/merchant/orders/{order_id}/top-ups/decide\n",
            ),
            MoneyAbout.TWICE: (
                "订单 {order_id}：同一笔充值被两家供应商扣款",
                "{shop}的订单 {order_id} 的充值 {subject_id}（行.单位；{amount}，{provider} "
                "{transaction_id}）已成功；此前告知失败的另一家供应商现称也已充值。"
                "请与该供应商核实后告知：\n\nPOST /v1/merchant/orders/{order_id}/top-ups/decide\n",
            ),
        },
        cases={
            Case.LATE: "订单已过期",
            Case.TURNED_AWAY: "库存不足以保留该订单",
            Case.OVER: "金额多于应付金额",
            Case.SHORT: "金额少于应付金额",
            Case.OTHER_CURRENCY: "币种与订单不符",
            Case.SECOND: "订单已由另一笔付款结清",
            Case.CHANGED: "支付平台此前为该付款报告了不同的金额",
        },
    ),
}


def money_mail(*, locale: str, shop: str, event: MoneyEvent) -> Mail:
    """Of an event that wants a person."""
    texts = MONEY_TEXTS[locale]
    subject, body = texts.about[event.about]
    facts = {
        "order_id": event.order_id,
        "shop": shop,
        "amount": amount_text(event.money),
        "provider": event.provider,
        "transaction_id": event.transaction_id,
        "subject_id": event.subject_id,
        "case": texts.cases[event.case] if event.case else "",
    }
    return Mail(subject.format(**facts), body.format(**facts))
