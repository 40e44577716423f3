"""Disputed payments: the order stands still, and the shop can show what was had."""

from typing import Any

import pytest

from scrip.domain import errors
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import CODES, Clock
from tests.functions.test_api_accept_payment import order_of
from tests.generated import ask, sell_generated
from tests.in_memory import InMemory
from tests.shop import Reply, Shop

AT = 1_790_000_000
"""Seconds."""


def follow(cloud: InMemory) -> None:
    cloud.invoke("schedule_follow_up", {})


def bought(shop: Shop, quantity: int = 1) -> Reply:
    placed = shop.place({"card-50": quantity})
    assert shop.pay(placed).status == 200
    return placed


def test_a_dispute_freezes_its_order(stocked: Shop) -> None:
    placed = bought(stocked)
    assert stocked.reveal(placed).status == 200

    told = stocked.dispute(placed, "needs_response", at=AT, amount=4400)

    assert (told.status, told.json["outcome"]) == (200, "disputed")
    seen = order_of(stocked, placed)
    [dispute] = seen["disputes"]
    assert (seen["state"], seen["frozen"]) == ("delivered", True)
    assert dispute.pop("dispute_id").startswith("du_")
    assert dispute == {
        "provider": "stripe",
        "transaction_id": placed.json["payment"]["reference"],
        "state": "opened",
        "amount_minor": 4400,
        "currency": "EUR",
        "reason": "fraudulent",
        "told_at_ms": AT * 1000,
    }


def test_nothing_of_a_frozen_order_is_shown_or_moved(cloud: InMemory, stocked: Shop) -> None:
    placed = bought(stocked)
    stocked.dispute(placed, "needs_response")

    with nothing_changes(cloud):
        refused = [stocked.reveal(placed), stocked.take_back(placed), stocked.replace(placed)]

    for reply in refused:
        assert is_refused(reply, errors.OrderFrozen)
    assert stocked.read(placed).status == 200
    assert stocked.masked(placed).status == 200


def test_a_dispute_that_is_won_lets_the_order_go_on(stocked: Shop) -> None:
    placed = bought(stocked)
    stocked.dispute(placed, "needs_response", at=AT)

    told = stocked.dispute(placed, "won", at=AT + 1)

    assert told.json["outcome"] == "disputed"
    assert order_of(stocked, placed)["frozen"] is False
    assert order_of(stocked, placed)["disputes"][0]["state"] == "won"
    assert stocked.reveal(placed).status == 200


def test_a_dispute_that_is_lost_leaves_it_frozen(stocked: Shop) -> None:
    placed = bought(stocked)
    stocked.dispute(placed, "needs_response", at=AT)

    stocked.dispute(placed, "lost", at=AT + 1)

    assert order_of(stocked, placed)["disputes"][0]["state"] == "lost"
    assert is_refused(stocked.reveal(placed), errors.OrderFrozen)


@pytest.mark.parametrize(
    ("first", "then", "stands"),
    [
        (("needs_response", AT), ("needs_response", AT), "opened"),
        (("won", AT + 1), ("needs_response", AT), "won"),
        (("won", AT), ("needs_response", AT), "won"),
        (("lost", AT), ("lost", AT), "lost"),
        (("lost", AT + 1), ("won", AT), "lost"),
    ],
)
def test_what_is_told_late_or_again_changes_nothing(
    cloud: InMemory, stocked: Shop, first: tuple[str, int], then: tuple[str, int], stands: str
) -> None:
    placed = bought(stocked)
    stocked.dispute(placed, first[0], at=first[1])

    with nothing_changes(cloud):
        again = stocked.dispute(placed, then[0], at=then[1])

    assert (again.status, again.json["outcome"]) == (200, "duplicate")
    assert order_of(stocked, placed)["disputes"][0]["state"] == stands


def test_of_one_moment_the_end_counts(stocked: Shop) -> None:
    placed = bought(stocked)
    stocked.dispute(placed, "needs_response", at=AT)

    assert stocked.dispute(placed, "won", at=AT).json["outcome"] == "disputed"

    assert order_of(stocked, placed)["frozen"] is False


