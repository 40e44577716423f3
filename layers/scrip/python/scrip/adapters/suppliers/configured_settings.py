"""What a merchant says of a supplier that no module knows: all that differs, and nothing to run.

Meanings are limited to words that say something. A code that is not in a table is unclear.
"""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from scrip.adapters.http import is_public_name
from scrip.domain.goods import Kind
from scrip.domain.supplier_terms import DAY_MS, HOUR_MS, MINUTE_MS, Meaning, Resend, Terms

SUPPLIER_NAME = "configured"
CALLBACK_HEADERS = ("x-signature", "x-sign", "signature", "sign")

BLANK = re.compile(r"\{([^{}]*)\}")
KNOWN_BLANKS = frozenset(
    {
        "callback_url",
        "currency",
        "milliseconds",
        "nonce",
        "ref",
        "reference",
        "seconds",
        "sku",
        "time",
        "worth",
        "worth_minor",
    }
)
FORM = "form."
FORM_FIELD = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")

Path = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\Z", max_length=200)]
"""Names of nested objects, and places in lists: `data.orders.0.status`."""

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}\Z")]
Template = Annotated[str, Meta(max_length=500)]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
Host = Annotated[
    str, Meta(pattern=r"^https://[a-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?\Z", max_length=300)
]
Secret = Annotated[str, Meta(pattern=r"^[!-~]{16,256}\Z")]

SendWord = Literal["taken", "done", "failed", "refused", "too_fast", "state"]
AskWord = Literal["taken", "done", "failed", "reversed", "not_found", "state"]
StateWord = Literal["taken", "done", "failed", "reversed"]
STATE = "state"
"""The order's state tells."""

MEANINGS = {
    "taken": Meaning.TAKEN,
    "done": Meaning.DONE,
    "failed": Meaning.FAILED,
    "refused": Meaning.REFUSED,
    "too_fast": Meaning.NOT_SENT,
    "not_found": Meaning.NOT_FOUND,
    "reversed": Meaning.REVERSED,
}


class Shape(Struct, frozen=True, forbid_unknown_fields=True):
    """Of settings: what is misspelt is refused."""


class Signature(Shape, frozen=True):
    """`over`: all fields, by name in order, as `name=value` with & between them; or the body as it
    is. `before_secret`: of md5, what stands between that and the secret. `empty`: whether fields
    without a value count. `upper`: letters of the hexadecimal. `header` or `field`: where it is."""

    scheme: Literal["hmac-sha256", "md5"]
    over: Literal["fields", "body"] = "fields"
    before_secret: Annotated[str, Meta(max_length=32)] = ""
    empty: bool = False
    upper: bool = False
    header: Name | None = None
    field: Name | None = None

    def __post_init__(self) -> None:
        if (self.header is None) == (self.field is None):
            raise ValueError("a signature is in a header or in a field")
        if self.over == "body" and self.field is not None:
            raise ValueError("what signs a body cannot be in it")


class Call(Shape, frozen=True):
    """`fields`: what is sent, by name: texts with blanks, or numbers. `content`: how: of a GET in
    the query."""

    path: Annotated[str, Meta(pattern=r"^/[A-Za-z0-9._~/-]*\Z", max_length=200)]
    fields: Annotated[dict[Name, Template | int], Meta(max_length=50)]
    method: Literal["GET", "POST"] = "POST"
    content: Literal["json", "form", "query"] = "json"

    def __post_init__(self) -> None:
        if self.method == "GET" and self.content != "query":
            raise ValueError("a GET has its fields in the query")
        for blank in self.blanks():
            if blank.startswith(FORM) and FORM_FIELD.match(blank.removeprefix(FORM)):
                continue
            if blank not in KNOWN_BLANKS:
                raise ValueError(f"nothing fills {{{blank}}}")

    def blanks(self) -> list[str]:
        texts = [each for each in self.fields.values() if isinstance(each, str)]
        if any("{" in BLANK.sub("", each) or "}" in BLANK.sub("", each) for each in texts):
            raise ValueError("a blank does not close")
        return [blank for text in texts for blank in BLANK.findall(text)]


class SendCall(Call, frozen=True, kw_only=True):
    codes: Annotated[dict[Code, SendWord], Meta(min_length=1, max_length=200)]

    def __post_init__(self) -> None:
        Call.__post_init__(self)
        if not {"reference", "sku"} <= set(self.blanks()):
            raise ValueError("an order names its {reference} and its {sku}")
        if not {"taken", "done", STATE} & set(self.codes.values()):
            raise ValueError("no code says that an order is taken")


class AskCall(Call, frozen=True, kw_only=True):
    codes: Annotated[dict[Code, AskWord], Meta(min_length=1, max_length=200)]

    def __post_init__(self) -> None:
        Call.__post_init__(self)
        # Its own number is not known of an order whose answer was lost.
        if "reference" not in self.blanks():
            raise ValueError("an order is asked about by its {reference}")


