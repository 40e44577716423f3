"""localstripe on loopback only: `python -m infra.local.stripe PORT STORE`.

Its own command listens on every interface and keeps its objects in one file for the whole machine.
"""

import logging
import pickle
import sys
from pathlib import Path

from aiohttp import web
from localstripe.resources import Store, store
from localstripe.server import app

from infra.local.process import LOOPBACK


def keep_in(path: Path) -> None:
    """Keep localstripe's objects in `path`, and load what an earlier run left there."""

    def dump_to_disk(self: Store) -> None:
        path.write_bytes(pickle.dumps(dict(self)))

    Store.dump_to_disk = dump_to_disk
    if path.exists():
        # Written by the function above, on this machine.
        store.update(pickle.loads(path.read_bytes()))  # noqa: S301


def main() -> None:
    port, path = int(sys.argv[1]), Path(sys.argv[2])
    keep_in(path)
    logger = logging.getLogger("aiohttp.access")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(logging.StreamHandler())
    web.run_app(app, host=LOOPBACK, port=port, access_log=logger, print=None)


if __name__ == "__main__":
    main()
