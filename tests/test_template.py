"""What the templates promise: every function has its environment, its routes, its alarms and its
way to fail; data survives; nothing may touch more than it names."""

import ast
import importlib
import json
import re
from dataclasses import fields
from itertools import chain
from typing import Any

import pytest

from scrip import settings
from scrip.contracts.openapi import OPERATIONS
from scrip.telemetry import count_by_reason, flush
from tests import template
from tests.template import ROOT

FUNCTIONS = sorted(template.functions())
NESTED = (
    "infra/tables.yaml",
    "infra/keys.yaml",
    "infra/queues.yaml",
    "infra/uploads.yaml",
    "infra/callbacks.yaml",
    "infra/observability.yaml",
)
PACKAGE = ROOT / "layers/scrip/python/scrip"
HTTP = [name for name in FUNCTIONS if name.startswith("api_")]


def of_type(kind: str, *files: str) -> dict[str, dict[str, Any]]:
    """Resources of a type, by logical id."""
    return {
        name: resource
        for file in files or ("template.yaml", *NESTED)
        for name, resource in template.load(file).get("Resources", {}).items()
        if resource["Type"] == kind
    }


def logical_ids() -> dict[str, str]:
    """Function folder -> logical id."""
    return {
        resource["Properties"]["CodeUri"].removeprefix("functions/"): name
        for name, resource in of_type("AWS::Serverless::Function").items()
    }


def wiring_of(function: str) -> str:
    """The wiring module that a handler imports."""
    source = (ROOT / "functions" / function / "handler.py").read_text(encoding="utf-8")
    [name] = re.findall(r"^from scrip\.wiring import (\w+)$", source, re.MULTILINE)
    return str(name)


def settings_of(function: str) -> type:
    """The dataclass that the function's wiring loads."""
    source = (PACKAGE / "wiring" / f"{wiring_of(function)}.py").read_text(encoding="utf-8")
    loads = {
        ast.unparse(node.args[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "load"
    }
    [name] = loads
    found: type = getattr(settings, name)
    return found


# --- functions


def test_every_handler_is_deployed_under_its_own_name() -> None:
    folders = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))

    assert folders == FUNCTIONS
    for folder, logical_id in logical_ids().items():
        assert logical_id == "".join(map(str.capitalize, folder.split("_")))
        assert template.environment(folder)["POWERTOOLS_SERVICE_NAME"] == folder


@pytest.mark.parametrize("function", FUNCTIONS)
def test_settings_are_exactly_the_environment(function: str) -> None:
    given = {name for name in template.environment(function) if "POWERTOOLS" not in name}

    assert given == {field.name.upper() for field in fields(settings_of(function))}


def test_every_settings_class_belongs_to_one_function() -> None:
    classes = {name for name in vars(settings) if re.fullmatch(r"[A-Z]\w+Settings", name)}

    assert sorted(settings_of(function).__name__ for function in FUNCTIONS) == sorted(classes)


@pytest.mark.parametrize("function", HTTP)
def test_routes_are_what_the_handler_serves(function: str) -> None:
    handler = importlib.import_module(f"functions.{function}.handler")

    assert template.routes(function) == set(handler.API._by_route)


def test_every_documented_operation_has_one_route() -> None:
    routes = list(chain.from_iterable(map(template.routes, FUNCTIONS)))

    assert sorted(routes) == sorted(operation.route for operation in OPERATIONS)


@pytest.mark.parametrize("function", HTTP)
def test_an_api_answers_before_its_gateway_gives_up(function: str) -> None:
    shared = template.load()["Globals"]["Function"]

    assert template.functions()[function].get("Timeout", shared["Timeout"]) < 30


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_logs_into_a_group_of_its_own_that_forgets(function: str) -> None:
    logical_id = logical_ids()[function]
    group = of_type("AWS::Logs::LogGroup")[f"{logical_id}Log"]

    config = template.functions()[function]["LoggingConfig"]

    assert config["LogGroup"] == {"Ref": f"{logical_id}Log"}
    assert "RetentionInDays" in group["Properties"]


# --- alarms


