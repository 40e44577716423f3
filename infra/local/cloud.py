"""A deployed local cloud, for `make run` and for tests.

    with running_cloud(tmp_path) as cloud:
        cloud.base_url, cloud.outputs["OrdersTable"], cloud.stripe_url

State lies in the given folder; a second start in the same folder finds it again and skips what did
not change. What is running is described in `cloud.json` there.
"""

import contextlib
import dataclasses
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from infra.local import deploy, mend, process
from infra.local.aws import ACCOUNT, REGION, ROOT_KEY_ID, ROOT_SECRET, client
from infra.local.trail import function_logs, function_requests
from infra.packaging.build import ROOT

LOCAL = ROOT / ".local"
AWS_PORT = 4566
STRIPE_PORT = 8420

Deployer = Callable[[str, dict[str, str], deploy.Say], dict[str, str]]
"""Endpoint, template parameters, where to tell of progress -> the stack's outputs."""

NOWHERE_ELSE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Cloud:
    """Where everything is. `base_url` is the HTTP API: `base_url + "/v1/products"`."""

    root: str
    endpoint: str
    api_url: str
    base_url: str
    stripe_url: str
    auth: bool
    outputs: dict[str, str]
    digest: str

    def client(self, service: str) -> Any:
        """A botocore client with the account root's credentials."""
        return client(self.endpoint, service)

    def environment(self) -> dict[str, str]:
        """What an SDK or `scrip-admin` in another process needs to talk to this cloud."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ROOT_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "AWS_ACCOUNT_ID": ACCOUNT,
        }

    def function_requests(self, since: float, until: float) -> Counter[str]:
        """AWS requests that functions made in that time (time.time()): `dynamodb:GetItem` -> n."""
        return function_requests(self.endpoint, since, until)

    def function_logs(self, since: float = 0.0, function: str = "") -> list[str]:
        """Lines that functions logged since then, EMF metrics included; of one by logical id."""
        return function_logs(self.endpoint, since, function)


@contextlib.contextmanager
def running_cloud(
    root: Path,
    *,
    auth: bool = False,
    aws_port: int = 0,
    stripe_port: int = 0,
    api_bases: Mapping[str, str] = NOWHERE_ELSE,
    supplier_bases: Mapping[str, str] = NOWHERE_ELSE,
    roots: bytes = b"",
    parameters: dict[str, str] | None = None,
    say: deploy.Say = lambda _: None,
    deployer: Deployer = deploy.deploy,
) -> Iterator[Cloud]:
    """Start both servers with their state in `root`, deploy, mend, check; stop them at the end.

    Ports of 0 are picked. `auth`: signatures and the functions' IAM policies are enforced.
    `api_bases`: where other providers than Stripe are called; `supplier_bases`: where suppliers
    are, by kind; `roots`: PEM of whom to trust besides the world's authorities. `parameters`: of
    the template.
    """
    root.mkdir(parents=True, exist_ok=True)
    root = root.resolve()
    with contextlib.ExitStack() as servers:
        lock = servers.enter_context(process.sole_user(root))
        aws = process.start_aws(
            root, process.free_port(aws_port, say), lock, auth=auth, roots=roots
        )
        servers.callback(aws.stop)
        stripe = process.start_stripe(root, process.free_port(stripe_port, say))
        servers.callback(stripe.stop)
        say(f"local cloud at {aws.url}, Stripe at {stripe.url}")
        bases = {
            "PaymentApiBases": json.dumps({"stripe": stripe.url, **api_bases}),
            "SupplierApiBases": json.dumps(dict(supplier_bases)),
        }
        given = bases | (parameters or {})
        yield ensure_deployed(root, aws.url, stripe.url, auth, given, say, deployer)


def ensure_deployed(
    root: Path,
    endpoint: str,
    stripe_url: str,
    auth: bool,
    given: dict[str, str],
    say: deploy.Say,
    deployer: Deployer,
) -> Cloud:
    """Deploy unless exactly this is deployed already; then check that every route answers."""
    described = root / "cloud.json"
    digest = deploy.stack_digest(given)
    before = json.loads(described.read_text()) if described.exists() else {}
    started = time.monotonic()
    if before.get("digest") == digest and before.get("endpoint") == endpoint:
        outputs = deploy.stack_outputs(endpoint)
        say("nothing changed since the last deployment")
    else:
        outputs = deployer(endpoint, given, say)
        count = mend.mend_routes(endpoint, outputs["ApiId"])
        mend.mend_ttl(endpoint, outputs)
        mend.mend_sender(endpoint)
        say(f"deployed and mended ({count} routes) in {time.monotonic() - started:.1f} s")
    cloud = Cloud(
        root=str(root),
        endpoint=endpoint,
        api_url=outputs["ApiUrl"],
        base_url=f"{endpoint}/_aws/execute-api/{outputs['ApiId']}/$default",
        stripe_url=stripe_url,
        auth=auth,
        outputs=outputs,
        digest=digest,
    )
    started = time.monotonic()
    mend.check_routes(cloud.base_url)
    say(f"every route answers ({time.monotonic() - started:.1f} s)")
    described.write_text(json.dumps(dataclasses.asdict(cloud), indent=2) + "\n")
    return cloud