class Figure(Call, frozen=True, kw_only=True):
    """`ok`: the code that it comes with. `amount`: where it is. `available`: where it says that
    there are goods, and `available_words`, how; without it there always are."""

    ok: Code
    amount: Path
    available: Path | None = None
    available_words: Annotated[tuple[Code, ...], Meta(max_length=20)] = ()


class Secrets(Shape, frozen=True):
    """Where the parts of a code lie that was bought: itself, its PIN, where it is redeemed, its
    last day."""

    code: Path
    pin: Path | None = None
    url: Path | None = None
    until: Path | None = None


class Answers(Shape, frozen=True):
    """Where the answers' words lie. `code`: without it the HTTP status counts. `reference`: ours,
    told back. `ref`: the supplier's number. `receipt`: what the buyer may see. `secret`: a code
    that was bought."""

    code: Path | None = None
    state: Path | None = None
    reference: Path | None = None
    ref: Path | None = None
    receipt: Path | None = None
    secret: Secrets | None = None


class CallbackMap(Shape, frozen=True):
    """`reference`: ours, in what the supplier sends by itself."""

    reference: Path
    signature: Signature
    content: Literal["json", "form"] = "json"

    def __post_init__(self) -> None:
        header = self.signature.header
        if header is not None and header.lower() not in CALLBACK_HEADERS:
            raise ValueError(f"a callback's signature is in one of {', '.join(CALLBACK_HEADERS)}")


class Numbers(Shape, frozen=True):
    """The supplier's terms. `resend`: what sending a reference again does."""

    resend: Literal["replays", "refuses", "new_after_failure", "new"]
    quarantine_minutes: Annotated[int, Meta(ge=1, le=10_080)] = 10
    not_found_times: Annotated[int, Meta(ge=1, le=20)] = 3
    asked_for_days: Annotated[int, Meta(ge=1, le=365)] = 30
    patience_hours: Annotated[int, Meta(ge=1, le=720)] = 24
    unsent_minutes: Annotated[int, Meta(ge=1, le=1440)] = 360
    waits_seconds: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=86_400)], ...], Meta(min_length=1, max_length=20)
    ] = (5, 10, 30, 60, 300, 900)
    reversible: bool = False
    per_second: Annotated[float, Meta(gt=0, le=1000)] = 1
    at_once: Annotated[int, Meta(ge=0, le=1000)] = 0

    def terms(self, states: dict[str, StateWord], *, sells_codes: bool) -> Terms:
        return Terms(
            supplier=SUPPLIER_NAME,
            meanings={state: MEANINGS[word] for state, word in states.items()},
            resend=Resend(self.resend),
            quarantine_ms=self.quarantine_minutes * MINUTE_MS,
            not_found_times=self.not_found_times,
            asked_for_ms=self.asked_for_days * DAY_MS,
            patience_ms=self.patience_hours * HOUR_MS,
            unsent_ms=self.unsent_minutes * MINUTE_MS,
            waits_ms=tuple(each * 1000 for each in self.waits_seconds),
            reversible=self.reversible,
            per_second=self.per_second,
            at_once=self.at_once,
            kinds=(Kind.TOP_UP, Kind.BOUGHT_CODE) if sells_codes else (Kind.TOP_UP,),
        )


class ConfiguredSecrets(Shape, frozen=True):
    """`api`: where its calls begin. `utc_offset_hours`: of {time}. `amounts`: whether figures are
    cents or written as `45.00`."""

    api: Host
    secret: Secret
    signature: Signature
    send: SendCall
    ask: AskCall
    answers: Answers
    states: Annotated[dict[Code, StateWord], Meta(max_length=100)]
    terms: Numbers
    currency: Currency
    amounts: Literal["minor", "decimal"] = "decimal"
    utc_offset_hours: Annotated[int, Meta(ge=-12, le=14)] = 0
    headers: Annotated[
        dict[Name, Annotated[str, Meta(pattern=r"^[ -~]{0,300}\Z")]], Meta(max_length=10)
    ] = {}
    balance: Figure | None = None
    quote: Figure | None = None
    callback: CallbackMap | None = None

    def __post_init__(self) -> None:
        if not is_public_name(urlsplit(self.api).hostname or ""):
            raise ValueError("not a public name")
        words = {*self.send.codes.values(), *self.ask.codes.values()}
        if (STATE in words) != (self.answers.state is not None and bool(self.states)):
            raise ValueError("where a code says `state`, answers have a state, and states words")
        for call in filter(None, (self.send, self.ask, self.balance, self.quote)):
            if self.signature.field in call.fields:
                raise ValueError("the signature's field is no other's")
            if self.signature.over == "body" and call.content == "query":
                raise ValueError("a query has no body to sign")

    def __repr__(self) -> str:
        return "ConfiguredSecrets(...)"
