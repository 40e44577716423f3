"""Who calls: an API key in, its merchant and scope out."""

from typing import Protocol

from scrip.domain.api_key import ApiKey, parse_key
from scrip.domain.errors import CredentialsInvalid
from scrip.domain.merchant import is_merchant_id


class KeyReader(Protocol):
    def find_key(self, merchant_id: str, key_id: str) -> ApiKey | None: ...


def authenticate(credential: str, *, keys: KeyReader) -> ApiKey:
    """Raises CredentialsInvalid, the same for a key that never was and one that is revoked."""
    text = parse_key(credential)
    if text is None or not is_merchant_id(text.merchant_id) or len(text.key_id) > 16:
        raise CredentialsInvalid("not an API key")
    key = keys.find_key(text.merchant_id, text.key_id)
    if key is None or not key.opened_by(text.secret):
        raise CredentialsInvalid("unknown or revoked API key")
    return key
