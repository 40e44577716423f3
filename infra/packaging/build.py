"""Build one layer or function into a folder, ready to be zipped.

Two callers, one way: `sam build` (through the Makefile beside this file) and the local cloud.
Standard library only.

Byte code is most of a cold start: zips reset the files' times, so ordinary `.pyc` files count as
stale and every cold start compiles everything again. So all code is compiled here, by the Python
that will run it, into `.pyc` files that are never checked against their source.
"""

import argparse
import compileall
import os
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.packaging.botocore_data import trim_botocore

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = (3, 13)
"""The Python of the template's `Runtime`."""

PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
"""Target -> what Lambda's Amazon Linux 2023 can load. The third target, `host`, is this machine."""

PACKAGES = {"Dependencies": "layers/dependencies", "Spreadsheets": "layers/spreadsheets"}
"""Layers of pinned packages -> where their lists are."""

NOT_NEEDED = (
    "bin",
    "share",
    "boto3",
    "s3transfer",
    "cffi",  # cryptography needs its compiled half only (_cffi_backend)
    "cffi-*.dist-info",
    "pycparser",
    "pycparser-*.dist-info",
    "**/tests",
    "**/__pycache__",
    "**/*.pyi",
    "**/*.c",
    "**/*.h",
    "**/py.typed",
    "*.dist-info/licenses/sboms",
    "*.dist-info/sboms",
    "*.dist-info/RECORD",
    "*.dist-info/direct_url.json",
    "*.dist-info/uv_cache.json",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    ".lock",
)


class BuildError(Exception):
    """What is missing on this machine, in a sentence an operator can act on."""


def build(logical_id: str, out: Path, target: str = "arm64") -> None:
    """Fill `out` with the content of a layer or function, for `arm64`, `x86_64` or `host`."""
    interpreter = find_interpreter(target)
    out.mkdir(parents=True, exist_ok=True)
    if logical_id in PACKAGES:
        install(ROOT / PACKAGES[logical_id] / "requirements.txt", out / "python", target)
        compile_all(out, interpreter, "/opt")
    elif logical_id == "Scrip":
        copy_sources(ROOT / "layers/scrip/python", out / "python")
        compile_all(out, interpreter, "/opt")
    else:
        copy_sources(ROOT / "functions" / folder_of(logical_id), out)
        compile_all(out, interpreter, "/var/task")


def sources_of(logical_id: str) -> list[Path]:
    """The files that decide what `build` makes: a digest of them says whether it must run again."""
    if logical_id in PACKAGES:
        found = [ROOT / PACKAGES[logical_id] / "requirements.txt"]
    elif logical_id == "Scrip":
        found = list(source_files(ROOT / "layers/scrip/python"))
    else:
        found = list(source_files(ROOT / "functions" / folder_of(logical_id)))
    return [*Path(__file__).parent.glob("*.py"), *found]


def folder_of(logical_id: str) -> str:
    """`ApiAcceptPayment` -> `api_accept_payment`."""
    return "".join("_" + c.lower() if c.isupper() else c for c in logical_id).lstrip("_")


def find_interpreter(target: str) -> str:
    """The Python to compile with; it must be the one that will run the code."""
    if target == "host":
        return sys.executable
    if target not in PLATFORMS:
        raise BuildError(f"no such target: {target} (arm64, x86_64 or host)")
    wanted = "{}.{}".format(*RUNTIME)
    named = os.environ.get("SCRIP_RUNTIME_PYTHON")
    candidates = (
        [named] if named else [f"python{wanted}", *pyenv_interpreters(wanted), sys.executable]
    )
    for candidate in candidates:
        found = shutil.which(candidate)
        if found and version_of(found) == wanted:
            return found
    raise BuildError(
        f"Packages for Lambda are compiled with the runtime's own Python {wanted}, "
        f"which is not on the PATH. Install it (for instance `uv python install {wanted}`), "
        "or name it in SCRIP_RUNTIME_PYTHON."
    )


def pyenv_interpreters(wanted: str) -> list[str]:
    """Where pyenv keeps a version even when its shim points elsewhere."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return [str(path) for path in sorted(root.glob(f"versions/{wanted}.*/bin/python{wanted}"))]


def version_of(interpreter: str) -> str | None:
    """`3.13`, or None when it does not run (a pyenv shim without a version behind it)."""
    asked = subprocess.run(
        [interpreter, "-c", "import sys; print('{}.{}'.format(*sys.version_info))"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() if asked.returncode == 0 else None


def install(requirements: Path, out: Path, target: str) -> None:
    """The pinned, hashed run-time packages, then without what no function imports."""
    beside = str(Path(sys.executable).parent)
    uv = shutil.which("uv", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if uv is None:
        raise BuildError("uv is missing: run `make setup` first.")
    command = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
    ]
    command += ["--target", str(out), "--link-mode", "copy"]
    if target == "host":
        command += ["--python", sys.executable]
    else:
        command += ["--python-platform", PLATFORMS[target]]
        command += ["--python-version", "{}.{}".format(*RUNTIME)]
    command += ["-r", str(requirements)]
    subprocess.run(command, check=True)
    for pattern in NOT_NEEDED:
        for path in list(out.glob(pattern)):
            remove(path)
    if (out / "botocore").exists():
        trim_botocore(out / "botocore/data")


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def source_files(folder: Path) -> Iterator[Path]:
    """What belongs into a package: not byte code, not the caches of tools."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(p.startswith(".") or p == "__pycache__" for p in parts):
            yield path


def copy_sources(folder: Path, out: Path) -> None:
    for path in source_files(folder):
        to = out / path.relative_to(folder)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)


def compile_all(out: Path, interpreter: str, runs_at: str) -> None:
    """Compile in place; tracebacks will name files as they lie on Lambda, under `runs_at`."""
    if Path(interpreter) == Path(sys.executable):
        done = compileall.compile_dir(
            out,
            quiet=1,
            stripdir=str(out),
            prependdir=runs_at,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        if not done:
            raise BuildError(f"some files under {out} do not compile")
        return
    command = [interpreter, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(out), "-p", runs_at, str(out)]
    subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Build one layer or function into a folder.")
    parser.add_argument(
        "logical_id", help="as in template.yaml: Dependencies, Scrip, ApiAcceptPayment ..."
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--target", default="arm64", help="arm64 (default), x86_64 or host")
    given = parser.parse_args()
    try:
        build(given.logical_id, given.out, given.target)
    except BuildError as error:
        sys.exit(f"build: {error}")


if __name__ == "__main__":
    main()
