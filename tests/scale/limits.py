"""What AWS, Stripe and our own template allow. docs/scale.md names the public page of each."""

from dataclasses import dataclass

PARTITION_WCU = 1000.0
PARTITION_RCU = 3000.0
"""A partition's most, for ever; one item can have no more than one partition."""

SPLIT_AFTER_SECONDS = 300.0
"""How long a partition is refused before DynamoDB splits it for heat (assumed: "minutes")."""

NEW_TABLE_WCU = 4000.0
NEW_TABLE_RCU = 12_000.0
"""What an on-demand table that nobody has warmed takes at once."""

RAMP_INSTANCES_PER_SECOND = 100.0
RAMP_INSTANCES_AT_ONCE = 1000
"""New instances of one function: 1000 every 10 seconds, refilled continuously. Not adjustable."""

REQUESTS_PER_CONCURRENCY = 10.0
"""Invocations a second for each unit of the account's concurrency."""

SDK_ATTEMPTS = 3
"""As in scrip/wiring/clients.py. Between attempts: chance times 1, 2 ... seconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a second unless the name says otherwise. The defaults are those of a new account
    and of template.yaml."""

    route: float = 200
    route_burst: float = 400
    account_api: float = 10_000
    account_api_burst: float = 5_000
    concurrency: int = 1_000
    warm_instances: int = 0
    table_wcu: float = NEW_TABLE_WCU
    table_rcu: float = NEW_TABLE_RCU
    kms: float = 10_000
    payment_provider: float = 100
    mails: float = 14


def raised(orders_per_second: float, *, tables_too: bool) -> Limits:
    """What an operator would ask for before such a sale, with room to spare."""
    rate = orders_per_second
    limits = Limits(
        route=2 * rate,
        route_burst=2 * rate,
        account_api=5 * rate,
        account_api_burst=5 * rate,
        concurrency=max(1_000, round(rate * 1.5)),
        warm_instances=round(rate * 0.9),
        kms=max(10_000, 3 * rate),
        payment_provider=2 * rate,
        mails=rate,
    )
    if not tables_too:
        return limits
    return Limits(
        **{
            **{name: getattr(limits, name) for name in limits.__slots__},
            "table_wcu": max(NEW_TABLE_WCU, 6 * rate),
            "table_rcu": max(NEW_TABLE_RCU, 6 * rate),
        }
    )
