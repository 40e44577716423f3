"""Who signed a request of the resale API."""

from typing import Protocol

from scrip.domain.errors import SignatureExpired, SignatureInvalid, SignatureMissing
from scrip.domain.resale_refusals import RequestStale, RequestUnsigned, ResellerUnknown
from scrip.domain.reseller import Reseller


class Resellers(Protocol):
    def get(self, merchant_id: str, reseller_id: str, *, consistent: bool = False) -> Reseller: ...
    def verify(
        self,
        reseller: Reseller,
        request: str,
        raw: bytes,
        headers: dict[str, str],
        now_seconds: int,
    ) -> None: ...


def know_reseller(
    merchant_id: str,
    reseller_id: str,
    request: str,
    raw: bytes,
    headers: dict[str, str],
    *,
    now_seconds: int,
    resellers: Resellers,
) -> Reseller:
    """`request`: its method and path. From outside, an account that does not exist and a wrong
    signature look the same.

    Raises RequestUnsigned, RequestStale, SealBroken, StoreUnavailable.
    """
    try:
        # A secret that was just made works, and a balance that is read is what it is.
        reseller = resellers.get(merchant_id, reseller_id, consistent=True)
        resellers.verify(reseller, request, raw, headers, now_seconds)
    except (ResellerUnknown, SignatureMissing, SignatureInvalid) as error:
        raise RequestUnsigned("see docs/resale.md for what is signed, and how") from error
    except SignatureExpired as error:
        raise RequestStale(error.detail) from error
    return reseller
