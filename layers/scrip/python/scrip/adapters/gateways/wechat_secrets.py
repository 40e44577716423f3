"""What a merchant sets for WeChat Pay: checked when it is set, so that no half of it is found out
by a buyer."""

from math import inf
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from scrip.adapters.gateways.wechat_signing import PlatformKey, Signer

Appid = Annotated[str, msgspec.Meta(pattern=r"^wx[0-9A-Za-z]{1,30}\Z")]
Serial = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{8,40}\Z")]
PublicKeyId = Annotated[str, msgspec.Meta(pattern=r"^PUB_KEY_ID_[0-9]{1,40}\Z")]
ApiV3Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{32}\Z")]
Pem = Annotated[str, msgspec.Meta(pattern=r"^-----BEGIN ", max_length=8192)]

MIN_KEY_BITS = 2048


class WechatSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`merchant_serial` and `merchant_private_key`: of the merchant's API certificate.

    `public_keys` (by id) and `certificates` (by serial) are the platform's, to verify with. Both
    may be set at once: WeChat mixes them for days when it switches a merchant over. Several
    APIv3 keys may be valid during a rotation.
    """

    mchid: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6,32}\Z")]
    appid: Appid
    merchant_serial: Serial
    merchant_private_key: Pem
    api_v3_keys: Annotated[tuple[ApiV3Key, ...], msgspec.Meta(min_length=1, max_length=4)]
    notify_url: Annotated[str, msgspec.Meta(pattern=r"^https://[^\s?#]+\Z", max_length=255)]
    public_keys: dict[PublicKeyId, Pem] = {}
    certificates: dict[Serial, Pem] = {}
    mini_appid: Appid | None = None

    def __post_init__(self) -> None:
        signer_of(self)
        if not platform_keys(self):
            raise ValueError("no public key and no certificate of the platform")

    def __repr__(self) -> str:
        return "WechatSecrets(...)"


def signer_of(secrets: WechatSecrets) -> Signer:
    """Raises ValueError, without a word of the key."""
    pem = secrets.merchant_private_key.encode()
    try:
        # Its numbers are not proven to be a key: that takes 40 ms, and the merchant gave it.
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < MIN_KEY_BITS:
        raise ValueError(f"merchant_private_key is no RSA key of {MIN_KEY_BITS} bits in PEM")
    return Signer(secrets.mchid, secrets.merchant_serial, key)


def platform_keys(secrets: WechatSecrets) -> dict[str, PlatformKey]:
    """By what `Wechatpay-Serial` names them. Raises ValueError."""
    keys = {name: _public_key(name, pem) for name, pem in secrets.public_keys.items()}
    return keys | {serial: certified(serial, pem) for serial, pem in secrets.certificates.items()}


def certified(serial: str, pem: str) -> PlatformKey:
    """The key of a platform certificate. Raises ValueError when it is not the one of `serial`."""
    try:
        certificate = load_pem_x509_certificate(pem.encode())
        key = certificate.public_key()
    except ValueError:
        raise ValueError(f"certificate {serial} is none in PEM") from None
    if certificate.serial_number != int(serial, 16):
        raise ValueError(f"certificate {serial} has another serial")
    return _checked(serial, key, certificate.not_valid_after_utc.timestamp())


def _public_key(name: str, pem: str) -> PlatformKey:
    try:
        return _checked(name, load_pem_public_key(pem.encode()), inf)
    except ValueError:
        raise ValueError(f"{name} is no public RSA key in PEM") from None


def _checked(name: str, key: object, until_seconds: float) -> PlatformKey:
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        raise ValueError(f"{name} is no RSA key of {MIN_KEY_BITS} bits")
    return PlatformKey(key, until_seconds)
