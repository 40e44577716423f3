"""docs/api.md tells the truth: its tables are complete, its examples are run."""

import json
import re
import shlex
from typing import Any

import pytest

from scrip.chance import now_ms
from scrip.contracts.callbacks import MAX_CALLBACK_BYTES
from scrip.contracts.http import MAX_IDEMPOTENCY_KEY, MAX_JSON_BYTES, MAX_TEXT_BYTES
from scrip.contracts.openapi import OPERATIONS
from scrip.contracts.problems import INTERNAL, KINDS, TYPE_PREFIX
from scrip.domain import errors
from scrip.domain.api_key import Scope
from scrip.domain.code import MAX_CODES_PER_IMPORT, MAX_REASONS, Code
from scrip.domain.code_file import MAX_FILE_BYTES, MAX_LANES, MAX_ROWS
from scrip.domain.export import MAX_CODES
from scrip.domain.key_pattern import FLOOR_BITS, MIN_BITS
from scrip.domain.line import MAX_UNITS_PER_LINE, Fate
from scrip.domain.order import MAX_LINES
from scrip.domain.rate import PER_KEY, PER_MERCHANT, PER_SOURCE
from scrip.domain.recipe import MAX_ACTIVATIONS
from scrip.domain.top_up import Unit
from tests.buying_codes import kept_codes, open_cards_account
from tests.file_upload import result_of, run, upload
from tests.in_memory import InMemory
from tests.shop import Reply, Shop
from tests.template import ROOT
from tests.top_ups import end_unit
from tests.topping_up import paid, stuck

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n(.+?)\n```\n```json\n(.+?)\n```", PAGE, re.DOTALL)
MADE_ANEW = {
    "batch_id",
    "order_id",
    "placed_at_ms",
    "expires_at_ms",
    "delivered_at_ms",
    "order_token",
    "reference",
    "client_secret",
    "gone_at_ms",
    "export_id",
    "requested_at_ms",
    "downloads_until_ms",
    "first_revealed_at_ms",
    "last_revealed_at_ms",
    "recalled_at_ms",
    "import_id",
    "created_at_ms",
    "started_at_ms",
    "finished_at_ms",
    "url",
    "fields",
    "result_url",
    "replaced_at_ms",
    "sent_at_ms",
    "asked_at_ms",
}


LOT_7 = b"""code,pin,valid_until,cost
QX7T-PEAR-0003,1188,2999-12-31,12.50
QX7T-PEAR-0004,4471,2999-12-31,12.50
QX7T-PEAR-0003,1188,2999-12-31,12.50
QX7T-PLUM-0002,2207,2999-12-31,12.50
QX7T-PEAR-0005,9021,2020-12-31,12.50
"""


def rows(header: str) -> list[list[str]]:
    """The cells of the table with this first cell in its header."""
    table = re.search(rf"^\| {header} \|.*\n\|[- |]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def without_chance(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: type(inner).__name__ if name in MADE_ANEW and inner else without_chance(inner)
            for name, inner in value.items()
        }
    return [without_chance(each) for each in value] if isinstance(value, list) else value


def test_every_problem_that_can_be_answered_is_in_the_table_and_no_other() -> None:
    answered = {error for operation in OPERATIONS for error in operation.all_problems()}
    expected = {
        (str(KINDS[error].status), f"`{error.slug}`", KINDS[error].outcome.value)
        for error in answered | {errors.RouteUnknown}
    }
    slug = INTERNAL.type.removeprefix(TYPE_PREFIX)
    expected.add((str(INTERNAL.status), f"`{slug}`", INTERNAL.outcome.value))

    told = rows("status")

    assert {(status, kind, outcome) for status, kind, outcome, _ in told} == expected
    assert len(told) == len(expected)
    assert all(advice for *_, advice in told)


def test_every_operation_is_in_the_table_with_the_scopes_that_open_it() -> None:
    told = {route.strip("`"): who for route, who, _ in rows("operation")}

    assert set(told) == {operation.route for operation in OPERATIONS}
    for operation in OPERATIONS:
        named = {scope for scope in Scope if scope.value in told[operation.route]}
        keyed = isinstance(operation.access, frozenset)
        assert named == (operation.access if keyed else set()), operation.route


