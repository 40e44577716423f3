"""The frame around queue and stream handlers: each item on its own, failures told one by one.

`Rejected` is final: told in the log and the metrics, then acknowledged. `Retryable` and bugs are
left for the source to send again, and in the end for its dead-letter queue.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from scrip.domain.errors import Rejected, Retryable
from scrip.telemetry import count_by_reason, flush, logger


class Told(Protocol):
    """An item that says whom it is about, for the log: ids only."""

    @property
    def facts(self) -> dict[str, str]: ...


_Item = TypeVar("_Item", bound=Told)


def in_batches(
    items: Iterable[tuple[str, Callable[[], _Item]]],
    act: Callable[[_Item], None],
    context: Any,
    *,
    in_order: bool = False,
) -> dict[str, list[dict[str, str]]]:
    """The partial batch answer. `in_order`: stop at the first failure, as a stream must."""
    failures: list[dict[str, str]] = []
    for identifier, decode in items:
        logger.clear_state()
        logger.append_keys(function_request_id=context.aws_request_id, item=identifier)
        if not _done(decode, act):
            failures.append({"itemIdentifier": identifier})
            if in_order:
                break
    flush()
    return {"batchItemFailures": failures}


def _done(decode: Callable[[], _Item], act: Callable[[_Item], None]) -> bool:
    try:
        item = decode()
        logger.append_keys(**item.facts)
        act(item)
    except Rejected as error:
        logger.error("rejected", reason=error.slug, detail=error.detail)
        count_by_reason("MessagesRejected", error.slug)
    except Retryable as error:
        logger.warning("will be sent again", reason=error.slug, detail=error.detail)
        return False
    except Exception:  # noqa: BLE001 - a bug: told in full, left for a redrive
        logger.exception("bug")
        return False
    return True
