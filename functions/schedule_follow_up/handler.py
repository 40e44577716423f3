"""Every minute: do for orders what is to be done at their payment providers, later or again."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import takewhile
from typing import Any, Protocol

from scrip.batching import in_batches
from scrip.chance import now_ms
from scrip.domain.follow_up import UNHURRIED, Backoff, FollowUp
from scrip.flows import close_expired as closing
from scrip.flows.ask_about_done import ask_about_done
from scrip.flows.deliver_strays import deliver_strays
from scrip.flows.follow_up import Errand, follow_up
from scrip.flows.make_refunds import Gateways, make_refunds
from scrip.flows.resume_top_ups import resume_top_ups
from scrip.flows.revoke_lost import revoke_lost
from scrip.flows.settle_reversals import settle_reversals
from scrip.receipts import take_found
from scrip.telemetry import count, count_by_reason, flush, logger
from scrip.wiring import following

RUN_MS = 40_000
"""Less than the function's timeout by the time that one order may take."""

MOST = 500
"""Orders in one run."""

following.warm()


class Asking(closing.Providers, Gateways, Protocol):
    """All providers, for one run: who does not answer is asked no more in it."""


def errands(asking: Asking) -> tuple[Errand, ...]:
    """What is done for each order of the worklist, in this order. Each is a flow of its own; one
    that an order does not need leaves it alone."""
    return (
        Errand("closing", partial(close, asking), unanswered=closing.BACKOFF),
        Errand("delivering", deliver, unanswered=UNHURRIED),
        Errand("revoking", revoke, unanswered=UNHURRIED),
        Errand("topping up", resume, unanswered=UNHURRIED),
        Errand("reversals", settle, unanswered=UNHURRIED),
        Errand("asking again", ask_again, unanswered=UNHURRIED),
        Errand("refunds", partial(give_back, asking), unanswered=UNHURRIED),
    )


def close(asking: closing.Providers, merchant_id: str, order_id: str, _now: int) -> Backoff | None:
    wired = following.following()
    done = closing.close_expired(
        merchant_id,
        order_id,
        orders=wired.orders,
        providers=asking,
        settle=partial(take_found, wired),
    )
    if done.silence:
        count_by_reason("ProvidersSilent", done.silence.value)
    return done.again


def deliver(merchant_id: str, order_id: str, _now: int) -> None:
    wired = following.following()
    deliver_strays(merchant_id, order_id, orders=wired.orders, settle=partial(take_found, wired))


def revoke(merchant_id: str, order_id: str, now: int) -> None:
    wired = following.following()
    units = revoke_lost(merchant_id, order_id, now_ms=now, orders=wired.orders, holds=wired.holds)
    if units:
        count("CodesRevoked", units)


def resume(merchant_id: str, order_id: str, now: int) -> Backoff | None:
    wired = following.following()
    resumed = resume_top_ups(
        merchant_id,
        order_id,
        now_ms=now,
        orders=wired.orders,
        top_ups=wired.top_ups,
        queue=wired.top_up_queue,
        mail_queue=wired.mail_queue,
    )
    if resumed.queued:
        count("TopUpsResumed", resumed.queued)
    if resumed.waiting:
        count("TopUpsWaiting", resumed.waiting)
    return resumed.again


def settle(merchant_id: str, order_id: str, now: int) -> Backoff | None:
    wired = following.following()
    settled = settle_reversals(
        merchant_id,
        order_id,
        now_ms=now,
        orders=wired.orders,
        top_ups=wired.top_ups,
        merchants=wired.merchants,
    )
    if settled.owed:
        count("RefundDue")
    if settled.waiting:
        count("TopUpsWaiting", settled.waiting)
    return settled.again


def ask_again(merchant_id: str, order_id: str, now: int) -> Backoff | None:
    wired = following.following()
    asked = ask_about_done(
        merchant_id,
        order_id,
        now_ms=now,
        orders=wired.orders,
        top_ups=wired.top_ups,
        queue=wired.top_up_queue,
        scorecards=wired.scorecards,
    )
    if asked.queued:
        count("TopUpsAskedAgain", asked.queued)
    return asked.again


def give_back(asking: Gateways, merchant_id: str, order_id: str, now: int) -> Backoff | None:
    wired = following.following()
    made = make_refunds(
        merchant_id,
        order_id,
        now_ms=now,
        orders=wired.orders,
        refunds=wired.refunds,
        gateways=asking,
    )
    for state in made.told:
        count_by_reason("RefundsMoved", state.value)
    for state in made.waiting:
        count_by_reason("RefundsWaiting", state.value)
    return made.again


def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    started_ms = now_ms()
    due = following.following().follow_ups.due(started_ms, MOST)
    asking = following.following().providers.run(time_left(started_ms))
    act = partial(follow, asking)
    failed = in_batches(one_by_one(due, started_ms), act, context)["batchItemFailures"]
    for bug in asking.bugs:
        count("ProviderBugs")
        logger.error("bug", exc_info=bug)
    if failed:
        count("FollowUpsFailed", len(failed))
    if len(due) == MOST or not in_time(started_ms):
        count("FollowUpsCutShort")
    flush()
    return {"due": len(due)}


def one_by_one(
    due: Iterable[FollowUp], started_ms: int
) -> Iterator[tuple[str, Callable[[], FollowUp]]]:
    in_this_run = takewhile(lambda _: in_time(started_ms), due)
    return ((each.order_id, partial(FollowUp, *each)) for each in in_this_run)


def in_time(started_ms: int) -> bool:
    return now_ms() < started_ms + RUN_MS


def time_left(started_ms: int) -> Callable[[], float]:
    return lambda: (started_ms + RUN_MS - now_ms()) / 1000


def follow(asking: Asking, place: FollowUp) -> None:
    wired = following.following()
    followed = follow_up(place, errands(asking), now_ms=now_ms(), follow_ups=wired.follow_ups)
    for name in followed.given_up:
        count_by_reason("FollowUpsGivenUp", name)
    logger.info("followed up", **followed._asdict())
