"""Plaintext stands in the importing request and in the buyer's answer, and nowhere else.

A full day of a shop is run in memory, with everything that can go wrong; then every log line, every
metric, every item of every table and every queue message is searched for every secret of that day.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from scrip.adapters.orders import Orders
from scrip.adapters.vault import Vault
from scrip.telemetry import logger
from tests.buying_codes import buy_two
from tests.contents import contents
from tests.file_upload import import_file, open_import, result_of, upload
from tests.generated import GUESS, ask, look_up, sell_generated
from tests.in_memory import InMemory, forget_adapters
from tests.kept import kept
from tests.opening import open_shop
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeServer, sign
from tests.outbox import publish, queued_event, sent_mail, stream_event
from tests.reselling import SECRET, resell
from tests.shop import InProcess, Reply, Shop
from tests.top_ups import open_account, order_top_up, sell_top_up

CODES = [f"PLAIN-CODE-{number:04d}" for number in range(20)]
PAYER = "Who-Paid@bank.example"
"""Stands in callbacks, which are kept whole in their bucket and nowhere else."""

FILLED = ("+4915198765432", "+4915198765433", "not-a-phone-of-anna")
"""What buyers fill in stands in their orders, which the stream hands on, and in their mail."""

PINNED = [(f"PINNED-CODE-{number:04d}", f"PIN-{number:04d}-ZQ") for number in range(3)]


class Told:
    """What the functions wrote to their output and what they left behind."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.secrets: set[str] = set()
        self.results: list[str] = []

    def write(self, text: str) -> int:
        self.lines.append(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Log lines, at the most talkative level, as they are written."""
    heard = Told()
    level = logger.log_level
    for handler in logger.handlers:
        monkeypatch.setattr(handler, "stream", heard)
    logger.setLevel("DEBUG")
    yield heard
    logger.setLevel(level)


def in_all_spellings(secret: str) -> Iterator[bytes]:
    """As text, as JSON and base64 would write it, at each of base64's three alignments."""
    raw = secret.encode()
    yield raw
    yield raw.hex().encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        yield encoded[shift + 1 if shift else 0 : -4]


def flat(value: Any) -> Iterator[bytes]:
    """Every leaf of an item as bytes."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flat(name)
            yield from flat(inner)
    elif isinstance(value, list | set | tuple):
        for inner in value:
            yield from flat(inner)
    elif hasattr(value, "value"):
        yield bytes(value.value)
    else:
        yield value if isinstance(value, bytes) else str(value).encode()


def leaks(secrets: set[str], places: dict[str, bytes]) -> list[tuple[str, str]]:
    return [
        (place, secret)
        for place, content in places.items()
        for secret in sorted(secrets)
        if any(spelling in content for spelling in in_all_spellings(secret))
    ]


def test_no_secret_of_a_day_is_told_or_kept_in_plain(
    cloud: InMemory,
    stripe_api: StripeServer,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    environment = cloud.environment("api_serve_storefront")
    shop = open_shop(InProcess(cloud), environment, stripe_api)
    mailing = open_shop(InProcess(cloud), environment, stripe_api, "mailing", mail_codes=True)
    told.secrets |= {*CODES, *(cell for row in PINNED for cell in row)}
    told.secrets |= {SECRET_KEY, WEBHOOK_SECRET, *shop.keys.values(), *mailing.keys.values()}
    told.secrets.add(PAYER)
    messages: list[Any] = []
    streamed: list[Any] = []

    for each in (shop, mailing):
        _a_day(cloud, each, told, monkeypatch)
        streamed.append(stream_event(cloud))
        messages.append(publish(cloud))
        queued = queued_event(cloud)
        messages.append(queued)
        cloud.invoke("queue_send_mail", queued)
        cloud.invoke("schedule_expire_orders", {})
        cloud.invoke("schedule_follow_up", {})

    resell(cloud, shop)
    told.secrets |= {SECRET, *(f"RESOLD-{number}" for number in range(5)), "RESOLD-LAST"}
    streamed.append(stream_event(cloud))

    printed = capfd.readouterr()
    places = {f"table {name}": b"\n".join(flat(items)) for name, items in contents(cloud).items()}
    places["log"] = "".join(told.lines).encode()
    places["metrics"] = (printed.out + printed.err).encode()
    places["results of imports"] = "".join(told.results).encode()
    places["messages"] = json.dumps(messages, default=str).encode()
    places["stream"] = json.dumps(streamed, default=str).encode()
    assert len(told.lines) > 60
    assert any('"message":"bug"' in line for line in told.lines)
    assert printed.out.count("_aws") > 20
    assert any(CODES[0][:10] in mail.body for mail in sent_mail())
    assert any(PAYER.encode() in callback.raw for callback in kept().values())
    assert leaks(told.secrets, places) == []
    assert {place for place, _ in leaks({*FILLED}, places)} == {"stream", "table orders"}


def test_the_search_finds_what_it_looks_for() -> None:
    secret = "PLAIN-CODE-0001"
    for hidden in (
        f'{{"code":"{secret}"}}'.encode(),
        base64.b64encode(b"x" + secret.encode() + b"yz"),
        secret.encode().hex().encode(),
        b"\n".join(flat({"claimed": {"a": [b"\0" + secret.encode()]}})),
    ):
        assert leaks({secret}, {"place": hidden}) == [("place", secret)]


def _a_day(cloud: InMemory, shop: Shop, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.stock_up("card", CODES)
    shop.put_variant("gift")
    csv = "code,pin\n" + "\n".join(",".join(row) for row in PINNED)
    _import(shop, csv.encode(), "csv", "text/csv")
    _import(shop, csv.encode(), "csv", "text/csv")
    _import(shop, "\n".join([*CODES, CODES[0]]).encode(), "csv", "text/csv")
    _import(shop, f"{CODES[0]}\x00".encode(), "bad")
    _import(shop, f"{CODES[0]}ü".encode("latin-1"), "latin")
    shop.call("POST", "/v1/merchant/variants/gift/codes", {"codes": CODES}, key="operator")
    _import_files(cloud, shop, told, monkeypatch)
    with monkeypatch.context() as broken:
        broken.setattr(Vault, "seal", _raise_a_bug)
        _import(shop, CODES[1].encode(), "bug")

    issued = shop.call(
        "POST", "/v1/merchant/keys", {"scope": "finance", "label": "books"}, key="operator"
    ).json
    told.secrets.add(issued["secret"])
    told.secrets.add(issued["secret"].split("_")[3])
    shop.call("GET", "/v1/merchant/orders", key=issued["secret"])
    shop.call("DELETE", f"/v1/merchant/keys/{issued['key']['key_id']}", key="operator")
    shop.call("GET", "/v1/merchant/orders", key=issued["secret"])
    shop.call("GET", "/v1/merchant/orders", key=issued["secret"] + "_")

    placed = [shop.place({"card": 2, "gift": 1}), shop.place({"gift": 2})]
    placed += [shop.place({"gift": 1}), shop.place({"card": 1}, return_url="https://a.example/")]
    for each in placed:
        told.secrets.add(each.json["order_token"])
        told.secrets.add(each.json["payment"]["client_secret"] or each.json["order_token"])
    shop.stripe.fail_with.append((401, {"error": {"message": f"Invalid key: {SECRET_KEY}"}}))
    shop.place({"card": 1})
    shop.stripe.fail_with.append((500, {"error": {"message": SECRET_KEY}}))
    shop.place({"card": 1})

    placed.append(_generated_keys(shop, told))
    placed.append(_top_ups(cloud, shop, monkeypatch))
    bought, secrets = buy_two(cloud, shop)
    told.secrets |= {*secrets, bought.json["order_token"]}
    placed.append(bought)
    _callbacks(shop, placed)
    for each in placed:
        shop.read(each)
        shop.reveal(each)
        shop.masked(each)
    asked = shop.ask_export("card", 2)
    shop.export(asked, "approve", key="second operator")
    assert CODES[0][:10] in shop.export(asked, "download").text
    order_id = placed[1].json["order"]["order_id"]
    shop.call("GET", f"/v1/orders/{order_id}", key=placed[0].json["order_token"])
    shop.call("GET", "/v1/merchant/orders", key="operator")
    shop.call("GET", f"/v1/merchant/orders/{order_id}", key="finance")
    with monkeypatch.context() as broken:
        broken.setattr(Vault, "open", _raise_a_bug)
        shop.reveal(placed[0])
        forget_adapters()


def _generated_keys(shop: Shop, told: Told) -> Reply:
    """Sold, shown, used on a device, mistyped, guessed, asked about too often."""
    sell_generated(shop, "editor")
    sell_generated(shop, "studio", licence={"features": ["pro"]})
    bought = shop.place({"editor": 1, "studio": 1})
    told.secrets.add(bought.json["order_token"])
    shop.pay(bought)
    key, licence = shop.codes(bought)
    told.secrets |= {key, key.replace("-", ""), licence, licence.split(".")[2]}
    told.secrets |= {"fingerprint-of-anna", GUESS}
    for typed in (key, key.lower(), key[:-1] + "*", GUESS, licence):
        for verb in ("activate", "validate", "deactivate"):
            ask(shop, verb, key=typed, device="fingerprint-of-anna")
    ask(shop, "activate", key=key, device="two words")
    ask(shop, "activate", key=licence, device="fingerprint-of-anna", product_id="studio")
    look_up(shop, "read", key)
    while ask(shop, "validate", key=key).status == 200:
        """Until it is asked about too often."""
    return bought


def _top_ups(cloud: InMemory, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Reply:
    """Ordered, filled in wrong, told again with another phone, broken by a bug of ours."""
    open_account(cloud.values, shop.merchant_id)
    sell_top_up(shop)
    assert order_top_up(shop, phone=FILLED[2]).status == 422
    shop.place({"minutes": 1}, filled={"minutes": {"phone": FILLED[0], FILLED[2]: "x"}})
    shop.place({"minutes": 1}, filled={"minutes": {"phone": {"not": FILLED[0]}}})
    shop.place({"minutes": 1}, filled={"minutes": {"phone": FILLED[0] * 20}})
    lines, filled = {"minutes": 2}, {"minutes": {"phone": FILLED[0]}}
    placed = shop.place(lines, filled=filled, idempotency_key="phones")
    filled["minutes"]["phone"] = FILLED[1]
    assert shop.place(lines, filled=filled, idempotency_key="phones").status == 422
    with monkeypatch.context() as broken:
        broken.setattr(Orders, "place", _raise_a_bug)
        assert order_top_up(shop, phone=FILLED[1]).status == 500
    return placed


def _import_files(cloud: InMemory, shop: Shop, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"FILED-CODE-{n:04d},FILED-PIN-{n:04d},,FILED-NOTE-{n:04d}" for n in range(9)]
    told.secrets |= {cell for row in rows for cell in row.split(",") if cell}
    bad = [rows[0], f"{rows[1]},{rows[1]}", f"{rows[2]}\x00", "FILED-CODE-0003,,FILED-PIN-0003,"]
    content = "\n".join(["code,pin,valid_until,note", *rows, *bad]).encode()
    seen = import_file(cloud, shop, content, "gift", key="files")
    assert (seen["taken"], seen["refused"]) == (9, 3)
    told.results.append("\n".join(result_of(shop, seen["import_id"])))
    headless = import_file(cloud, shop, "\n".join(rows).encode(), "gift", key="headless")
    broken_quote = import_file(cloud, shop, b'code\n"' + content, "gift", key="quote")
    assert (headless["state"], broken_quote["state"]) == ("failed", "failed")
    told.results += [headless["problem"], broken_quote["problem"]]
    with monkeypatch.context() as broken:
        broken.setattr(Vault, "seal_at", _raise_a_bug)
        opened = open_import(shop, "gift", key="bug", name="bug.txt")
        event = upload(opened, b"FILED-CODE-9999")
        told.secrets.add("FILED-CODE-9999")
        assert cloud.invoke("queue_import_file", event)["batchItemFailures"]


def _callbacks(shop: Shop, placed: list[Reply]) -> None:
    for each in placed:
        raw = shop.stripe.paid(each.json["payment"]["reference"])
        shop.callback(raw, sign(raw, "whsec_not_the_right_secret"))
        shop.callback(raw, sign(raw, at=1))
        shop.pay(each, amount_received=1, receipt_email=PAYER)
        shop.pay(each, receipt_email=PAYER)
        shop.pay(each)
    shop.pay(placed[0], id="pi_stray", receipt_email=PAYER)
    shop.dispute(placed[1], "needs_response")
    shop.pay(placed[0], metadata={"merchant_id": shop.merchant_id}, receipt_email=PAYER)
    shop.callback(json.dumps({"receipt_email": PAYER}).encode())
    shop.callback(PAYER.encode())


def _import(shop: Shop, body: bytes, key: str, media_type: str = "text/plain") -> Reply:
    path = "/v1/merchant/variants/gift/codes"
    headers = {"content-type": media_type, "idempotency-key": key}
    return shop.call("POST", path, body, key="operator", headers=headers)


def _raise_a_bug(self: Any, *given: object) -> None:
    raise ZeroDivisionError("somewhere inside")
