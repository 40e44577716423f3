"""Marks of mail: sent once however often it is asked for, and never lost."""

from collections.abc import Callable
from typing import Any

import pytest

from scrip.adapters.notifications import KEEP_MS, LEASE_MS, Notifications
from scrip.adapters.tables import Table
from tests.adapters.faults import Faults
from tests.domain.making import NOW_MS, ORDER_ID

MAIL = ("demo", ORDER_ID, "order_ready")


@pytest.fixture
def marks(notes: Table) -> Notifications:
    return Notifications(notes)


def test_the_first_to_ask_may_send_and_the_next_must_wait(marks: Notifications) -> None:
    assert marks.begin(*MAIL, NOW_MS) is True
    assert marks.begin(*MAIL, NOW_MS) is None
    assert marks.begin(*MAIL, NOW_MS + LEASE_MS) is None


def test_what_was_sent_is_not_sent_again_ever(marks: Notifications) -> None:
    marks.begin(*MAIL, NOW_MS)
    marks.sent(*MAIL)

    assert marks.begin(*MAIL, NOW_MS) is False
    assert marks.begin(*MAIL, NOW_MS + 10 * LEASE_MS) is False


def test_who_dies_while_sending_leaves_a_lease_that_ends(marks: Notifications) -> None:
    marks.begin(*MAIL, NOW_MS)

    assert marks.begin(*MAIL, NOW_MS + LEASE_MS + 1) is True
    assert marks.begin(*MAIL, NOW_MS + LEASE_MS + 2) is None


def test_who_fails_gives_the_lease_back(marks: Notifications) -> None:
    marks.begin(*MAIL, NOW_MS)
    marks.failed(*MAIL)

    assert marks.begin(*MAIL, NOW_MS) is True


def test_marks_of_other_orders_shops_and_kinds_are_their_own(marks: Notifications) -> None:
    marks.begin(*MAIL, NOW_MS)

    assert marks.begin("other", ORDER_ID, "order_ready", NOW_MS) is True
    assert marks.begin("demo", "0" * 16, "order_ready", NOW_MS) is True
    assert marks.begin("demo", ORDER_ID, "refunded", NOW_MS) is True


def test_a_mark_goes_in_time_but_not_before_a_queue_forgets(marks: Notifications) -> None:
    marks.begin(*MAIL, NOW_MS)

    item = marks.table.get({"pk": "#".join(MAIL)})

    assert item is not None
    assert item["delete_at"] == (NOW_MS + KEEP_MS) // 1000
    assert KEEP_MS > 14 * 86_400_000  # the longest a message can wait in its queue


def test_two_who_ask_at_once_do_not_both_send(marks: Notifications, met: Faults) -> None:
    answers: list[bool | None] = []

    def another(_: dict[str, Any]) -> None:
        answers.append(marks.begin(*MAIL, NOW_MS))

    plan: Callable[[dict[str, Any]], None] = another
    met.plan("PutItem", plan)

    answers.append(marks.begin(*MAIL, NOW_MS))

    assert answers == [True, None]