def alarms() -> list[dict[str, Any]]:
    """Each costs ten cents a month: there are none where nobody listens."""
    found = of_type("AWS::CloudWatch::Alarm").values()
    assert {each["Condition"] for each in found} == {"SomebodyListens"}
    return [each["Properties"] for each in found]


def dimensions(alarm: dict[str, Any]) -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in alarm.get("Dimensions", ())}


def of_functions(metric: str) -> list[dict[str, Any]]:
    """The dimensions of alarms on it."""
    wanted = ("AWS/Lambda", metric)
    return [
        dimensions(each) for each in alarms() if (each["Namespace"], each["MetricName"]) == wanted
    ]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_that_fails_is_heard(function: str) -> None:
    logical_id = logical_ids()[function]

    assert of_functions("Errors").count({"FunctionName": {"Ref": logical_id}}) == 1
    parameters = template.load()["Resources"]["Observability"]["Properties"]["Parameters"]
    assert parameters[logical_id] == {"Ref": logical_id}


def test_it_is_heard_when_the_accounts_concurrency_is_used_up() -> None:
    assert of_functions("Throttles") == [{}]


def test_the_page_of_costs_counts_the_alarms() -> None:
    page = (ROOT / "docs/deploy.md").read_text()

    assert f"| CloudWatch: {len(alarms())} alarms | {len(alarms()) / 10:.2f} |" in page


def test_every_alarm_has_somebody_to_tell_and_stays_quiet_without_data() -> None:
    assert len(alarms()) > len(FUNCTIONS)
    for alarm in alarms():
        assert alarm["AlarmActions"] == [{"Ref": "Topic"}]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmDescription"]


def test_every_dead_letter_queue_is_watched() -> None:
    watched = {
        dimensions(alarm)["QueueName"]["Ref"]
        for alarm in alarms()
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }

    assert watched == {f"{name}Queue" for name in of_type("AWS::SQS::Queue") if "Dead" in name}


def emitted(function: str) -> str:
    """What a handler and the frames around it may count: their source."""
    handler = (ROOT / "functions" / function / "handler.py").read_text(encoding="utf-8")
    frames = [each for each in ("batching", "receipts") if f"from scrip.{each} " in handler]
    sources = [(PACKAGE / f"{each}.py").read_text(encoding="utf-8") for each in frames]
    return "".join([handler, *sources])


def test_our_own_metrics_are_emitted_by_whom_they_are_asked_of() -> None:
    asked = [
        (alarm["MetricName"], dimensions(alarm)["service"])
        for alarm in alarms()
        if alarm["Namespace"] == "Scrip"
    ]
    board = of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"]["Sub"]
    asked += re.findall(r'\["Scrip", "(\w+)", "service", "(\w+)"', board)

    assert len(asked) > 8
    for metric, function in asked:
        assert f'"{metric}"' in emitted(function), (metric, function)


def test_refusals_are_searched_for_by_the_dimensions_they_are_counted_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "api_accept_payment")
    board = of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"]["Sub"]

    [(schema, metric)] = re.findall(r"SEARCH\('{([\w,]+)} MetricName=\\\"(\w+)\\\"'", board)
    count_by_reason(metric, "signature-invalid")
    flush()

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = [directive for line in lines for directive in line["_aws"]["CloudWatchMetrics"]]
    namespace, *names = schema.split(",")
    assert (namespace, sorted(names)) in [
        (each["Namespace"], sorted(chain.from_iterable(each["Dimensions"]))) for each in counted
    ]


# --- queues and streams


def event_sources(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (function, event["Properties"])
        for function, properties in template.functions().items()
        for event in properties.get("Events", {}).values()
        if event["Type"] == kind
    ]


def test_every_queue_has_a_dead_letter_queue_or_is_one() -> None:
    queues = of_type("AWS::SQS::Queue")
    behind = {
        queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["GetAtt"].split(".")[0]
        for queue in queues.values()
        if "RedrivePolicy" in queue["Properties"]
    }
    behind |= {
        _output(event["DestinationConfig"]["OnFailure"]["Destination"]).removesuffix("Arn")
        for _, event in event_sources("DynamoDB")
    }

    for name, queue in queues.items():
        properties = queue["Properties"]
        assert (name in behind) != ("RedrivePolicy" in properties), name
        assert properties["MessageRetentionPeriod"] == 1_209_600
        assert properties["SqsManagedSseEnabled"] is True