def test_a_dispute_of_no_order_of_ours_is_sent_again(cloud: InMemory, stocked: Shop) -> None:
    placed = bought(stocked)
    cloud.table("orders").delete_item(Key={"pk": f"demo#{placed.json['order']['order_id']}"})

    with nothing_changes(cloud):
        told = stocked.dispute(placed, "needs_response")

    assert is_refused(told, errors.OrderUnknown)


def test_a_dispute_of_another_shops_order_is_refused(
    cloud: InMemory, stocked: Shop, open_another: Any
) -> None:
    placed = bought(stocked)
    other = open_another("other")
    about = stocked.stripe.dispute(placed.json["payment"]["reference"])

    with nothing_changes(cloud):
        told = other.callback(stocked.stripe.event("charge.dispute.created", about))

    assert is_refused(told, errors.PaymentMerchantMismatch)


def test_an_expired_order_that_is_disputed_is_kept(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    key = {"pk": f"demo#{placed.json['order']['order_id']}"}
    cloud.table("orders").update_item(
        Key=key, UpdateExpression="SET delete_at = :at", ExpressionAttributeValues={":at": AT}
    )
    stocked.stripe.paid(placed.json["payment"]["reference"])

    stocked.dispute(placed, "needs_response")

    assert "delete_at" not in cloud.table("orders").get_item(Key=key)["Item"]


def available(shop: Shop) -> int:
    stock = shop.call("GET", "/v1/merchant/variants/card-50/stock", key="operator")
    return int(stock.json["available"])


def test_what_nobody_had_seen_of_a_lost_order_is_sold_again(cloud: InMemory, stocked: Shop) -> None:
    placed = bought(stocked, 3)
    before = available(stocked)
    stocked.dispute(placed, "needs_response", at=AT)
    follow(cloud)
    assert available(stocked) == before

    stocked.dispute(placed, "lost", at=AT + 1)
    follow(cloud)

    assert available(stocked) == before + 3
    seen = order_of(stocked, placed)
    assert (seen["state"], seen["frozen"], seen["refund_due_minor"]) == ("delivered", True, 0)
    assert [line["claimed"] for line in seen["lines"]] == [0]
    paid_by = placed.json["payment"]["reference"]
    refunds = stocked.stripe.of_kind("refund")
    assert not [each for each in refunds if each["payment_intent"] == paid_by]
    with nothing_changes(cloud):
        follow(cloud)


def test_what_was_seen_of_a_lost_order_is_gone(cloud: InMemory, stocked: Shop) -> None:
    placed = bought(stocked, 3)
    stocked.reveal(placed)
    before = available(stocked)

    stocked.dispute(placed, "lost")
    follow(cloud)

    assert available(stocked) == before
    assert [line["claimed"] for line in order_of(stocked, placed)["lines"]] == [3]


def test_a_dispute_over_a_part_takes_no_code_back(cloud: InMemory, stocked: Shop) -> None:
    placed = bought(stocked, 3)
    before = available(stocked)

    stocked.dispute(placed, "lost", amount=4500)
    follow(cloud)

    assert available(stocked) == before


# --- frozen by the shop


def test_a_shop_freezes_an_order_and_lets_it_go_on(cloud: InMemory, stocked: Shop) -> None:
    placed = bought(stocked)

    assert stocked.freeze(placed, frozen=True).json["frozen"] is True
    assert is_refused(stocked.reveal(placed), errors.OrderFrozen)
    assert stocked.freeze(placed, frozen=True).json["frozen"] is True
    assert stocked.freeze(placed, frozen=False).json["frozen"] is False
    assert stocked.freeze(placed, frozen=False).json["frozen"] is False

    assert stocked.reveal(placed).status == 200
    acts = [entry["act"] for entry in cloud.table("audit").scan()["Items"]]
    assert sorted(acts) == ["frozen", "frozen", "revealed", "thawed", "thawed"]


def test_shop_and_dispute_hold_an_order_each(stocked: Shop) -> None:
    placed = bought(stocked)
    stocked.freeze(placed, frozen=True)
    stocked.dispute(placed, "needs_response", at=AT)

    stocked.dispute(placed, "won", at=AT + 1)

    assert order_of(stocked, placed)["frozen"] is True
    assert stocked.freeze(placed, frozen=False).json["frozen"] is False


def test_an_open_dispute_holds_what_the_shop_lets_go(stocked: Shop) -> None:
    placed = bought(stocked)
    stocked.dispute(placed, "needs_response")

    freed = stocked.freeze(placed, frozen=False)

    assert freed.json["frozen"] is True
    assert freed.json["disputes"][0]["state"] == "opened"


def test_only_an_order_of_the_shops_own_is_frozen(cloud: InMemory, stocked: Shop) -> None:
    body = {"frozen": True, "reason": "x"}
    with nothing_changes(cloud):
        reply = stocked.call(
            "PUT", "/v1/merchant/orders/0000000000000000/freeze", body, key="operator"
        )

    assert is_refused(reply, errors.OrderUnknown)


# --- keys of its own


def test_a_key_of_a_frozen_order_is_suspended(shop: Shop) -> None:
    sell_generated(shop, "editor")
    placed = shop.place({"editor": 1})
    shop.pay(placed)
    key = shop.reveal(placed).json["codes"][0]["code"]
    assert ask(shop, "activate", key).status == 200

    shop.dispute(placed, "needs_response", at=AT)

    assert ask(shop, "validate", key).json == {"status": "suspended", "valid_until_ms": 0}
    assert is_refused(ask(shop, "activate", key), errors.GeneratedKeySuspended)
    assert ask(shop, "deactivate", key).status == 200

    shop.dispute(placed, "won", at=AT + 1)

    assert ask(shop, "validate", key).json["status"] == "not_activated"
    assert ask(shop, "activate", key).status == 200


# --- evidence


def test_evidence_tells_what_happened_and_no_code(stocked: Shop, clock: Clock) -> None:
    placed = bought(stocked, 2)
    stocked.reveal(placed)
    clock.ahead_ms += 300_000
    stocked.dispute(placed, "needs_response", at=clock.now_ms // 1000)

    found = stocked.evidence(placed)

    assert found.status == 200
    order_id = placed.json["order"]["order_id"]
    assert found.headers["content-disposition"] == (
        f'attachment; filename="evidence-{order_id}.json"'
    )
    told = found.json
    assert [line["title"] for line in told["lines"]] == ["card-50"]
    assert [each["what"].split(",")[0].split(" du_")[0] for each in told["happened"]] == [
        "order placed for buyer@example.com",
        "paid",
        "delivered",
        "codes shown in plain text",
        "dispute",
    ]
    shown = told["happened"][3]
    assert (shown["by"], shown["source"]) == ("buyer", "203.0.113.7")
    log = told["access_log"].splitlines()
    assert len(log) == 5
    assert log[3].endswith("UTC  codes shown in plain text, by buyer, from 203.0.113.7")
    assert not [code for code in CODES if code in found.text]


def test_there_is_evidence_of_an_order_that_nobody_paid(stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})

    assert [each["what"] for each in stocked.evidence(placed).json["happened"]] == [
        "order placed for buyer@example.com"
    ]


def test_evidence_tells_of_money_that_came_besides_and_what_became_of_it(stocked: Shop) -> None:
    placed = bought(stocked)
    assert stocked.pay(placed, id="pi_second").json["outcome"] == "stray"

    happened = stocked.evidence(placed).json["happened"]

    told = "paid besides (second), stripe pi_second: refund"
    [besides] = [each for each in happened if each["what"] == told]
    [paid] = [each for each in happened if each["what"].startswith("paid, ")]
    assert 0 <= besides["at_ms"] - paid["at_ms"] < 60_000


def test_there_is_no_evidence_of_no_order(stocked: Shop) -> None:
    path = "/v1/merchant/orders/0000000000000000/evidence"

    assert is_refused(stocked.call("GET", path, key="finance"), errors.OrderUnknown)
