"""One cold start under AWS's runtime interface emulator (RIE).

The emulator is the static binary that aws-sam-cli carries inside its package. It serves the Lambda
runtime API to a runtime process (here `awslambdaric`, AWS's own Python client for it) and starts
that process on the first request. Observed of that binary, and relied on here:

- `INIT REPORT(durationMs: ...)` is the time from starting the interpreter until the handler's
  module is imported. The `Init Duration` of the closing REPORT line is not: it stops before the
  runtime starts (github.com/aws/aws-lambda-runtime-interface-emulator/issues/106).
- A handler that cannot be imported gets an INIT REPORT too, so the status has to be read with it.
- On SIGTERM it kills the runtime process it started; on SIGKILL it would leave that behind.
- Called with `--help` it never ends.
"""

import platform
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_START_TIMEOUT_SECONDS = 10.0
_INIT_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.01

_INVOCATION = (
    b"POST /2015-03-31/functions/function/invocations HTTP/1.1\r\n"
    b"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
)

# Nothing answers on the discard port: a function that works on during INIT reaches no cloud.
_NOWHERE = "http://127.0.0.1:9"
_LAMBDA_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "cold-start",
    "AWS_SECRET_ACCESS_KEY": "cold-start",
    "AWS_SESSION_TOKEN": "cold-start",
    "AWS_ENDPOINT_URL": _NOWHERE,
    # A layer is read-only in Lambda: a sample must not leave bytecode for the next one.
    "PYTHONDONTWRITEBYTECODE": "1",
}

_DURATION = re.compile(
    r"INIT REPORT\([^)\n]*\bdurationMs: (?P<rapid>\d+(?:\.\d+)?)"
    r"|INIT_REPORT Init Duration: (?P<platform>\d+(?:\.\d+)?) ms"
)
_FAILURE = re.compile(
    r"INIT RTDONE\(status: (?!success)"
    r"|INIT REPORT\([^)\n]*\bstatus: (?!success)"
    r"|INIT_REPORT [^\n]*\bStatus: (?!success)"
)


class EmulatorAbsent(Exception):
    """There is no emulator to measure with on this machine."""


class InitFailed(Exception):
    """The function did not reach its first invocation."""


@dataclass(frozen=True)
class FunctionPackage:
    """A function as Lambda would get it: unpacked, with its layers and its environment."""

    code: Path
    """The folder that would be /var/task; the handler's module lies in it."""
    layers: tuple[Path, ...] = ()
    """Folders that would be unpacked into /opt, each with a `python` folder."""
    environment: Mapping[str, str] = field(default_factory=dict)
    handler: str = "handler.handler"

    def import_path(self) -> tuple[Path, ...]:
        """The folders Lambda puts on `sys.path` for this function, in its order."""
        return (self.code, *(layer / "python" for layer in self.layers))


@dataclass(frozen=True)
class Emulator:
    """Everything a sample needs besides the function."""

    binary: Path
    interpreter: Path
    runtime: Path
    """Folder with `awslambdaric`, installed for that interpreter."""
    scratch: Path
    """Empty folder: HOME, TMPDIR and the log of the sample."""

    def init_ms(self, package: FunctionPackage) -> float:
        """Start the function in a fresh process and answer the milliseconds of its INIT phase."""
        log = self.scratch / "emulator.log"
        with log.open("wb") as output, self._running(package, output) as (process, port):
            connection = _connect(process, port, log)
            with connection:
                connection.sendall(_INVOCATION)
                return _wait_for_init(process, log)

    @contextmanager
    def _running(
        self, package: FunctionPackage, output: IO[bytes]
    ) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
        port, runtime_port = _free_ports(2)
        process = subprocess.Popen(
            [
                self.binary,
                f"--runtime-interface-emulator-address=127.0.0.1:{port}",
                f"--runtime-api-address=127.0.0.1:{runtime_port}",
                self.interpreter,
                # No site-packages: what the package forgot cannot be found elsewhere.
                "-S",
                "-m",
                "awslambdaric",
                package.handler,
            ],
            cwd=package.code,
            env=self._environment(package),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield process, port
        finally:
            process.terminate()
            process.wait()

    def _environment(self, package: FunctionPackage) -> dict[str, str]:
        path = (*package.import_path(), self.runtime)
        return {
            **_LAMBDA_ENVIRONMENT,
            "HOME": str(self.scratch),
            "TMPDIR": str(self.scratch),
            "LAMBDA_TASK_ROOT": str(package.code),
            "PYTHONPATH": ":".join(str(folder.resolve()) for folder in path),
            **package.environment,
        }


def find_binary(sam_environment: Path) -> Path:
    """The emulator inside the virtual environment that holds the SAM CLI."""
    machine = platform.machine()
    architecture = "arm64" if machine in ("arm64", "aarch64") else machine
    name = f"samcli/local/rapid/aws-lambda-rie-{architecture}"
    if platform.system() != "Linux":
        raise EmulatorAbsent("the runtime interface emulator runs on Linux only")
    for found in sorted(sam_environment.glob(f"lib/python3*/site-packages/{name}")):
        return found
    raise EmulatorAbsent(f"no {name} under {sam_environment} (make setup-sam)")


def parse_init_ms(log: str) -> float | None:
    """The duration of the first INIT in the emulator's log, or None while it is not there yet."""
    reported = _DURATION.search(log)
    if reported is None:
        return None
    # A failed INIT is tried again at once, with a report of its own: look at the first one only.
    end_of_line = log.find("\n", reported.end())
    first_attempt = log if end_of_line < 0 else log[:end_of_line]
    if _FAILURE.search(first_attempt):
        raise InitFailed(log)
    return float(reported["rapid"] or reported["platform"])


def _wait_for_init(process: subprocess.Popen[bytes], log: Path) -> float:
    deadline = time.monotonic() + _INIT_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        # Whether it ended is asked before reading, so that its last words are not missed.
        ended = process.poll() is not None
        text = log.read_text(errors="replace")
        # The log is read while it is written: only whole lines count.
        if (duration_ms := parse_init_ms(text[: text.rfind("\n") + 1])) is not None:
            return duration_ms
        if ended:
            break
        time.sleep(_POLL_SECONDS)
    raise InitFailed(log.read_text(errors="replace"))


def _connect(process: subprocess.Popen[bytes], port: int, log: Path) -> socket.socket:
    deadline = time.monotonic() + _START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=_INIT_TIMEOUT_SECONDS)
        except OSError:
            time.sleep(_POLL_SECONDS)
    raise InitFailed(f"the emulator does not listen: {log.read_text(errors='replace')}")


def _free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that were free a moment ago, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports
