"""Why a callback is not believed; `errors.py` lists these with all others."""

from scrip.domain.failure import Rejected


class SignatureMissing(Rejected):
    slug = "signature-missing"


class SignatureInvalid(Rejected):
    slug = "signature-invalid"


class SignatureProbe(SignatureInvalid):
    """A signature that is wrong on purpose: the provider looks whether we would notice. Refused
    like any other, and no reason to alarm anybody."""

    slug = "signature-probe"


class SignatureExpired(Rejected):
    slug = "signature-expired"
