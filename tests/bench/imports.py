"""What an import of codes asks of AWS, the marks against selling one twice included."""

from tests.bench.deployment import Deployment, Progress
from tests.shop import Shop

CODES = 5000
"""As many as one request may bring."""

VARIANT = "bench-import"


def measure(deployed: Deployment, shop: Shop, progress: Progress) -> dict[str, float]:
    """Keys: `import.wcu_per_code`, `import.rcu_per_code`, `import.kms_calls_per_10k_codes`.

    Of the second of two imports: the first one makes the merchant's index key.
    """
    progress(f"import: {CODES} codes in one request, behind {CODES} others")
    shop.stock_up(VARIANT, [f"{n:020}" for n in range(CODES)])
    codes = [f"{n:020}" for n in range(CODES, 2 * CODES)]
    with deployed.meter.counting_all_threads() as tally:
        reply = shop.import_codes(VARIANT, codes, idempotency_key="second")
    assert reply.json["imported"] == CODES, reply.text
    kms_calls = sum(count for name, count in tally.requests.items() if name.startswith("kms:"))
    return {
        "import.wcu_per_code": round(tally.wcu / CODES, 4),
        "import.rcu_per_code": round(tally.rcu / CODES, 4),
        "import.kms_calls_per_10k_codes": kms_calls * 10_000 / CODES,
    }
