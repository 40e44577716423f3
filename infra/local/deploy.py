"""Deploy template.yaml, as it is, to the local cloud.

The steps of `sam build` and `sam deploy`, in a fraction of their time (docs/decisions/0003): build
and zip each layer and function, upload, put the addresses where the template has folders, create or
update the stack. What did not change is neither built nor uploaded nor deployed again.
"""

import hashlib
import json
import platform
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from infra.local.aws import client
from infra.local.process import LocalCloudError
from infra.packaging.build import ROOT, build, sources_of

STACK = "scrip"
BUCKET = "scrip-packages"
PACKAGES = ROOT / "build/packages"
"""Zips by digest, shared by every local cloud of this checkout."""

CODE_PROPERTIES = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}
UNEVALUATED = ("kms:EncryptionContext", "ses:")
"""Prefixes of condition keys that ministack 1.5 does not know."""

DEPLOY_SECONDS = 120
NESTED_HINT = (
    "\nIf infra/tables.yaml, keys.yaml or queues.yaml changed: the emulator cannot update a nested "
    "stack in place. `make reset` forgets the local data and starts anew."
)

Say = Callable[[str], None]
Json = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref x` -> `{"Ref": x}`)."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Json:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def load_template(path: Path) -> Json:
    """A template file as plain data, in the long form."""
    template: Json = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506
    return template


def stack_digest(parameters: Mapping[str, str]) -> str:
    """Changes whenever a deployment would: templates, sources, packages, parameters, Python."""
    template = load_template(ROOT / "template.yaml")
    digest = hashlib.sha256(json.dumps(sorted(parameters.items())).encode())
    for path in (ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))):
        digest.update(path.read_bytes())
    for logical_id in built_resources(template):
        digest.update(package_digest(logical_id).encode())
    return digest.hexdigest()


def built_resources(template: Json) -> Iterator[str]:
    """The logical ids that are built and uploaded: layers and functions."""
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] in CODE_PROPERTIES:
            yield logical_id


def package_digest(logical_id: str) -> str:
    """Of everything that decides a package's content, this machine's Python included."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {platform.machine()}".encode())
    for path in sources_of(logical_id):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def package(logical_id: str) -> Path:
    """Build and zip one layer or function for this machine, unless an equal zip exists."""
    digest = package_digest(logical_id)
    zipped = PACKAGES / f"{logical_id}-{digest}.zip"
    if zipped.exists():
        return zipped
    PACKAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PACKAGES) as scratch:
        content = Path(scratch) / "content"
        build(logical_id, content, "host")
        if not any(content.iterdir()):
            raise LocalCloudError(f"{logical_id} is empty: nothing in its folder")
        unfinished = Path(scratch) / "package.zip"
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in sorted(content.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(content))
        shutil.move(unfinished, zipped)
    return zipped


def deploy(endpoint: str, parameters: Mapping[str, str], say: Say) -> dict[str, str]:
    """Create or update the stack at `endpoint`; returns its outputs."""
    template = load_template(ROOT / "template.yaml")
    with ThreadPoolExecutor(2) as pool:
        packages = dict(
            zip(
                built_resources(template),
                pool.map(package, built_resources(template)),
                strict=True,
            )
        )
    say(f"packaged {len(packages)} layers and functions")
    loosen_policies(template)
    upload(endpoint, template, packages)
    apply_stack(endpoint, template, parameters, say)
    return stack_outputs(endpoint)


def loosen_policies(template: Json) -> None:
    """Take out of the policies what the emulator cannot evaluate, and would therefore refuse.

    Conditions on keys that it never fills in, and the identity a mail is sent from (it authorizes
    on `*`). So the local cloud enforces actions, tables, indexes, queues and keys, but not these:
    tests read them off the template instead.
    """
    for resource in template["Resources"].values():
        for policy in resource.get("Properties", {}).get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                keys = [key for test in statement.get("Condition", {}).values() for key in test]
                if any(key.startswith(UNEVALUATED) for key in keys):
                    del statement["Condition"]
                if statement["Action"] == ["ses:SendEmail"]:
                    statement["Resource"] = "*"


def speak_http(template: Json) -> None:
    """Take out the bucket policies that refuse requests without TLS: the local cloud has none."""
    for logical_id, resource in list(template["Resources"].items()):
        if resource["Type"] == "AWS::S3::BucketPolicy":
            statements = resource["Properties"]["PolicyDocument"]["Statement"]
            if all("aws:SecureTransport" in str(each["Condition"]) for each in statements):
                del template["Resources"][logical_id]


def upload(endpoint: str, template: Json, packages: Mapping[str, Path]) -> None:
    """Put packages and nested templates into a bucket, and their addresses into `template`."""
    s3 = client(endpoint, "s3")
    s3.create_bucket(Bucket=BUCKET)
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] in CODE_PROPERTIES:
            path = packages[logical_id]
            s3.put_object(Bucket=BUCKET, Key=path.name, Body=path.read_bytes())
            where = {"Bucket": BUCKET, "Key": path.name}
            resource["Properties"][CODE_PROPERTIES[resource["Type"]]] = where
        elif resource["Type"] == "AWS::CloudFormation::Stack":
            source = ROOT / resource["Properties"]["TemplateURL"]
            nested = load_template(source)
            speak_http(nested)
            body = json.dumps(nested, default=str).encode()
            key = f"{source.stem}-{hashlib.sha256(body).hexdigest()[:20]}.json"
            s3.put_object(Bucket=BUCKET, Key=key, Body=body)
            # Not the endpoint's address: its port may change, and a nested stack whose properties
            # change is updated, at which the emulator forgets the attributes of what stays in it.
            resource["Properties"]["TemplateURL"] = f"https://s3.amazonaws.com/{BUCKET}/{key}"


def apply_stack(endpoint: str, template: Json, parameters: Mapping[str, str], say: Say) -> None:
    """Create or update, and wait, telling how far it is."""
    body = json.dumps(template, default=str).encode()
    key = f"template-{hashlib.sha256(body).hexdigest()[:20]}.json"
    client(endpoint, "s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    request = {
        "StackName": STACK,
        "TemplateURL": f"{endpoint}/{BUCKET}/{key}",
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in sorted(parameters.items())
        ],
    }
    cloudformation = client(endpoint, "cloudformation")
    status = stack_status(cloudformation)
    if status is None:
        cloudformation.create_stack(**request)
    else:
        try:
            cloudformation.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
            return
    wait_for_stack(cloudformation, say)


def stack_status(cloudformation: Any) -> str | None:
    """The stack's status, None if there is none."""
    try:
        stacks = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return str(stacks[0]["StackStatus"])


def wait_for_stack(cloudformation: Any, say: Say) -> None:
    deadline = time.monotonic() + DEPLOY_SECONDS
    told = 0.0
    while time.monotonic() < deadline:
        status = stack_status(cloudformation)
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return
        if status is None or not status.endswith("_IN_PROGRESS"):
            hint = "" if status == "ROLLBACK_COMPLETE" else NESTED_HINT
            raise LocalCloudError(f"{status}: {failures(cloudformation)}{hint}")
        if time.monotonic() - told > 2:
            told = time.monotonic()
            done = [
                resource
                for resource in cloudformation.describe_stack_resources(StackName=STACK)[
                    "StackResources"
                ]
                if resource["ResourceStatus"].endswith("_COMPLETE")
            ]
            say(f"deploying: {len(done)} resources done")
        time.sleep(0.1)
    raise LocalCloudError(f"the stack was not ready in {DEPLOY_SECONDS} s")


def failures(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    return "; ".join(
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
    )


def stack_outputs(endpoint: str) -> dict[str, str]:
    stacks = client(endpoint, "cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
