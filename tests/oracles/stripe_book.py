"""What the stand-in for Stripe keeps, and what moves it from outside: buyers, banks, the dashboard.

Nothing in it is changed in place, so that a test can put back what was.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Object = dict[str, Any]
Form = list[tuple[str, str]]

KEPT = ("objects", "payments", "answers", "paid_by")


class Answered(NamedTuple):
    """What was first answered under an idempotency key. Stripe remembers refusals as well."""

    form: Form
    answer: Any
    status: int = 200
    at_seconds: float = 0
    path: str = ""


@dataclass
class StripeBook:
    """`payments`: PaymentIntents and Checkout Sessions by id, `objects`: everything else by id, as
    Stripe would show them. `paid_by`: the PaymentIntent of each paid session."""

    payments: dict[str, Object] = field(default_factory=dict)
    objects: dict[str, Object] = field(default_factory=dict)
    answers: dict[str, Answered] = field(default_factory=dict)
    paid_by: dict[str, str] = field(default_factory=dict)
    skew_seconds: float = 0
    """How far this Stripe's clock is ahead of ours."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def snapshot(self) -> Callable[[], None]:
        """A function that puts everything back as it is now."""
        kept = {name: dict(getattr(self, name)) for name in KEPT}

        def restore() -> None:
            for name in KEPT:
                setattr(self, name, dict(kept[name]))

        return restore

    def now_seconds(self) -> int:
        return int(time.time() + self.skew_seconds)

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self.numbers):08d}"

    def find(self, name: str) -> Object | None:
        return self.objects.get(name) or self.payments.get(name)

    def keep(self, kept: Object, **changes: Any) -> Object:
        changed = kept | changes
        payments = changed["object"] in ("payment_intent", "checkout.session")
        (self.payments if payments else self.objects)[changed["id"]] = changed
        return changed

    def of_kind(self, kind: str) -> list[Object]:
        """Newest first."""
        found = [each for each in self.objects.values() if each["object"] == kind]
        return found[::-1]

    # --- what happens at Stripe ----------------------------------------------------------------

    def settle(self, reference: str) -> Object:
        """The buyer pays. Answers the PaymentIntent as it stands then."""
        payment = self.payments[reference]
        if payment["object"] == "checkout.session":
            intent = self.settle(self.begin(reference)["id"])
            self.keep(
                payment, status="complete", payment_status="paid", payment_intent=intent["id"]
            )
            return intent
        if payment.get("status") == "succeeded":
            return payment
        now = self.now_seconds()
        charge = self.keep(
            {
                "id": self.new_id("ch"),
                "object": "charge",
                "amount": payment["amount"],
                "amount_refunded": 0,
                "created": now,
                "currency": payment["currency"],
                "disputed": False,
                "metadata": dict(payment["metadata"]),
                "payment_intent": payment["id"],
            }
        )
        self.move_balance(
            "charge", charge, charge["amount"], fee=charge["amount"] * 29 // 1000 + 25
        )
        paid = {"status": "succeeded", "amount_received": payment["amount"]}
        return self.keep(payment, latest_charge=charge["id"], **paid)

    def begin(self, reference: str, status: str = "requires_payment_method") -> Object:
        """The buyer of a Checkout Session chose how to pay: it has a PaymentIntent now."""
        session = self.payments[reference]
        name = reference.replace("cs_test_", "pi_s")
        intent = self.payments.get(name) or self.keep(
            {
                "id": name,
                "object": "payment_intent",
                "amount": session["amount_total"],
                "created": self.now_seconds(),
                "currency": session["currency"],
                "latest_charge": None,
                "livemode": False,
                "metadata": session["_payment_intent_metadata"],
                "status": "requires_payment_method",
            }
        )
        self.paid_by[reference] = name
        if intent["status"] != "succeeded" and intent["status"] != status:
            intent = self.keep(intent, status=status)
        return intent

    def debit_bank(self, reference: str, *, failed: bool = False) -> None:
        """A bank debit: the session completes days before the money comes, or does not."""
        intent = self.begin(reference, "requires_payment_method" if failed else "processing")
        self.keep(self.payments[reference], status="complete", payment_intent=intent["id"])

    def move_balance(
        self, category: str, source: Object, amount: int, fee: int = 0, currency: str = ""
    ) -> Object:
        return self.keep(
            {
                "id": self.new_id("txn"),
                "object": "balance_transaction",
                "amount": amount,
                "created": self.now_seconds(),
                "currency": currency or source["currency"],
                "fee": fee,
                "net": amount - fee,
                "reporting_category": category,
                "source": source["id"],
                "type": "adjustment" if category == "dispute" else category,
            }
        )

    def dispute(self, reference: str, status: str = "needs_response", **changes: Any) -> Object:
        """The buyer's bank takes the money back. Again: how the dispute goes on."""
        intent = self.payments[self.paid_by.get(reference, reference)]
        charge = self.objects[intent["latest_charge"]]
        self.keep(charge, disputed=True)
        known = [each for each in self.of_kind("dispute") if each["charge"] == charge["id"]]
        made = {
            "id": self.new_id("du"),
            "object": "dispute",
            "amount": charge["amount"],
            "balance_transactions": [],
            "charge": charge["id"],
            "created": self.now_seconds(),
            "currency": charge["currency"],
            "livemode": False,
            "metadata": {},
            "payment_intent": intent["id"],
            "reason": "fraudulent",
        }
        return self.keep(known[0] if known else made, status=status, **changes)

    # --- events ------------------------------------------------------------------------------

    def event(self, kind: str, about: Object, **more: Any) -> bytes:
        """An event's raw body."""
        body = {
            "id": self.new_id("evt"),
            "object": "event",
            "type": kind,
            "created": self.now_seconds(),
            "livemode": False,
            "data": {"object": about},
            **more,
        }
        return json.dumps(body, indent=2).encode()

    def paid(self, reference: str, **changes: Any) -> bytes:
        """`payment_intent.succeeded` for a payment opened here."""
        return self.event("payment_intent.succeeded", {**self.settle(reference), **changes})

    def session_completed(self, reference: str, **changes: Any) -> bytes:
        self.settle(reference)
        return self.event("checkout.session.completed", {**self.payments[reference], **changes})