@pytest.mark.usefixtures("outlet")
def test_the_examples_answer_what_the_page_shows(cloud: InMemory, shop: Shop) -> None:
    names = {
        "API": "",
        "KEY": shop.keys["storefront"],
        "OPERATOR": shop.keys["operator"],
        "SECOND": shop.keys["second operator"],
        "BATCH": _stock(shop),
        "TOP_UP_ORDER": _stuck(cloud, shop),
    }
    open_cards_account(cloud.values, shop.merchant_id)
    seen: list[Reply] = []
    for command, shown in EXAMPLES:
        if "$ORDER_ID" in command and "ORDER_ID" not in names:
            placed = next(reply for reply in seen if reply.status == 201)
            names["ORDER_ID"] = placed.json["order"]["order_id"]
            names["ORDER_TOKEN"] = placed.json["order_token"]
            assert shop.pay(placed).status == 200
        if "$TOP_UP_ID" in command:
            names["TOP_UP_ID"] = seen[-1].json["order"]["order_id"]
            names["TOP_UP_TOKEN"] = seen[-1].json["order_token"]
            assert shop.pay(seen[-1]).json == {"outcome": "fulfilling"}
        if "$GAMES_ID" in command:
            games = _sold_game(cloud, shop)
            names["GAMES_ID"] = games.json["order"]["order_id"]
            names["GAMES_TOKEN"] = games.json["order_token"]
        if "$EXPORT_ID" in command:
            names["EXPORT_ID"] = seen[-1].json["export_id"]
        if "$IMPORT_ID" in command:
            opened = seen[-1]
            names["IMPORT_ID"] = opened.json["import_id"]
            run(cloud, upload(opened, LOT_7))
            told = result_of(shop, names["IMPORT_ID"])
            assert "\n".join(told) in PAGE
        reply = _curl(shop, command, names)
        seen.append(reply)
        shown_answer = json.loads(shown)
        assert without_chance(reply.json) == without_chance(shown_answer), command
        assert list(reply.json) == list(shown_answer)
    assert len({reply.text for reply in seen}) == len(EXAMPLES) > 8


def _stock(shop: Shop) -> str:
    """The batch of three codes."""
    product = {"title": "Steam gift card"}
    shop.call("PUT", "/v1/merchant/products/steam", product, key="operator")
    variant = {"title": "Steam 50 EUR", "price_minor": 4500, "currency": "EUR"}
    path = "/v1/merchant/products/steam/variants/steam-50"
    shop.call("PUT", path, variant, key="operator")
    headers = {"content-type": "text/csv", "idempotency-key": "delivery"}
    path = "/v1/merchant/variants/steam-50/codes"
    codes = b"code,pin\nQX7T-PLUM-0001,8841\nQX7T-PLUM-0002,2207\nQX7T-PLUM-0003,5170\n"
    reply = shop.call("POST", path, codes, key="operator", headers=headers)
    assert reply.status == 200
    return str(reply.json["batch_id"])


def _sold_game(cloud: InMemory, shop: Shop) -> Reply:
    """An order of a code that a supplier has sold."""
    placed = shop.place({"games-25": 1})
    assert shop.pay(placed).status == 200
    unit = Unit(shop.merchant_id, placed.json["order"]["order_id"], 0, 0)
    code = Code("X4TQ-91KD-7Z2M", "5520", url="https://games.example/redeem", until="2028-11-30")
    assert kept_codes(cloud).keep(unit, code, unit.reference(0), now_ms())
    end_unit(cloud, placed, 0, Fate.DONE, now_ms())
    return placed


def _stuck(cloud: InMemory, shop: Shop) -> str:
    """An order of a top-up that nobody knows the end of."""
    order = paid(cloud, shop.merchant_id, now_ms())
    stuck(cloud, order)
    return order.order_id


def _curl(shop: Shop, command: str, names: dict[str, str]) -> Reply:
    for name, value in sorted(names.items(), key=lambda pair: -len(pair[0])):
        command = command.replace(f"${name}", value)
    words = iter(shlex.split(command)[1:])
    method, path, headers, body = "GET", "", {}, b""
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d":
                body = next(words).encode()
            case _:
                path = word
    return shop.carrier.send(method, path, headers, body)


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def test_limits_on_the_page_are_those_of_the_code() -> None:
    for limit in (
        f"up to {MAX_CODES} codes of a variant",
        f"JSON up to {MAX_JSON_BYTES // 1024} KiB",
        f"imports up to {MAX_TEXT_BYTES // 1024**2} MiB",
        f"callbacks up to {MAX_CALLBACK_BYTES // 1024} KiB",
        f"up to {MAX_LINES} lines of up to {MAX_UNITS_PER_LINE} units",
        f"1 to {MAX_IDEMPOTENCY_KEY} visible ASCII",
        f"up to {MAX_REASONS} of the refused rows",
        f"Up to {_spaced(MAX_CODES_PER_IMPORT)} codes go in one request",
        f"up to {_spaced(MAX_ROWS)} rows and {MAX_FILE_BYTES // 10**6} MB",
        f"at most {MAX_LANES} different pairs",
        f"less than {MIN_BITS} bits is refused",
        f"Below {FLOOR_BITS} bits",
        f"at a time, 1 to {MAX_ACTIVATIONS}",
        f"One key is answered {PER_KEY.hits} times a minute, one address {PER_SOURCE.hits} times",
        f"a merchant {PER_MERCHANT.hits} times",
    ):
        assert limit in PAGE
