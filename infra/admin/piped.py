"""Secrets as JSON from stdin: never arguments, never quoted."""

import sys
from collections.abc import Callable

import msgspec

from scrip.domain.errors import RequestInvalid

MAX_FILE = 64 * 1024


def keep_piped(who: str, keep: Callable[[bytes], None]) -> None:
    """Keep what stdin gives. Raises RequestInvalid, which names fields and never quotes values."""
    try:
        keep(sys.stdin.read(MAX_FILE).encode())
    except msgspec.ValidationError as error:
        raise RequestInvalid(f"not what {who} needs: {error}") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise RequestInvalid("not valid JSON") from error
