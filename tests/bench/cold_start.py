"""How long the packaged functions take to start, compared with the least any AWS function needs.

The yardstick is a handler that does nothing but `boto3.client("dynamodb")`. It and the functions
run in turn, each sample in a fresh process under the runtime interface emulator, so that a slow
moment of the machine hits all of them. Milliseconds depend on the machine; the ratios of the
medians are the figures to compare.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench.interpreter import Interpreter, find_interpreter
from tests.bench.packages import build_functions
from tests.bench.runtime_emulator import Emulator, FunctionPackage, find_binary

CALLBACK = "api_accept_payment"
"""The function behind `cold_start.callback_ratio`: a provider waits for it."""
DEFAULT_SAMPLES = 21

_REPOSITORY = Path(__file__).parents[2]
_BASELINE_HANDLER = """\
import boto3

client = boto3.client("dynamodb")


def handler(event, context):
    return {}
"""
# PEP 552: the flags word of a bytecode file that is believed without looking at its source.
_UNCHECKED_HASH = (1).to_bytes(4, "little")


class NotCompiled(Exception):
    """A package would be compiled anew on every cold start, so its figure would say nothing."""


def measure(
    functions: Mapping[str, FunctionPackage],
    samples: int = DEFAULT_SAMPLES,
    *,
    sam_environment: Path = _REPOSITORY / ".venv-sam",
    interpreter: Interpreter | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, float]:
    """INIT of each function over INIT of the yardstick, medians of `samples` fresh processes each.

    The packages must have been compiled by the same `interpreter` (by default the one that
    `find_interpreter` answers). `sam_environment` is the virtual environment with the SAM CLI;
    without one, `EmulatorAbsent` is raised.

    Keys: `cold_start.<function>` and, for the payment callback once more,
    `cold_start.callback_ratio` (ratios); `cold_start.baseline_ms` (milliseconds on this machine);
    `cold_start.python_version` (such as 3.13).
    """
    chosen = interpreter or find_interpreter()
    binary = find_binary(sam_environment)
    for package in functions.values():
        for folder in package.import_path():
            require_compiled(folder, chosen)
    with tempfile.TemporaryDirectory(prefix="cold-start-") as name:
        workspace = Path(name)
        progress(f"cold start: Python {_version(chosen)}, {samples} fresh processes each, in turn")
        emulator, baseline = _prepare(workspace, binary, chosen)
        timings_ms = _sample(emulator, baseline, functions, samples, progress)
    baseline_ms = statistics.median(timings_ms.pop(""))
    figures = {
        f"cold_start.{function}": round(statistics.median(timings) / baseline_ms, 3)
        for function, timings in timings_ms.items()
    }
    if CALLBACK in functions:
        figures["cold_start.callback_ratio"] = figures[f"cold_start.{CALLBACK}"]
    figures["cold_start.baseline_ms"] = round(baseline_ms, 1)
    figures["cold_start.python_version"] = float(_version(chosen))
    return figures


def measure_repository(
    samples: int = DEFAULT_SAMPLES, progress: Callable[[str], None] = lambda _: None
) -> dict[str, float]:
    """Build this repository's functions and `measure` them."""
    interpreter = find_interpreter()
    with tempfile.TemporaryDirectory(prefix="packages-") as folder:
        progress("cold start: building the packages")
        functions = build_functions(Path(folder), interpreter.target)
        return measure(functions, samples, interpreter=interpreter, progress=progress)


def require_compiled(folder: Path, interpreter: Interpreter) -> None:
    """Refuse a folder with a module that this interpreter would compile, or check, at import."""
    for source in sorted(folder.rglob("*.py")):
        bytecode = source.parent / "__pycache__" / f"{source.stem}.{interpreter.cache_tag}.pyc"
        if not bytecode.is_file():
            raise NotCompiled(f"{source} has no bytecode for {interpreter.cache_tag}")
        with bytecode.open("rb") as file:
            if file.read(8)[4:] != _UNCHECKED_HASH:
                raise NotCompiled(f"{bytecode} is checked against its source at import")


def _prepare(
    workspace: Path, binary: Path, interpreter: Interpreter
) -> tuple[Emulator, FunctionPackage]:
    """Install and compile AWS's runtime client and the yardstick's boto3, pinned like the rest."""
    runtime, layer, code, scratch = (workspace / name for name in ("rt", "layer", "code", "home"))
    for folder in (code, scratch):
        folder.mkdir()
    _install("awslambdaric", runtime, interpreter)
    _install("boto3", layer / "python", interpreter)
    (code / "handler.py").write_text(_BASELINE_HANDLER)
    for folder in (runtime, layer, code):
        _compile(folder, interpreter)
    emulator = Emulator(binary, interpreter.executable, runtime, scratch)
    return emulator, FunctionPackage(code, (layer,))


def _install(package: str, target: Path, interpreter: Interpreter) -> None:
    pins = _REPOSITORY / "requirements" / "dev.txt"
    _run(
        *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--link-mode", "copy"),
        *("--only-binary", ":all:", "--constraint", str(pins)),
        *("--python", str(interpreter.executable), "--target", str(target), package),
    )


def _compile(folder: Path, interpreter: Interpreter) -> None:
    _run(
        *(str(interpreter.executable), "-m", "compileall", "-q"),
        *("--invalidation-mode", "unchecked-hash", str(folder)),
    )


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def _sample(
    emulator: Emulator,
    baseline: FunctionPackage,
    functions: Mapping[str, FunctionPackage],
    samples: int,
    progress: Callable[[str], None],
) -> dict[str, list[float]]:
    """INIT milliseconds of the yardstick (under the empty name) and of each function."""
    contenders = {"": baseline, **functions}
    timings_ms: dict[str, list[float]] = {name: [] for name in contenders}
    # The first round only brings the files into the page cache.
    for round_number in range(samples + 1):
        for name, package in contenders.items():
            init_ms = emulator.init_ms(package)
            if round_number:
                timings_ms[name].append(init_ms)
        if round_number and round_number % 5 == 0:
            progress(f"cold start: {round_number} of {samples} rounds")
    return timings_ms


def _version(interpreter: Interpreter) -> str:
    return ".".join(str(part) for part in interpreter.version)


if __name__ == "__main__":
    print(json.dumps(measure_repository(progress=print), indent=2))
