"""One invocation of `queue_import_file` in a process of its own: its time, memory and requests.

    python -m tests.bench.file_import_run 900 < event.json

The first argument: seconds that the invocation has. Writes one line of JSON to stdout.
"""

import importlib
import io
import json
import re
import sys
import time
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from unittest import mock

from tests.bench.meter import Meter
from tests.in_memory import Context

NOT_ON_LAMBDA = ("numpy", "PIL", "lxml", "pandas")
"""The reader of spreadsheets would import these, were they there."""


def main(seconds: float) -> None:
    event = json.load(sys.stdin)
    for name in NOT_ON_LAMBDA:
        sys.modules[name] = None  # type: ignore[assignment]
    handler = importlib.import_module("functions.queue_import_file.handler")
    clients = importlib.import_module("scrip.wiring.clients")
    meter = Meter(clients.session())
    started, cpu = time.monotonic(), time.process_time()
    deadline = started + seconds

    def left(_: Context) -> int:
        return int((deadline - time.monotonic()) * 1000)

    with (
        redirect_stdout(io.StringIO()),
        meter.counting_all_threads() as tally,
        mock.patch.object(Context, "get_remaining_time_in_millis", left),
    ):
        tally.calls = _Forgetful()
        answer = handler.handler(event, replace(Context(), memory_limit_in_mb=1024))
    seen = {
        "seconds": time.monotonic() - started,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mb": peak_kilobytes() / 1024,
        "wcu": tally.wcu,
        "rcu": tally.rcu,
        "requests": dict(tally.requests),
        "failed": len(answer["batchItemFailures"]),
    }
    sys.stdout.write(json.dumps(seen) + "\n")


def peak_kilobytes() -> int:
    """Of this process alone: what getrusage tells on Linux begins with the parent's memory."""
    [peak] = re.findall(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    return int(peak)


class _Forgetful(list):  # type: ignore[type-arg]
    """The meter keeps every request's parameters: a million codes of them are not the import's."""

    def append(self, _: object) -> None:
        """Of refused writes it wants the last one: there are none."""


if __name__ == "__main__":
    main(float(sys.argv[1]))
