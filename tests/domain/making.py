"""Orders, payments and directories to test with."""

from scrip.domain.chunk_range import Lane
from scrip.domain.directory import Directory
from scrip.domain.goods import Kind
from scrip.domain.line import Line, first_fates
from scrip.domain.money import Money
from scrip.domain.order import PendingOrder
from scrip.domain.payment import Payment
from scrip.domain.stock import NEVER_MS, ChunkRef

NOW_MS = 1_760_000_000_000
WINDOW_MS = 3_600_000
ORDER_ID = "7K2M9Q4XTB3WHD5N"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def line(
    number: int = 0,
    quantity: int = 1,
    *,
    price: int = 4500,
    currency: str = "EUR",
    variant: str = "card-50",
    chunk: ChunkRef | None = None,
) -> Line:
    where = chunk or ChunkRef("0a1b2c3d4e", 0, 0)
    return Line(number, variant, quantity, Money(price, currency), where)


def top_up(number: int = 0, quantity: int = 1, *, price: int = 1000) -> Line:
    return Line(
        number,
        f"minutes-{number}",
        quantity,
        Money(price, "EUR"),
        None,
        kind=Kind.TOP_UP,
        filled=(("phone", "+4915112345678"),),
        fates=first_fates(Kind.TOP_UP, quantity),
    )


def pending(*lines: Line, merchant_id: str = "demo", order_id: str = ORDER_ID) -> PendingOrder:
    return PendingOrder(
        merchant_id=merchant_id,
        order_id=order_id,
        lines=lines or (line(),),
        email="buyer@example.com",
        locale="en",
        payment_ref="pi_00000001",
        fingerprint=bytes(16),
        trace_id=TRACE_ID,
        placed_at_ms=NOW_MS,
        expires_at_ms=NOW_MS + WINDOW_MS,
    )


def payment(amount: int = 4500, currency: str = "EUR", transaction: str = "pi_00000001") -> Payment:
    return Payment("stripe", transaction, Money(amount, currency), False, NOW_MS + 1000)


def directory(*chunk_counts: int, per_chunk: int = 10, until_ms: int = NEVER_MS) -> Directory:
    """Batches of full chunks, none of them closed."""
    made = Directory()
    for number, chunks in enumerate(chunk_counts):
        codes = chunks * per_chunk
        lane = Lane(f"batch{number:05d}", 0, chunks, codes, per_chunk, until_ms)
        made = made.with_lanes([lane], new_codes=codes)
    return made
