"""Start and stop the two servers of the local cloud, on loopback only.

- ministack: AWS. State survives SIGTERM in `state/`, so it is always stopped that way.
- localstripe: an independent Stripe that signs and posts its webhooks itself.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import urllib3
from botocore.httpsession import get_cert_path

LOOPBACK = "127.0.0.1"
START_SECONDS = 90
STOP_SECONDS = 30


class LocalCloudError(Exception):
    """The local cloud could not do what was asked; the text says what and where its log is."""


@dataclass
class Server:
    """One child process: where it listens, where its log is."""

    name: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def stop(self) -> None:
        """SIGTERM, and patience: ministack writes its state then. Killed only if it hangs."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_until(self, ready: Callable[[str], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise LocalCloudError(f"{self.name} ended at once; see {self.log}")
            if ready(self.url):
                return
            time.sleep(0.05)
        self.stop()
        raise LocalCloudError(f"{self.name} was not ready in {START_SECONDS} s; see {self.log}")


def free_port(preferred: int, say: Callable[[str], None]) -> int:
    """`preferred` if nobody has it, else one that the system picks, and say so. 0 = any."""
    with socket.socket() as probe:
        # Without SO_REUSEADDR a port in TIME_WAIT from our own last run would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, preferred))
        except OSError:
            probe.bind((LOOPBACK, 0))
            picked = int(probe.getsockname()[1])
            say(f"port {preferred} is taken, using {picked}")
            return picked
        return int(probe.getsockname()[1])


@contextmanager
def sole_user(root: Path) -> Iterator[IO[str]]:
    """Hold the folder's lock: two clouds in one folder would overwrite each other's state.

    ministack gets the lock too, so one that outlived its killed parent still counts.
    """
    with (root / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise LocalCloudError(
                f"a local cloud runs in {root} already: process {lock.read() or '?'}"
            ) from error
        yield lock


def start_aws(
    root: Path,
    port: int,
    lock: IO[str] | None = None,
    *,
    auth: bool = False,
    record: bool = True,
    roots: bytes = b"",
) -> Server:
    """Start ministack with its state, temporary files and log under `root`.

    `lock`: from `sole_user`, where another might use the folder. `auth`: check signatures and the
    functions' policies. `record`: keep a CloudTrail of requests. `roots`: PEM of whom the functions
    trust besides the world's authorities.
    """
    env = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(root / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(root / "s3"),
        "TMPDIR": str(root / "tmp"),
        "HOME": str(root / "tmp"),
        "AUTH": "true" if auth else "false",
        "CLOUDTRAIL_RECORDING": "1" if record else "0",
        "CLOUDTRAIL_MAX_EVENTS": "100000",
        "LOG_LEVEL": "INFO",
    }
    if roots:
        env["PYTHONPATH"] = str(trusting(root, roots))
    forget_stream_positions(root / "state/lambda.json")
    move_to_port(root, port)
    # What a killed run left there: unpacked functions, tens of megabytes for each process.
    shutil.rmtree(root / "tmp", ignore_errors=True)
    command = [sys.executable, "-m", "ministack"]
    server = start("ministack", command, env, root, port, (lock.fileno(),) if lock else ())
    if lock:
        lock.truncate(0)
        lock.write(str(server.process.pid))
        lock.flush()
    server.wait_until(lambda url: answers(f"{url}/_ministack/health"))
    return server


def trusting(root: Path, roots: bytes) -> Path:
    """A folder whose `certifi` has these roots besides the usual ones. botocore asks that package
    where it is installed, and nothing of the functions has to know of it."""
    folder = root / "trusting"
    folder.mkdir(exist_ok=True)
    bundle = folder / "roots.pem"
    bundle.write_bytes(Path(str(get_cert_path(True))).read_bytes() + roots)
    (folder / "certifi.py").write_text(f"def where():\n    return {str(bundle)!r}\n")
    return folder


def forget_stream_positions(state: Path) -> None:
    """Let a restored stream trigger begin at the beginning of its stream.

    ministack keeps the trigger's position over a restart, but not the stream's records: it would
    wait in vain for as many new records as there were before.
    """
    if state.exists():
        kept = json.loads(state.read_text())
        kept["payload"]["dynamodb_stream_positions"]["data"] = {}
        state.write_text(json.dumps(kept))


def move_to_port(root: Path, port: int) -> None:
    """Rewrite the saved state for another port than last time.

    ministack keeps queues by their address, port included: the mail queue's trigger would poll an
    address that has no queue.
    """
    kept = root / "aws.port"
    if kept.exists() and (before := kept.read_text()) != str(port):
        for state in (root / "state").glob("*.json"):
            text = state.read_text()
            state.write_text(text.replace(f"localhost:{before}", f"localhost:{port}"))
    kept.write_text(str(port))


def start_stripe(root: Path, port: int) -> Server:
    """Start localstripe with its store in `root`."""
    command = [sys.executable, "-m", "infra.local.stripe", str(port), str(root / "stripe.pickle")]
    env = {"PYTHONPATH": str(Path(__file__).parents[2])}
    server = start("localstripe", command, env, root, port)
    server.wait_until(lambda url: answers(f"{url}/js.stripe.com/v3/"))
    return server


def start(
    name: str,
    command: list[str],
    env: Mapping[str, str],
    root: Path,
    port: int,
    pass_fds: tuple[int, ...] = (),
) -> Server:
    """Start one server with a small environment of its own.

    Nothing of ours is inherited, above all no AWS_* and no PYTHONPATH: the functions run as its
    children, and must find what they import in their layers.
    """
    for folder in ("state", "s3", "tmp"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    log = root / f"{name}.log"
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "SSL_CERT_FILE") if key in os.environ}
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            env=kept | dict(env),
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal reaches us only; we then stop the servers in order.
            start_new_session=True,
            pass_fds=pass_fds,
        )
    return Server(name, port, log, process)


def answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=2.0).status == 200
    except urllib3.exceptions.HTTPError:
        return False
