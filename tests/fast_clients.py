"""What an SDK reads and works out anew for each client, done once: half of what a short test costs.

Clients of the code under test are still made as it says, for each cold start, unless there are too
many of these: `kept_clients`. Those that tests look with are always kept.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest import mock

import boto3
import botocore.regions
import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader


def once(method: Callable[..., Any]) -> Callable[..., Any]:
    """What looks at its arguments alone, whosever method it is."""
    found: dict[tuple[Any, ...], Any] = {}

    @wraps(method)
    def known(self: Any, *arguments: Any, **named: Any) -> Any:
        key = (*arguments, *named.items())
        if key not in found:
            found[key] = method(self, *arguments, **named)
        return found[key]

    return known


_providers: dict[tuple[int, bool], EndpointProvider] = {}


def _provider(
    ruleset_data: dict[str, Any], partition_data: dict[str, Any], excluded_params: Any = None
) -> EndpointProvider:
    """Rules that are read once are the same dict."""
    key = id(ruleset_data), excluded_params is None
    if key not in _providers:
        _providers[key] = EndpointProvider(ruleset_data, partition_data, excluded_params)
    return _providers[key]


_client = boto3.client
_clients: dict[str, Any] = {}


def _kept(service: str, **how: Any) -> Any:
    if how:
        return _client(service, **how)
    if service not in _clients:
        _clients[service] = _client(service)
    return _clients[service]


FASTER = (
    (JSONFileLoader, "load_file", once(JSONFileLoader.load_file)),
    (Loader, "list_available_services", once(Loader.list_available_services)),
    (EventAliaser, "_alias_event_name", once(vars(EventAliaser)["_alias_event_name"])),
    (botocore.regions, "EndpointProvider", _provider),
    (boto3, "client", _kept),
)


@contextmanager
def fast_clients() -> Iterator[None]:
    """For one region and one account."""
    with ExitStack() as stack:
        for owner, name, faster in FASTER:
            stack.enter_context(mock.patch.object(owner, name, faster))
        yield


class KeptClients:
    """The SDK's clients, made once: they remember nothing of ours and take long to make."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}

    def create_client(self, service: str, config: Any) -> Any:
        if service not in self.made:
            session = botocore.session.get_session()
            self.made[service] = session.create_client(service, config=config)
        return self.made[service]

    def __getattr__(self, name: str) -> Any:
        return getattr(botocore.session.get_session(), name)


@contextmanager
def kept_clients() -> Iterator[None]:
    """The code under test, too, keeps its clients through cold starts."""
    with (
        mock.patch("scrip.wiring.clients.session", return_value=KeptClients()),
        # A new process may repeat as often as its mode says; kept clients would run dry.
        mock.patch("botocore.retries.quota.RetryQuota.acquire", return_value=True),
    ):
        yield
