"""What a merchant sets for PayPal, and where PayPal is for it."""

from typing import Annotated, Literal

import msgspec

from scrip.adapters.gateways.paypal_signing import Place

API_BASES = {
    "live": "https://api-m.paypal.com",
    "sandbox": "https://api-m.sandbox.paypal.com",
}
CERTIFICATES_BELOW = "/v1/notifications/certs/"
PLACES = {
    "live": Place(
        (f"https://api.paypal.com{CERTIFICATES_BELOW}",),
        "http://cacerts.digicert.com/",
        ("messageverificationcerts.paypal.com",),
    ),
    "sandbox": Place(
        (
            f"https://api.sandbox.paypal.com{CERTIFICATES_BELOW}",
            f"https://api.paypal.com{CERTIFICATES_BELOW}",
        ),
        "http://cacerts.digicert.com/",
        ("messageverificationcerts.sandbox.paypal.com", "messageverificationcerts.paypal.com"),
    ),
}


class PayPalSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a merchant sets for PayPal. `merchant_id`: the account's own, which must be paid.

    Several webhooks may be valid while one replaces the other.
    """

    environment: Literal["live", "sandbox"]
    client_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,128}\Z")]
    client_secret: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,128}\Z")]
    merchant_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{13}\Z")]
    webhook_ids: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{8,50}\Z")], ...],
        msgspec.Meta(min_length=1, max_length=4),
    ]

    @property
    def live(self) -> bool:
        return self.environment == "live"

    def __repr__(self) -> str:
        return "PayPalSecrets(...)"

    def place(self, base: str) -> Place:
        """`base`: where the API is called. A stand-in for PayPal has certificates of its own."""
        place = PLACES[self.environment]
        if base in API_BASES.values():
            return place
        return Place((base + CERTIFICATES_BELOW,), f"{base}/issuers/", place.names)
