"""Certificates of a payment provider, fetched and set."""

from scrip.domain.errors import StoreUnavailable
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.providers import with_provider
from tests.crash.world import World
from tests.functions.test_schedule_refresh_certificates import NEW, OLD, kept, shop_at_wechat


@case("certificates: a new one")
def renewing(world: World) -> Case:
    wechat = with_provider(world, "wechat").server
    with world.remote.aside():
        shop_at_wechat(world.cloud, wechat, OLD)
    wechat.certificates = [OLD, NEW]

    def event() -> bool:
        try:
            done = world.cloud.invoke("schedule_refresh_certificates", {})
        except StoreUnavailable:
            return False
        return not done["failures"]

    def expect() -> None:
        with world.remote.aside():
            assert kept(world.cloud) == {OLD.serial, NEW.serial}

    return Case(event, expect, again_calls=5)
