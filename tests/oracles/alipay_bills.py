"""Statements as Alipay writes them: in GBK, with tabs and comments, in a zip."""

import io
import zipfile

HEAD = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,"
    "商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注"
)


def bill_line(
    trade_no: str,
    order_id: str,
    kind: str,
    amount: str,
    *,
    fee: str = "0.00",
    refund_id: str = "",
    goods: str = "礼品卡",
    ended: str = "2026-11-22 08:00:01",
) -> str:
    return (
        f"{trade_no}\t,{order_id}\t,{kind}\t,{goods},2026-11-22 08:00:00,{ended},\t,\t,\t,\t,"
        f"*杨(137****2600)\t,{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,"
        f"{refund_id}\t,{fee},0.00,"
    )


def bill_text(*lines: str) -> str:
    counts = {kind: sum(f",{kind}\t," in line for line in lines) for kind in ("交易", "退款")}
    return "\r\n".join(
        [
            "#支付宝业务明细查询",
            "#账号：[20880000000000010156]",
            "#起始日期：[2026年11月22日 00:00:00]   终止日期：[2026年11月23日 00:00:00]",
            "#-----------------------------------------业务明细列表----------------------------",
            HEAD,
            *lines,
            "#-----------------------------------------业务明细列表结束------------------------",
            f"#交易合计：{counts['交易']}笔，商家实收共0.00元，商家优惠共0.00元",
            f"#退款合计：{counts['退款']}笔，商家实收退款共-0.00元，商家优惠退款共0.00元",
            "#导出时间：[2026年11月23日 07:27:37]",
            "",
        ]
    )


SUMMARY = "#支付宝业务汇总查询\r\n门店编号,门店名称,交易订单总笔数\r\n合计\t,\t,1\r\n"


def bill_zip(*texts: str, charset: str = "gbk") -> bytes:
    """With names in GBK that are not marked as anything else, as Alipay's are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        for number, text in enumerate((SUMMARY, *texts)):
            name = f"2088_20261122_业务明细{number}.csv".encode("gbk").decode("latin-1")
            files.writestr(zipfile.ZipInfo(name), text.encode(charset), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
