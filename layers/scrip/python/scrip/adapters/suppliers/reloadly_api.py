"""What all of Reloadly's services share: accounts, tokens, how failures and callbacks look.

Sources: docs.reloadly.com (authentication, error codes), /webhooks.
"""

import hmac
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated, Any, ClassVar

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.http import HttpAnswer
from scrip.adapters.suppliers.http import (
    UNREADABLE,
    NothingHeard,
    decoded,
    exchange,
    in_service,
    minor_of,
)
from scrip.adapters.tokens import Tokens
from scrip.domain.attempt import Said
from scrip.domain.errors import (
    RequestInvalid,
    RequestMalformed,
    SignatureInvalid,
    SignatureMissing,
    SupplierAnswerInvalid,
)
from scrip.domain.money import Money
from scrip.domain.supplier_terms import Meaning, Terms

SIGNATURE, SIGNED_AT = "x-reloadly-signature", "x-reloadly-request-timestamp"
SIGNATURE_HEADERS = (SIGNATURE, SIGNED_AT)
ACKNOWLEDGED = Acknowledgement(200, "text/plain", b"")

AUTH = "https://auth.reloadly.com"

REFUSED_BY_ALL = (
    *("INVALID_TOKEN", "TOKEN_EXPIRED", "ACCOUNT_NOT_FOUND", "INACTIVE_ACCOUNT"),
    *("INSUFFICIENT_BALANCE", "MAX_DAILY_TRANSACTION_AMOUNT_REACHED"),
    *("MAX_DAILY_TRANSACTION_COUNT_REACHED", "COUNTRY_NOT_SUPPORTED"),
)
"""By each service. Not here: CUSTOM_IDENTIFIER_ALREADY_USED (perhaps by this very order),
TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT."""

Secret = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{8,200}\Z")]


class ReloadlySecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`client_id` and `client_secret`: of the dashboard's API settings, which has others for its
    sandbox. `webhook_secret`: of the webhook, where there is one."""

    client_id: Secret
    client_secret: Secret
    sandbox: bool = False
    webhook_secret: Secret | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int


class _Failure(msgspec.Struct, frozen=True, rename="camel"):
    error_code: str | None = None


class _Balance(msgspec.Struct, frozen=True, rename="camel"):
    balance: Decimal
    currency_code: str


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    custom_identifier: str | None = None


class _Event(msgspec.Struct, frozen=True):
    data: _Data


class ReloadlyApi:
    """One merchant's account with one service, live or in the sandbox. `accept`: the version of the
    service's answers."""

    terms: Terms
    live: ClassVar[str]
    sandbox: ClassVar[str]
    accept: ClassVar[str]
    tokens = Tokens()
    """Of every account of this process: what reads a merchant's secrets forgets them sooner."""

    def __init__(self, secrets: ReloadlySecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.audience = self.sandbox if secrets.sandbox else self.live
        self.url = api_base or self.audience
        self.auth = api_base or AUTH
        self.http = http

    def balance(self) -> Money:
        found = self._read("/accounts/balance", _Balance)
        # What was borrowed is not there to spend.
        return minor_of(max(found.balance, Decimal(0)), found.currency_code, ROUND_FLOOR)

    def read_callback(self, raw: bytes, headers: dict[str, str], _now_seconds: int) -> str:
        """Its age is not looked at: one that is told again only has us ask again."""
        given, signed_at = headers.get(SIGNATURE), headers.get(SIGNED_AT)
        if not given or not signed_at:
            raise SignatureMissing(f"{SIGNATURE} and {SIGNED_AT} are needed")
        secret = self.secrets.webhook_secret
        if secret is None:
            raise SignatureInvalid("there is no secret to know it by")
        own = hmac.digest(secret.encode(), raw + b":" + signed_at.encode(), "sha256").hex()
        if not hmac.compare_digest(given.encode(), own.encode()):
            raise SignatureInvalid("the signature does not fit")
        try:
            reference = msgspec.json.decode(raw, type=_Event).data.custom_identifier
        except msgspec.ValidationError as error:
            raise RequestInvalid("no event of Reloadly's") from error
        except UNREADABLE as error:
            raise RequestMalformed("the callback is not valid JSON") from error
        if not reference:
            raise RequestInvalid("no customIdentifier")
        return reference

    def _refusal(self, answer: HttpAnswer) -> Said:
        """Its code counts only with the status of a refusal."""
        code = decoded(answer.content, _Failure).error_code or f"status {answer.status}"
        refused = answer.status >= 400 and self.terms.meaning(code) is Meaning.REFUSED
        return Said(Meaning.REFUSED if refused else Meaning.UNCLEAR, code[:100])

    def _read(self, path: str, shape: Any, accept: str = "") -> Any:
        """Raises SupplierUnavailable, SupplierAnswerInvalid."""
        answer = self._asked("GET", path, accept=accept)
        if answer.status != 200:
            raise SupplierAnswerInvalid(f"status {answer.status}")
        return decoded(answer.content, shape)

    def _asked(self, method: str, path: str, body: bytes = b"", accept: str = "") -> HttpAnswer:
        """A token may be revoked before its time: what it was refused for was not looked at."""
        accept = accept or self.accept
        answer = self._asked_as(self._token(), method, path, body, accept)
        if answer.status == 401:
            self.tokens.forget(self._account)
            answer = self._asked_as(self._token(), method, path, body, accept)
        return answer

    def _asked_as(self, token: str, method: str, path: str, body: bytes, accept: str) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {token}", "Accept": accept}
        if body:
            headers["Content-Type"] = "application/json"
        return in_service(exchange(self.http, method, self.url + path, headers, body))

    @property
    def _account(self) -> tuple[str, str, str]:
        return self.auth, self.audience, self.secrets.client_id

    def _token(self) -> str:
        """Raises NothingHeard: without a token nothing of an order leaves."""
        kept = self.tokens.get(self._account)
        if kept:
            return kept
        body = {
            "client_id": self.secrets.client_id,
            "client_secret": self.secrets.client_secret,
            "grant_type": "client_credentials",
            "audience": self.audience,
        }
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            answer = exchange(
                self.http, "POST", f"{self.auth}/oauth/token", headers, msgspec.json.encode(body)
            )
            if answer.status != 200:
                raise SupplierAnswerInvalid(f"status {answer.status}")
            token: _Token = decoded(answer.content, _Token)
        except (NothingHeard, SupplierAnswerInvalid) as error:
            raise NothingHeard(f"no token: {error}", sent=False) from error
        self.tokens.keep(self._account, token.access_token, token.expires_in)
        return token.access_token
