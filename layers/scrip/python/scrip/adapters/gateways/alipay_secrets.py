"""What a merchant sets for Alipay."""

from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm

from scrip.adapters.gateways.alipay_signing import private_key, public_key

MAX_PUBLIC_KEYS = 3
"""All in all it is sealed by KMS, which takes 4096 bytes."""

PrivateKeyText = Annotated[str, msgspec.Meta(max_length=1900)]
PublicKeyText = Annotated[str, msgspec.Meta(max_length=500)]


class AlipaySecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys as Alipay's console and key tool give them: base64, or PEM.

    Several public keys of Alipay may be valid, while it changes them. `sandbox`: all of it belongs
    to Alipay's sandbox. `qr_product`: what the merchant has signed for, to show QR codes.
    """

    app_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{16}\Z")]
    seller_id: Annotated[str, msgspec.Meta(pattern=r"^2088[0-9]{12}\Z")]
    app_private_key: PrivateKeyText
    alipay_public_keys: Annotated[
        tuple[PublicKeyText, ...], msgspec.Meta(min_length=1, max_length=MAX_PUBLIC_KEYS)
    ]
    notify_url: Annotated[str, msgspec.Meta(pattern=r"^https://[!-~]+\Z", max_length=256)]
    sandbox: bool = False
    qr_product: Literal["FACE_TO_FACE_PAYMENT", "QR_CODE_OFFLINE"] = "FACE_TO_FACE_PAYMENT"

    def __post_init__(self) -> None:
        try:
            private_key(self.app_private_key)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("app_private_key is no RSA key of 2048 bits or more") from None
        try:
            for each in self.alipay_public_keys:
                public_key(each)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("a public key of Alipay is no RSA key of 2048 bits or more") from None

    @property
    def live(self) -> bool:
        return not self.sandbox

    def __repr__(self) -> str:
        return "AlipaySecrets(...)"
