"""Times as people read them."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.day import moment_of


@given(st.integers(0, 9_999_999_999_999))
def test_it_reads_as_the_standard_library_writes_it(at_ms: int) -> None:
    expected = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M")

    assert moment_of(at_ms) == expected


def test_leap_days_are_known() -> None:
    leap = int(datetime(2028, 2, 29, 23, 59, tzinfo=UTC).timestamp() * 1000)

    assert moment_of(leap) == "2028-02-29 23:59"
    assert moment_of(0) == "1970-01-01 00:00"
