"""What `schedule_follow_up` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.follow_ups import FollowUps
from scrip.settings import FollowUpSettings, load, on_lambda
from scrip.wiring.clients import table


@dataclass(frozen=True, slots=True)
class Following:
    follow_ups: FollowUps


@cache
def following() -> Following:
    settings = load(FollowUpSettings)
    return Following(follow_ups=FollowUps(table(settings.orders_table)))


def warm() -> None:
    if on_lambda():
        following()
