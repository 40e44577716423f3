"""Fixed windows of the clock."""

from scrip.domain.rate import PER_KEY, PER_MERCHANT, PER_SOURCE, Limit

LIMIT = Limit(hits=5, seconds=60)


def test_windows_follow_each_other_without_a_gap() -> None:
    assert LIMIT.window(0) == LIMIT.window(59_999) == 0
    assert LIMIT.window(60_000) == 1


def test_who_is_refused_waits_until_the_next_window_begins() -> None:
    for now_ms in (60_000, 60_001, 90_500, 119_000, 119_999):
        seconds = LIMIT.seconds_left(now_ms)

        assert 1 <= seconds <= 60
        assert LIMIT.window(now_ms + seconds * 1000) == LIMIT.window(now_ms) + 1


def test_a_merchant_may_ask_as_often_as_its_odds_reckon_with() -> None:
    assert PER_MERCHANT.per_second == 100
    assert PER_KEY.hits < PER_SOURCE.hits < PER_MERCHANT.hits