def _output(value: dict[str, str]) -> str:
    return value["GetAtt"].rpartition(".")[2]


def test_a_queue_hides_a_message_longer_than_its_function_may_run() -> None:
    for function, event in event_sources("SQS"):
        queue = of_type("AWS::SQS::Queue")[_output(event["Queue"]).removesuffix("QueueArn")]
        timeout = template.functions()[function]["Timeout"]

        assert queue["Properties"]["VisibilityTimeout"] >= 6 * timeout


def test_batches_fail_item_by_item_and_a_poison_record_does_not_block_its_shard() -> None:
    for _, event in (*event_sources("SQS"), *event_sources("DynamoDB")):
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    for _, event in event_sources("DynamoDB"):
        assert event["BisectBatchOnFunctionError"] is True
        assert event["MaximumRetryAttempts"] > 0
        assert event["MaximumRecordAgeInSeconds"] < 24 * 3600
        assert event["StartingPosition"] == "TRIM_HORIZON"


# --- data


@pytest.mark.parametrize(
    "kind", ["AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::KMS::Key", "AWS::S3::Bucket"]
)
def test_data_survives_the_stack(kind: str) -> None:
    for name, resource in of_type(kind).items():
        assert resource["DeletionPolicy"] == "Retain", name
        assert resource["UpdateReplacePolicy"] == "Retain", name


def test_every_table_is_on_demand_recoverable_sealed_and_named_by_the_stack() -> None:
    tables = of_type("AWS::DynamoDB::Table")

    assert len(tables) == 13
    for name, table in tables.items():
        properties = table["Properties"]
        recovery = properties["PointInTimeRecoverySpecification"]
        assert properties["BillingMode"] == "PAY_PER_REQUEST", name
        assert recovery["PointInTimeRecoveryEnabled"] is True, name
        assert properties["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}, name
        assert properties["DeletionProtectionEnabled"] is True, name
        assert "TableName" not in properties, name


def test_the_orders_indexes_hold_keys_only() -> None:
    orders = of_type("AWS::DynamoDB::Table")["Orders"]["Properties"]

    for index in orders["GlobalSecondaryIndexes"]:
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert orders["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_vault_key_rotates_and_waits_before_it_goes() -> None:
    vault = of_type("AWS::KMS::Key")["Vault"]["Properties"]

    assert vault["EnableKeyRotation"] is True
    assert vault["PendingWindowInDays"] == 30


# --- policies (what is used of them: test_policies.py)


def test_every_function_has_a_role_of_its_own() -> None:
    roles = [properties["Role"]["GetAtt"] for properties in template.functions().values()]

    assert len(set(roles)) == len(FUNCTIONS)
    for function in FUNCTIONS:
        role = of_type("AWS::IAM::Role")[f"{logical_ids()[function]}Role"]["Properties"]
        assert set(role) == {"AssumeRolePolicyDocument", "Policies"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_policy_has_a_wildcard_action_or_the_whole_world(function: str) -> None:
    for statement in template.statements(function):
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert all("*" not in action for action in statement["Action"])
        assert statement["Resource"] != "*"
        assert not isinstance(statement["Resource"], list)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_vault_opens_by_purpose_only(function: str) -> None:
    for statement in template.statements(function):
        if any(action.startswith("kms:") for action in statement["Action"]):
            purposes = statement["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"]
            assert set([purposes] if isinstance(purposes, str) else purposes) <= {
                "bought",
                "codes",
                "index",
                "order-token",
                "gateway",
                "supplier",
                "reseller",
                "shredded",
                "generation",
                "registry",
                "licence",
            }


def test_imports_have_their_time_and_room() -> None:
    function = template.functions()["queue_import_file"]

    assert (function["Timeout"], function["MemorySize"]) == (900, 1024)
    assert function["Layers"] == [{"Ref": "Spreadsheets"}]
