"""Issue, list and revoke API keys."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from scrip.domain.api_key import MAX_KEYS, ApiKey, KeyText, Scope, hash_secret, render_key
from scrip.domain.errors import LimitReached


class KeyStore(Protocol):
    def add_key(self, key: ApiKey) -> None: ...
    def keys(self, merchant_id: str) -> Sequence[ApiKey]: ...
    def remove_key(self, merchant_id: str, key_id: str) -> ApiKey: ...


class Issued(NamedTuple):
    """`credential` is shown to the caller this once."""

    key: ApiKey
    credential: str


def issue_key(
    merchant_id: str,
    scope: Scope,
    label: str,
    *,
    key_id: str,
    secret: str,
    now_ms: int,
    keys: KeyStore,
    issued_by: str = "",
) -> Issued:
    """`key_id`: 8 lower-case letters and digits, `secret`: 32 of them, both random.

    Raises LimitReached.
    """
    if len(keys.keys(merchant_id)) >= MAX_KEYS:
        raise LimitReached(f"at most {MAX_KEYS} keys: revoke what nobody uses")
    key = ApiKey(merchant_id, key_id, scope, label, hash_secret(secret), now_ms, issued_by)
    keys.add_key(key)
    return Issued(key, render_key(KeyText(merchant_id, key_id, secret)))


def list_keys(merchant_id: str, *, keys: KeyStore) -> list[ApiKey]:
    return sorted(keys.keys(merchant_id), key=lambda key: key.created_at_ms)


def revoke_key(merchant_id: str, key_id: str, *, keys: KeyStore) -> ApiKey:
    """Raises KeyUnknown. The key stops working with the next request."""
    return keys.remove_key(merchant_id, key_id)
