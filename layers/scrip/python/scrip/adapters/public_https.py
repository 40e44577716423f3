"""POST to an address that somebody else chose: over TLS, to the public Internet only.

A name is resolved once, every address it has must be public, and the connection goes to one of
those: who answers with another address the next time changes nothing. No redirection is followed,
and nothing of the answer is read but its status.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection
from ipaddress import IPv6Address, IPv6Network, ip_address
from socket import SOCK_STREAM, create_connection, getaddrinfo
from urllib.parse import urlsplit

from scrip.adapters.http import is_public_name
from scrip.domain.errors import RequestInvalid

PORT = 443
LONGEST_URL = 500
TIMEOUT_SECONDS = 8
UNICAST = IPv6Network("2000::/3")
TUNNELS = (IPv6Network("2001::/23"), IPv6Network("2002::/16"))
"""Addresses that hold others: Teredo, 6to4."""


class NotSent(Exception):
    """There is no answer. Says why, in a word or two."""


def check_url(url: str) -> None:
    """Raises RequestInvalid."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RequestInvalid("no address") from error
    if parts.scheme != "https" or not all("!" <= each <= "~" for each in url):
        raise RequestInvalid("an address that begins with https://")
    if len(url) > LONGEST_URL or port not in (None, PORT) or "@" in parts.netloc or parts.fragment:
        raise RequestInvalid("an address without a port, a user or a fragment")
    if not is_public_name(parts.hostname or ""):
        raise RequestInvalid("not a public name")


def is_public(text: str) -> bool:
    """Of an address."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and (
        address not in UNICAST or any(address in each for each in TUNNELS)
    ):
        return False
    return address.is_global and not address.is_multicast


def addresses_of(host: str) -> list[str]:
    """Those of IPv4 first: a function outside of a network of ours has no IPv6."""
    found = {str(each[4][0]) for each in getaddrinfo(host, PORT, type=SOCK_STREAM)}
    return sorted(found, key=lambda each: (":" in each, each))


class _Pinned(HTTPSConnection):
    """Connects to an address, and asks for the name's certificate."""

    def __init__(self, host: str, address: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(host, timeout=TIMEOUT_SECONDS)
        self.address = address
        self.context = context

    def connect(self) -> None:
        plain = create_connection(self.address, TIMEOUT_SECONDS)
        self.sock = self.context.wrap_socket(plain, server_hostname=self.host)


@dataclass(frozen=True, slots=True)
class PublicHttps:
    """`allowed`: which addresses may be called, `port`: where. Tests have others."""

    resolve: Callable[[str], list[str]] = addresses_of
    allowed: Callable[[str], bool] = is_public
    port: int = PORT
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status. Raises NotSent."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        path = parts.path or "/"
        try:
            found = self.resolve(host)
            if not found or not all(map(self.allowed, found)):
                raise NotSent("address_not_public")
            connection = _Pinned(host, (found[0], self.port), self.context)
            try:
                target = f"{path}?{parts.query}" if parts.query else path
                connection.request("POST", target, body, dict(headers))
                return connection.getresponse().status
            finally:
                connection.close()
        except (OSError, HTTPException, UnicodeError) as error:
            raise NotSent("no_answer") from error
