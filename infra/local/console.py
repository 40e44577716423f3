"""What `make run` and `make demo` print."""

import sys
import time

from infra.local.purchase import Step


class Console:
    """Lines with the seconds since the start in front."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.started:6.1f} s  {text}", flush=True)

    def say_step(self, step: Step) -> None:
        requests = sum(step.aws_requests.values())
        counted = f"{requests} AWS requests" if requests != 1 else "1 AWS request"
        self.say(f"  {step.name:<26}{step.ms:8.0f} ms  {counted:<16}  {step.note}".rstrip())

    def fail(self, error: Exception) -> None:
        print(f"\nfailed: {error}", file=sys.stderr, flush=True)
