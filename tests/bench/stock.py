"""What a delivered code asks of AWS: as more buyers come, as the stock grows, and with a hold.

As in `callback`: everything that paid callbacks do is counted, and divided by the codes delivered.
"""

import os

from scrip.adapters.stock import Stock
from scrip.domain.directory import Directory
from scrip.wiring.clients import table
from tests.bench.callback import Sale, codes_of, figures_of, rush, sell, telemetry_off
from tests.bench.deployment import Deployment, Progress
from tests.shop import Shop

SALES = {4: 500, 16: 500, 64: 2000}
"""Codes sold, by buyers at a time. A twentieth more buyers come than there are codes."""

SMALL, LARGE = 1_000, 1_000_000
GROWTH_BUYERS = 16
WRITTEN = 5_000
"""Of the large stock. Whoever buys fewer codes than this less a window never meets the others."""

UNCOUNTED, COUNTED = 1_000, 2_000
"""Buyers of the large stock: the first find a window of full chunks, which close later."""

HOLD_MINUTES = 10
HOLDS = 500
COUNTS = ("aws_requests", "wcu", "rcu")


def measure(deployed: Deployment, shop: Shop, progress: Progress) -> dict[str, float]:
    """Keys: `stock.*`, of 64 buyers at a time; with a number, of that many."""
    figures: dict[str, float] = {}
    with telemetry_off():
        for threads, codes in SALES.items():
            progress(f"stock: {threads} at a time, {codes} codes")
            sale = sell(deployed, shop, threads, codes, codes * 21 // 20)
            figures |= _named(sale, "stock" if threads == 64 else f"stock.at_{threads}")
        progress(f"stock: {SMALL} codes and {LARGE}, {GROWTH_BUYERS} at a time")
        figures |= growth(deployed, shop)
        progress(f"stock: {HOLDS} holds, 64 at a time")
        figures["stock.hold_callback_wcu"] = held(deployed, shop)
    return figures


def _named(sale: Sale, prefix: str) -> dict[str, float]:
    """`tail_wcu`: of the callbacks that delivered the last 5 %. Those that came too late meanwhile
    are in `tail_wcu_with_late` only; each took `late_wcu`."""
    figures = figures_of(sale, prefix)
    figures[f"{prefix}.requests"] = figures.pop(f"{prefix}.aws_requests")
    figures[f"{prefix}.tail_wcu_with_late"] = figures[f"{prefix}.tail_wcu"]
    tail, codes = sale.of(each for each in sale.tail() if each[1])
    figures[f"{prefix}.tail_wcu"] = round(tail.wcu / codes, 3)
    late = [tally.wcu for tally, delivered in sale.ended if not delivered]
    figures[f"{prefix}.late_wcu"] = round(sum(late) / max(1, len(late)), 3)
    return figures


def growth(deployed: Deployment, shop: Shop) -> dict[str, float]:
    """The dearest of requests, WCU and RCU a code with a large stock, over that with a small one.

    The small one is sold to the last code. The large one stands in the directory, but only the
    chunks at its front are written: those behind are not read, however many they are.
    """
    shop.stock_up("small", codes_of("sml", SMALL))
    small = figures_of(rush(deployed, shop, "small", GROWTH_BUYERS, SMALL), "small")
    shop.stock_up("large", codes_of("lrg", WRITTEN))
    pretend(shop, "large", LARGE)
    rush(deployed, shop, "large", GROWTH_BUYERS, UNCOUNTED)
    large = figures_of(rush(deployed, shop, "large", GROWTH_BUYERS, COUNTED, UNCOUNTED), "large")
    ratios = {name: large[f"large.{name}"] / small[f"small.{name}"] for name in COUNTS}
    return {
        "stock.growth": round(max(ratios.values()), 3),
        **{f"stock.growth_{name}": round(ratio, 3) for name, ratio in ratios.items()},
    }


def pretend(shop: Shop, variant: str, codes: int) -> None:
    """Let the directory say that the one range of this variant holds so many codes."""
    stock = table(os.environ["STOCK_TABLE"])
    directory = Stock(stock).directory(shop.merchant_id, variant, consistent=True)
    [only] = directory.ranges
    chunks = -(-codes // only.per_chunk)
    large = Directory((only._replace(chunks=chunks, codes=codes),), chunks=chunks, codes=codes)
    stock.update(
        {"pk": f"{shop.merchant_id}#{variant}#directory"},
        "SET ranges = :ranges, chunks = :chunks, codes = :codes",
        values={
            ":ranges": [list(each) for each in large.ranges],
            ":chunks": large.chunks,
            ":codes": large.codes,
        },
    )


def held(deployed: Deployment, shop: Shop) -> float:
    """WCU of the callback of an order whose code was set aside when it was placed."""
    shop.stock_up("held", codes_of("hld", HOLDS))
    shop.put_variant("held", hold_minutes=HOLD_MINUTES)
    sale = rush(deployed, shop, "held", 64, HOLDS)
    return figures_of(sale, "held")["held.wcu"]
