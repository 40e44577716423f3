"""Times as people read them, in UTC."""

DAY_MS = 86_400_000
DAYS_BEFORE_1970 = 719_468
"""From the first of March of the year 0: counted so, leap days come last in a year."""

ERA_DAYS, ERA_YEARS = 146_097, 400


def moment_of(at_ms: int) -> str:
    """`2026-11-22 15:04` of milliseconds since 1970."""
    days, rest_ms = divmod(at_ms, DAY_MS)
    era, day_of_era = divmod(days + DAYS_BEFORE_1970, ERA_DAYS)
    leap_days = day_of_era // 1460 - day_of_era // 36_524 + day_of_era // 146_096
    year = (day_of_era - leap_days) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    march_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * march_month + 2) // 5 + 1
    month = (march_month + 2) % 12 + 1
    minutes = rest_ms // 60_000
    full_year = era * ERA_YEARS + year + (month <= 2)
    return f"{full_year:04d}-{month:02d}-{day:02d} {minutes // 60:02d}:{minutes % 60:02d}"
