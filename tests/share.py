"""How much of what could be tried without end is tried."""

import os

SHARE = int(os.environ.get("TEST_SHARE", "1"))
"""One of so many: of crash points, of a rush's buyers, of generated requests. `make test` takes a
third, which other thirds of the same kind stand for; `make thorough` takes all."""
