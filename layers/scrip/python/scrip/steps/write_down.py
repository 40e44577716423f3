"""Write down who asks for what and why, before it is done."""

from typing import Protocol

from scrip.domain.asking import Asking


class Audit(Protocol):
    def acted(
        self,
        merchant_id: str,
        about: str,
        act: str,
        *,
        at_ms: int,
        event_id: str,
        by: str,
        source: str,
        **facts: str | int,
    ) -> None: ...


def write_down(
    audit: Audit, merchant_id: str, about: str, act: str, asking: Asking, **facts: str | int
) -> None:
    """`about`: an order's id, `batch#<variant>#<batch>`. Asking again writes another entry."""
    audit.acted(
        merchant_id,
        about,
        act,
        at_ms=asking.at_ms,
        event_id=asking.event_id,
        by=asking.by,
        source=asking.source,
        reason=asking.reason,
        **facts,
    )
