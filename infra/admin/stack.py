"""Finds a deployment by its stack's outputs and builds the adapters that act on it.

The one place of the command line that makes clients. The local cloud differs in nothing but its
address and its well-known credentials.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from infra.admin.command import Target
from infra.admin.failures import Failed
from infra.local.aws import REGION, ROOT_KEY_ID, ROOT_SECRET
from scrip.adapters.audit import Audit
from scrip.adapters.aws import NO_ANSWER, AwsClient, code_of
from scrip.adapters.bought_codes import BoughtCodes
from scrip.adapters.catalogue import Catalogue
from scrip.adapters.codes import SealedCodes
from scrip.adapters.disputes import Disputes
from scrip.adapters.exports import Exports
from scrip.adapters.follow_ups import FollowUps
from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.import_jobs import ImportJobs
from scrip.adapters.index_keys import IndexKeys
from scrip.adapters.kept_callbacks import KeptCallbacks
from scrip.adapters.keys import Keys
from scrip.adapters.mail_queue import MailQueue
from scrip.adapters.merchants import Merchants
from scrip.adapters.money_events import MoneyEvents
from scrip.adapters.order_keys import OrderKeys
from scrip.adapters.orders import Orders
from scrip.adapters.refunds import Refunds
from scrip.adapters.resale_queue import ResaleQueue
from scrip.adapters.reseller_book import Book
from scrip.adapters.resellers import Resellers
from scrip.adapters.scorecards import Scorecards
from scrip.adapters.seen_codes import SeenCodes
from scrip.adapters.standings import Standings
from scrip.adapters.stock import Stock
from scrip.adapters.stock_watch import StockWatch
from scrip.adapters.suppliers.registry import Suppliers
from scrip.adapters.synced_stock import SyncedStock
from scrip.adapters.tables import Table
from scrip.adapters.top_up_queue import TopUpQueue
from scrip.adapters.top_ups import TopUps
from scrip.adapters.untold_news import UntoldNews
from scrip.adapters.vault import Vault

CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=16,
)
CLOUD_FILE = Path(".local") / "cloud.json"
PROJECT = Path(__file__).parents[2]


class Deployment:
    """A deployed Scrip: its stack's outputs, and adapters made of them when asked for."""

    def __init__(self, client: Any, outputs: Mapping[str, str], base_url: str, stack: str) -> None:
        self.client = client
        self.base_url = base_url
        self._outputs = outputs
        self._stack = stack
        self.keys = Keys(client("kms"), self.output("VaultKeyArn"))
        self.merchants = Merchants(self._table("Merchants"))
        self.order_keys = OrderKeys(self.keys)
        self.catalogue = Catalogue(self._table("Catalogue"))
        self.stock = Stock(self._table("Stock"))
        self.stock_watch = StockWatch(self._table("Stock"))
        self.synced = SyncedStock(self.stock)
        self.orders = Orders(self._table("Orders"))
        self.refunds = Refunds(self._table("Orders"))
        self.disputes = Disputes(self._table("Orders"))
        self.follow_ups = FollowUps(self._table("Orders"))
        self.resellers = Resellers(self._table("Resellers"), self.keys)
        self.book = Book(self._table("Resellers"))
        self.untold_news = UntoldNews(self._table("Resellers"))
        self.resale_queue = ResaleQueue(client("sqs"), self.output("ResaleQueueUrl"))
        self.top_ups = TopUps(self._table("TopUps"))
        self.top_up_queue = TopUpQueue(client("sqs"), self.output("TopUpQueueUrl"))
        self.vault = Vault(self.keys)
        self.codes = SealedCodes(self.stock, self.vault)
        self.bought_codes = BoughtCodes(self._table("BoughtCodes"), self.keys)
        self.exports = Exports(self._table("Exports"))
        self.audit = Audit(self._table("Audit"))
        self.index_keys = IndexKeys(self._table("Merchants"), self.keys)
        self.seen_codes = SeenCodes(self._table("Stock"))
        self.imports = ImportJobs(self._table("Imports"))
        self.gateways = Gateways(self.merchants, self.keys, URLLib3Session())
        self.scorecards = Scorecards(self._table("TopUps"))
        self.standings = Standings(self._table("TopUps"))
        self.suppliers = Suppliers(
            self.merchants, self.keys, URLLib3Session(), self.output("SupplierApiBases")
        )
        self.callbacks = KeptCallbacks(client("s3"), self.output("CallbacksBucket"))
        self.notifications = self._table("Notifications")
        self.money_events = MoneyEvents(self.notifications)
        self.mail_queue = MailQueue(client("sqs"), self.output("MailQueueUrl"))

    def output(self, name: str) -> str:
        try:
            return self._outputs[name]
        except KeyError:
            fact = f"stack '{self._stack}' has no output {name}: not a Scrip deployment, or an old"
            raise Failed("stack-foreign", fact) from None

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Call a function by its logical id."""
        name, payload = self.output(f"{function}Function"), json.dumps(event).encode()
        answer = self.client("lambda").invoke(FunctionName=name, Payload=payload)
        content = answer["Payload"].read()
        if "FunctionError" in answer:
            raise Failed("function-died", f"{function} died; its log says why", retryable=True)
        return json.loads(content)

    def callback_url(self, merchant_id: str, provider: str) -> str:
        """What to register at the provider."""
        return f"{self.base_url}/v1/callbacks/payments/{merchant_id}/{provider}"

    def _table(self, name: str) -> Table:
        return Table(self.client("dynamodb"), self.output(f"{name}Table"))


def connect(target: Target) -> Deployment:
    """Raises Failed when there is no such deployment, or nobody answers."""
    where: dict[str, Any] = {}
    base_url = ""
    if target.local:
        described = _local_cloud()
        base_url = described["base_url"]
        where = {
            "endpoint_url": described["endpoint"],
            "region_name": REGION,
            "aws_access_key_id": ROOT_KEY_ID,
            "aws_secret_access_key": ROOT_SECRET,
        }
    elif target.region:
        where = {"region_name": target.region}
    session = botocore.session.Session(profile=None if target.local else target.profile)

    @cache
    def client(service: str) -> AwsClient:
        return session.create_client(service, config=CONFIG, **where)

    try:
        outputs = _outputs(client("cloudformation"), target.stack)
    except NO_ANSWER as error:
        if not target.local:
            raise
        fact = f"nobody answers at {where['endpoint_url']}: start it with `make run`"
        raise Failed("local-cloud-down", fact, retryable=True) from error
    deployed = Deployment(client, outputs, base_url, target.stack)
    deployed.base_url = base_url or deployed.output("ApiUrl")
    return deployed


def _outputs(cloudformation: AwsClient, stack: str) -> dict[str, str]:
    try:
        [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if code_of(error) != "ValidationError" or "does not exist" not in str(error):
            raise
        where = cloudformation.meta.region_name
        raise Failed("stack-unknown", f"no stack '{stack}' in {where}; see --stack") from error
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _local_cloud() -> dict[str, Any]:
    """What the local cloud wrote of itself, here or in the project this code lies in."""
    for folder in (Path(), PROJECT):
        try:
            described: dict[str, Any] = json.loads((folder / CLOUD_FILE).read_text("utf-8"))
        except FileNotFoundError:
            continue
        return described
    raise Failed("local-cloud-missing", f"no {CLOUD_FILE}: start the local cloud with `make run`")
