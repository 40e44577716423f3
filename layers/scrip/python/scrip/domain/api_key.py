"""API keys: shown once, stored as a hash, allowed one scope each."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

PREFIX = "sk"

MAX_KEYS = 100
"""Of one merchant. All of them are listed in one answer."""


class Scope(Enum):
    """Who may do what. A key has exactly one."""

    STOREFRONT = "storefront"
    OPERATOR = "operator"
    FINANCE = "finance"


class KeyText(NamedTuple):
    """The parts of the text a caller presents: `sk_<merchant>_<key id>_<secret>`."""

    merchant_id: str
    key_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`issued_by`: id of the key that asked for it, empty for one of the deployment's operator."""

    merchant_id: str
    key_id: str
    scope: Scope
    label: str
    secret_hash: bytes
    created_at_ms: int
    issued_by: str = ""

    def opened_by(self, secret: str) -> bool:
        return hmac.compare_digest(self.secret_hash, hash_secret(secret))


def hash_secret(secret: str) -> bytes:
    """A plain SHA-256 is right here: the secret is 160 random bits, beyond guessing."""
    return hashlib.sha256(secret.encode()).digest()


def render_key(text: KeyText) -> str:
    return "_".join((PREFIX, *text))


def parse_key(text: str) -> KeyText | None:
    parts = text.split("_")
    if len(parts) != 4 or parts[0] != PREFIX or not all(parts):
        return None
    return KeyText(*parts[1:])
