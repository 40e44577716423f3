"""`make prove-deploy`: the real `sam build` and `sam deploy`, against a throw-away local cloud.

1. Build for AWS (arm64) where there is a Python of the runtime's version, and look at the result:
   every library is for that processor, every module compiled by that Python.
2. Build for this machine, deploy with SAM, buy a code: layers, packages, nested stacks and all.
"""

import importlib.util
import os
import platform
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.local.aws import REGION, ROOT_KEY_ID, ROOT_SECRET
from infra.local.cloud import running_cloud
from infra.local.console import Console
from infra.local.deploy import STACK, Say, stack_outputs
from infra.local.process import LocalCloudError
from infra.local.purchase import buy
from infra.local.seed import PRODUCTS, ensure_shop
from infra.packaging.build import ROOT, BuildError, find_interpreter

SAM = ROOT / ".venv-sam/bin/sam"
ELF_MACHINE = {"arm64": 183, "x86_64": 62}
"""e_machine in an ELF header, bytes 18 and 19."""

UNCHECKED_HASH = 1
"""Flags of a `.pyc` that is never compared with its source (PEP 552)."""


def main() -> int:
    console = Console()
    try:
        prove_aws_build(console.say)
        with tempfile.TemporaryDirectory() as scratch:
            prove_deployment(Path(scratch), console)
    except (LocalCloudError, BuildError) as error:
        console.fail(error)
        return 1
    return 0


def prove_aws_build(say: Say) -> None:
    try:
        interpreter = find_interpreter("arm64")
    except BuildError as error:
        say(f"not built for AWS on this machine: {error}")
        return
    out = sam_build("arm64", "arm64")
    libraries = sorted(out.rglob("*.so"))
    wrong = [path.name for path in libraries if machine_of(path) != ELF_MACHINE["arm64"]]
    if wrong or not libraries:
        raise LocalCloudError(f"not for arm64: {wrong or 'no library at all'}")
    magic = magic_of(interpreter)
    sources = [path for path in out.rglob("*.py") if path.stat().st_size]
    stale = [str(path.relative_to(out)) for path in sources if not compiled(path, magic)]
    if stale:
        raise LocalCloudError(f"not compiled by {interpreter}: {stale[:5]}")
    say(f"sam build for arm64: {len(libraries)} libraries, {len(sources)} compiled modules")


def prove_deployment(scratch: Path, console: Console) -> None:
    architecture = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    out = sam_build("host", architecture)
    console.say("sam build for this machine")

    def deployer(endpoint: str, parameters: dict[str, str], say: Say) -> dict[str, str]:
        say("sam deploy, about 15 seconds")
        sam_deploy(endpoint, out / "template.yaml", parameters | {"Architecture": architecture})
        return stack_outputs(endpoint)

    with running_cloud(scratch, say=console.say, deployer=deployer) as cloud:
        shop = ensure_shop(cloud, console.say)
        purchase = buy(cloud, shop, PRODUCTS[0].variant_id, console.say_step)
    if purchase.state != "delivered" or not purchase.codes:
        raise LocalCloudError(f"the order ended as {purchase.state}")
    console.say("proven: built, deployed and sold")


def sam_build(target: str, architecture: str) -> Path:
    out = ROOT / f"build/sam-{target}"
    command = [str(SAM), "build", "--build-dir", str(out)]
    run(
        [*command, "--parameter-overrides", f"Architecture={architecture}"],
        os.environ | {"SCRIP_TARGET": target, "SAM_CLI_TELEMETRY": "0"},
    )
    return out


def sam_deploy(endpoint: str, template: Path, parameters: dict[str, str]) -> None:
    command = [str(SAM), "deploy", "--template-file", str(template), "--stack-name", STACK]
    command += ["--resolve-s3", "--no-confirm-changeset", "--region", REGION]
    command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": tempfile.gettempdir(),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ROOT_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
        "SAM_CLI_TELEMETRY": "0",
    }
    run(command, environment)


def run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LocalCloudError(f"{' '.join(command[:2])} failed:\n{done.stdout}\n{done.stderr}")


def machine_of(library: Path) -> int:
    machine: int = struct.unpack_from("<H", library.read_bytes()[:20], 18)[0]
    return machine


def magic_of(interpreter: str) -> bytes:
    """The first four bytes of a `.pyc` of this Python."""
    if interpreter == sys.executable:
        return importlib.util.MAGIC_NUMBER
    asked = "import importlib.util, sys; sys.stdout.buffer.write(importlib.util.MAGIC_NUMBER)"
    return subprocess.run([interpreter, "-c", asked], capture_output=True, check=True).stdout


def compiled(source: Path, magic: bytes) -> bool:
    """Whether a module has byte code of this Python that will be used without a check."""
    for found in (source.parent / "__pycache__").glob(f"{source.stem}.cpython-*.pyc"):
        head = found.read_bytes()[:8]
        if head == magic + struct.pack("<I", UNCHECKED_HASH):
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
