"""Signatures as a merchant's settings describe them, made and checked."""

import hmac
from collections.abc import Mapping
from hashlib import md5

from scrip.adapters.suppliers.configured_settings import Signature


def text_of(value: object) -> str | None:
    """A value of JSON as it is signed and compared; None for what has no one way to be written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return None if isinstance(value, dict | list) else str(value)


def signed(fields: Mapping[str, object], by: Signature) -> bytes:
    """What is signed of fields: those that have one way to be written."""
    texts = {name: text_of(value) for name, value in fields.items() if name != by.field}
    pairs = [
        f"{name}={text}"
        for name, text in sorted(texts.items())
        if text is not None and (text or by.empty)
    ]
    return "&".join(pairs).encode()


def made(content: bytes, by: Signature, secret: str) -> str:
    if by.scheme == "md5":
        content += (by.before_secret + secret).encode()
        found = md5(content, usedforsecurity=False).hexdigest()
    else:
        found = hmac.digest(secret.encode(), content, "sha256").hex()
    return found.upper() if by.upper else found


def fits(given: str, content: bytes, by: Signature, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), made(content, by, secret).encode())
