"""What a case is, and what is commonly done to a callback."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from urllib3 import HTTPHeaderDict

from scrip.domain import errors
from scrip.domain.errors import ScripError
from tests.scenarios.adversarial.accounts import Account, order_id_of
from tests.shop import Reply, Shop

Answer = str | type[ScripError]
"""The outcome that is acknowledged, or what it is refused as."""

DELIVERED, DUPLICATE, STRAY, IGNORED = "delivered", "duplicate", "stray", "ignored"
REFUND, REFUND_DUE, DISPUTED = "refund", "refund_due", "disputed"


ENDLESS = "".join(f"{n:05d}" for n in range(30_000))
"""No piece of it is like another, so that none can hide in a log."""

GIVEN_BACK_BEFORE = ((REFUND, STRAY), "pending", ("short refund",))
"""How it ends when word of a refund overtakes that of its payment: the goods stay here."""


UNMATCHED = (errors.OrderUnknown, errors.PaymentMerchantMismatch, errors.PaymentModeMismatch)
"""Refused though signed: somebody paid, and a person must look."""

FORGED = (
    errors.GatewayUnknown,
    errors.RequestTooLarge,
    errors.SignatureExpired,
    errors.SignatureInvalid,
    errors.SignatureMissing,
    errors.SignatureProbe,
)
"""Anybody could have written it. What cannot be read may be either."""


class Sent(NamedTuple):
    """A callback and its address, `""` for the right one."""

    raw: bytes
    headers: dict[str, str]
    merchant_id: str = ""
    provider: str = ""

    def but(self, **headers: str | None) -> "Sent":
        """With other headers, `_` for `-` in their names. None leaves one out."""
        changed = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self._replace(headers={k: v for k, v in changed.items() if v is not None})


class Shops(NamedTuple):
    """`shop` is attacked. `neighbour` has the same accounts. `stranger` has others at the same
    providers, `live` the same for real money."""

    shop: Shop
    neighbour: Shop
    stranger: Shop
    live: Shop


class Scene(NamedTuple):
    """One order of 4500, waiting to be paid. `expire`: makes it expire."""

    shops: Shops
    account: Account
    placed: Reply
    place: Callable[[Shop, Account], Reply]
    expire: Callable[[Reply], None]

    @property
    def order_id(self) -> str:
        return order_id_of(self.placed)

    def pay(self, told: dict[str, Any] | None = None, **facts: Any) -> Sent:
        """A genuine callback about this order, but for those facts."""
        return Sent(*self.account.pay(self.placed, facts, told or {}))

    def sign(self, raw: bytes, at: int | None = None) -> Sent:
        return Sent(raw, self.account.sign(raw, at))


class Case(NamedTuple):
    """`sends`: the callbacks, one after the other, or all `at_once`. `answers`: one for each.
    `state`, `strays` (case and action), `owed` minor units, `frozen`: of the order, in the end."""

    name: str
    sends: Callable[[Scene], Iterable[Sent]]
    answers: tuple[Answer, ...]
    state: str = "pending"
    strays: tuple[str, ...] = ()
    owed: int = 0
    frozen: bool = False
    at_once: bool = False

    def __repr__(self) -> str:
        return self.name

    @property
    def delivered(self) -> bool:
        return self.state in (DELIVERED, REFUND_DUE)


Change = Callable[[Sent], Sent]
Sends = Callable[[Scene], Iterable[Sent]]


def refused(name: str, change: Change, error: type[ScripError]) -> Case:
    """A genuine callback, spoilt. Nothing may come of it."""
    return Case(name, lambda scene: [change(scene.pay())], (error,))


def paid(name: str, change: Change) -> Case:
    """A genuine callback that is only written unusually."""
    return Case(name, lambda scene: [change(scene.pay())], (DELIVERED,), "delivered")


def signed(name: str, raw: Callable[[Scene], bytes], answer: Answer) -> Case:
    """Whatever is signed, and answered so: no order moves."""
    return Case(name, lambda scene: [scene.sign(raw(scene))], (answer,))


def facts(name: str, changes: dict[str, Any], answer: Answer, **end: Any) -> Case:
    """Rightly signed, with facts in our words that are not this order's."""
    return Case(name, lambda scene: [scene.pay(**changes)], (answer,), **end)


def told(name: str, changes: dict[str, Any], answer: Answer, **end: Any) -> Case:
    """The same, in the provider's words."""
    return Case(name, lambda scene: [scene.pay(changes)], (answer,), **end)


def header(name: str, change: Callable[[str], str | None]) -> Change:
    return lambda sent: sent.but(**{name: change(sent.headers[name])})


def body(change: Callable[[bytes], bytes]) -> Change:
    return lambda sent: sent._replace(raw=change(sent.raw))


def doubled(name: str, first: str) -> Change:
    """The header twice, a worthless one first. API Gateway joins them with a comma."""

    def change(sent: Sent) -> Sent:
        both = HTTPHeaderDict(sent.headers)
        both.discard(name)
        both.add(name, first)
        both.add(name, sent.headers[name])
        return sent._replace(headers=both)  # type: ignore[arg-type]

    return change


def shouting(sent: Sent) -> Sent:
    """Names of headers in another case."""
    return sent._replace(headers={k.upper(): v for k, v in sent.headers.items()})


def path_of(sent: Sent, scene: Scene) -> str:
    merchant_id = sent.merchant_id or scene.shops.shop.merchant_id
    provider = sent.provider or scene.account.provider
    return f"/v1/callbacks/payments/{quote(merchant_id, safe='')}/{provider}"
