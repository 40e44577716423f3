"""Finding a deployment, and saying plainly why there is none."""

import json
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from infra.admin import stack
from infra.admin.main import cli
from tests.admin.operator import Operator, deploy_stack
from tests.in_memory import InMemory
from tests.template import ROOT, load


def test_every_output_that_is_read_is_one_of_the_template() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "infra/admin").glob("*.py"))
    outputs = set(load()["Outputs"])

    tables = {f"{name}Table" for name in ("Merchants", "Catalogue", "Stock", "Orders")}
    read = tables | {"VaultKeyArn", "MailQueueUrl", "ApiUrl"}
    read |= {"MailDeadQueueUrl", "OrdersStreamDeadQueueUrl"}

    assert all(name.removesuffix("Table") in source for name in read)
    assert read <= outputs


def test_options_stand_before_or_after_the_command(cloud: InMemory) -> None:
    deploy_stack(cloud, "other")
    operator = Operator(cloud)

    assert operator.done("merchant", "list", "--stack", "other") == {"merchants": []}
    assert operator.done("--stack", "other", "merchant", "list") == {"merchants": []}
    assert operator.done("merchant", "--stack", "other", "list") == {"merchants": []}


def test_a_stack_that_is_not_there_is_named(cloud: InMemory) -> None:
    error = Operator(cloud).refused("merchant", "list", "--stack", "nowhere")

    assert error["type"] == "stack-unknown"
    assert "'nowhere' in eu-central-1" in error["detail"]


def test_a_stack_of_somebody_else_is_told_apart(cloud: InMemory) -> None:
    body = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    boto3.client("cloudformation").create_stack(StackName="scrip", TemplateBody=json.dumps(body))

    error = Operator(cloud).refused("merchant", "list")

    assert error["type"] == "stack-foreign"


def test_a_region_may_be_named(cloud: InMemory) -> None:
    deploy_stack(cloud)

    error = Operator(cloud).refused("merchant", "list", "--region", "us-west-2")

    assert "in us-west-2" in error["detail"]


def test_without_credentials_that_is_what_is_said(
    cloud: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    assert Operator(cloud).refused("merchant", "list")["type"] == "credentials-missing"
    profile = Operator(cloud).refused("merchant", "list", "--profile", "nobody")
    assert profile["type"] == "credentials-missing"


def test_without_a_region_that_is_what_is_said(
    cloud: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    assert Operator(cloud).refused("merchant", "list")["type"] == "region-missing"


def test_without_a_local_cloud_that_is_what_is_said(
    cloud: InMemory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stack, "PROJECT", tmp_path)

    missing = Operator(cloud).refused("merchant", "list", "--local")

    assert missing["type"] == "local-cloud-missing"


def test_the_local_cloud_is_found_and_said_to_be_down(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".local").mkdir()
    described = {"endpoint": "http://127.0.0.1:9", "base_url": "http://127.0.0.1:9/x"}
    (tmp_path / ".local/cloud.json").write_text(json.dumps(described))

    result = subprocess.run(
        [sys.executable, "-m", "infra.admin.main", "merchant", "list", "--local"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'layers/scrip/python'}"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert result.returncode == 1
    assert result.stderr.strip() == (
        "scrip-admin: not now, run it again: local-cloud-down: "
        "nobody answers at http://127.0.0.1:9: start it with `make run`"
    )


def test_every_command_says_what_it_does_and_answers_in_json() -> None:
    leaves = [
        command
        for group in cli.commands.values()
        for command in group.commands.values()  # type: ignore[attr-defined]
    ]

    assert len(leaves) >= 14
    for leaf in leaves:
        assert leaf.help, leaf.name
        assert "json" in {parameter.name for parameter in leaf.params}, leaf.name
