"""The Python that stands in for Lambda's: the template's version where the machine has it."""

import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.packaging import build

# The base interpreter: inside a virtual environment `sys.executable` would bring its site-packages
# along, and a version manager's shim would add a shell's start to every sample.
_PROBE = (
    "import sys; print(getattr(sys, '_base_executable', sys.executable), sys.version_info[0],"
    " sys.version_info[1], sys.implementation.cache_tag, sep='\\n')"
)


@dataclass(frozen=True)
class Interpreter:
    executable: Path
    version: tuple[int, int]
    cache_tag: str
    """The part of a bytecode file's name that says who can read it, such as `cpython-313`."""
    target: str
    """What packages are built for to run under it here: an architecture, or `host`."""


def find_interpreter() -> Interpreter:
    """The runtime's Python if this machine has one, else the Python that runs this."""
    machine = platform.machine()
    target = "arm64" if machine in ("arm64", "aarch64") else machine
    try:
        return probe(build.find_interpreter(target), target)
    except build.BuildError:
        return probe(sys.executable, "host")


def probe(executable: str, target: str) -> Interpreter:
    """What that interpreter says of itself."""
    answer = subprocess.run(
        [executable, "-I", "-c", _PROBE], capture_output=True, text=True, check=True
    )
    path, major, minor, cache_tag = answer.stdout.splitlines()
    return Interpreter(Path(path), (int(major), int(minor)), cache_tag, target)
