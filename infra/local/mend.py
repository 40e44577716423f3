"""Give the local cloud what its emulator leaves out of the template, and prove that it is there.

- HTTP routes: it ignores the OpenAPI body that SAM makes of the functions' events.
- Table TTL.
- The verified identity that mail comes from, which on AWS is made by hand (docs/deploy.md).
"""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3
from botocore.exceptions import ClientError

from infra.local.aws import ACCOUNT, REGION, client
from infra.local.deploy import STACK, load_template
from infra.local.process import LocalCloudError
from infra.packaging.build import ROOT

GATEWAY_NOT_FOUND = "Not Found"
"""The gateway's own message for a route that it does not have."""


def routes() -> dict[str, str]:
    """`GET /v1/orders/{order_id}` -> logical id of its function, as the template has it."""
    found = {}
    for logical_id, resource in load_template(ROOT / "template.yaml")["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        for event in resource["Properties"].get("Events", {}).values():
            if event["Type"] == "HttpApi":
                http = event["Properties"]
                found[f"{http['Method']} {http['Path']}"] = logical_id
    return found


def mend_routes(endpoint: str, api_id: str) -> int:
    """Create integrations and routes that are missing, repoint others; returns how many exist."""
    gateway = client(endpoint, "apigatewayv2")
    functions = function_names(endpoint)
    uris = {
        logical_id: f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{functions[logical_id]}"
        for logical_id in set(routes().values())
    }
    integrations = {
        item["IntegrationUri"]: item["IntegrationId"]
        for item in gateway.get_integrations(ApiId=api_id)["Items"]
    }
    for uri in uris.values():
        if uri not in integrations:
            made = gateway.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=uri,
                PayloadFormatVersion="2.0",
            )
            integrations[uri] = made["IntegrationId"]
    existing = {item["RouteKey"]: item for item in gateway.get_routes(ApiId=api_id)["Items"]}
    for route_key, logical_id in routes().items():
        target = f"integrations/{integrations[uris[logical_id]]}"
        route = existing.pop(route_key, None)
        if route is None:
            gateway.create_route(ApiId=api_id, RouteKey=route_key, Target=target)
        elif route.get("Target") != target:
            gateway.update_route(ApiId=api_id, RouteId=route["RouteId"], Target=target)
    for stale in existing.values():
        gateway.delete_route(ApiId=api_id, RouteId=stale["RouteId"])
    return len(routes())


def function_names(endpoint: str) -> dict[str, str]:
    """Logical id -> the name the stack gave the function."""
    cloudformation = client(endpoint, "cloudformation")
    resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }


def mend_ttl(endpoint: str, outputs: dict[str, str]) -> None:
    """Switch on the TTL of every table that has one in infra/tables.yaml."""
    dynamodb = client(endpoint, "dynamodb")
    for logical_id, resource in load_template(ROOT / "infra/tables.yaml")["Resources"].items():
        wanted = resource["Properties"].get("TimeToLiveSpecification")
        if wanted is None:
            continue
        table = outputs[f"{logical_id}Table"]
        described = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if described.get("TimeToLiveStatus") != "ENABLED":
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=wanted)


def mend_sender(endpoint: str) -> None:
    """Verify the template's default sender: the local SES does so when the identity is made."""
    sender = load_template(ROOT / "template.yaml")["Parameters"]["MailFrom"]["Default"]
    try:
        client(endpoint, "sesv2").create_email_identity(EmailIdentity=sender)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise


def check_routes(base_url: str) -> None:
    """Call every route: each must reach its function, which refuses a call without a key or body.

    A function's routes are called one after the other, so that each function starts one process.
    Raises LocalCloudError naming the routes that the gateway does not know or that broke.
    """
    by_function: dict[str, list[str]] = {}
    for route_key, logical_id in routes().items():
        by_function.setdefault(logical_id, []).append(route_key)
    http = urllib3.PoolManager(maxsize=4, retries=False, timeout=60.0)

    def check(route_keys: list[str]) -> list[str]:
        return [found for key in route_keys if (found := problem(http, base_url, key)) is not None]

    with ThreadPoolExecutor(2) as pool:
        problems = [found for some in pool.map(check, by_function.values()) for found in some]
    if problems:
        raise LocalCloudError("routes that do not answer: " + "; ".join(problems))


def problem(http: urllib3.PoolManager, base_url: str, route_key: str) -> str | None:
    """What is wrong with one route, None if it answers."""
    method, path = route_key.split(" ", 1)
    url = base_url + re.sub(r"\{[^}]+\}", "nothing", path)
    response = http.request(method, url, headers={"content-type": "application/json"})
    if response.status >= 500:
        return f"{route_key}: {response.status} {response.data[:200]!r}"
    if response.status == 404 and message(response.data) == GATEWAY_NOT_FOUND:
        return f"{route_key}: not at the gateway"
    return None


def message(body: bytes) -> Any:
    try:
        return json.loads(body).get("message")
    except (ValueError, AttributeError):
        return None
