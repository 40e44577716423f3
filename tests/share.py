"""How much of what could be tried without end is tried."""

import os

SHARE = int(os.environ.get("TEST_SHARE", "1"))
"""One of so many: of crash points, a rush's buyers, runs by seed, generated requests. `make
test` takes a part, `make thorough` all."""
