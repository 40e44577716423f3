"""An operator at the command line, before a deployment in memory."""

import json
from dataclasses import dataclass
from typing import Any

import boto3
from click.testing import CliRunner, Result

from infra.admin.main import cli
from tests.in_memory import InMemory

STACK = "scrip"
API_URL = "https://api.example"
DEAD = ("MailDead", "TopUpDead", "ResaleDead", "ImportDead", "OrdersStreamDead")


@dataclass(frozen=True)
class Operator:
    cloud: InMemory

    def run(self, *arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(cli, arguments, input=stdin)

    def done(self, *arguments: str, stdin: str = "") -> Any:
        """What the command answers with --json."""
        result = self.run(*arguments, "--json", stdin=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refused(self, *arguments: str, stdin: str = "") -> dict[str, Any]:
        """The error of a command that says no, told on stdout as JSON and on stderr in a line."""
        result = self.run(*arguments, "--json", stdin=stdin)
        assert result.exit_code == 1, result.output
        error: dict[str, Any] = json.loads(result.stdout)["error"]
        assert result.stderr.strip().splitlines()[-1].startswith("scrip-admin: ")
        assert error["detail"] in result.stderr
        assert "Traceback" not in result.output
        return error

    def open(self, merchant_id: str = "acme") -> None:
        self.done(
            *("merchant", "create", merchant_id, "--name", "Acme"),
            *("--order-url", "https://acme.example/o/{order_id}#{token}"),
        )


def deploy_stack(cloud: InMemory, stack: str = STACK) -> dict[str, str]:
    """A stack with the outputs of template.yaml, and its dead-letter queues."""
    values: dict[str, Any] = {**cloud.values, "ApiUrl": API_URL}
    values |= {f"{name}QueueUrl": {"Ref": name} for name in DEAD}
    body = {
        "Resources": {name: {"Type": "AWS::SQS::Queue"} for name in DEAD},
        "Outputs": {name: {"Value": value} for name, value in values.items()},
    }
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps(body))
    [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
