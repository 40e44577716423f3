"""How one case is tried."""

import json
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

from tests.documented import is_refused
from tests.scenarios.adversarial.accounts import Account
from tests.scenarios.adversarial.cases import IGNORED, Answer, Case, Scene, Sent, path_of
from tests.scenarios.adversarial.ground import Ground
from tests.scenarios.adversarial.logged import Logged
from tests.shop import Reply


class Posted(NamedTuple):
    """What was sent, what was answered, and the trace to find it in the log."""

    sent: Sent
    reply: Reply
    trace_id: str


def try_out(ground: Ground, account: Account, case: Case) -> None:
    """What must move nothing is done to one and the same order; else the case has its own."""
    quiet = all(not isinstance(each, str) or each == IGNORED for each in case.answers)
    placed = ground.quiet(account) if quiet else ground.place(ground.shops.shop, account)
    scene = ground.scene(account, placed)

    if case.at_once:
        with ThreadPoolExecutor(len(case.answers)) as pool:
            posted = list(pool.map(partial(post, scene), case.sends(scene)))
    else:
        posted = [post(scene, sent) for sent in case.sends(scene)]

    check_answers(scene, case, posted)
    if not quiet:
        check_order(scene, case)
    ground.done(scene, case, logged(account, posted))


def post(scene: Scene, sent: Sent) -> Posted:
    trace_id = secrets.token_hex(16)
    headers = sent.headers.copy()
    headers["traceparent"] = f"00-{trace_id}-00f067aa0ba902b7-01"
    carrier = scene.shops.shop.carrier
    return Posted(sent, carrier.send("POST", path_of(sent, scene), headers, sent.raw), trace_id)


def check_answers(scene: Scene, case: Case, posted: Sequence[Posted]) -> None:
    told = [(each.reply.status, each.reply.text[:300]) for each in posted]
    assert len(posted) == len(case.answers)
    for each, answer in zip(posted, case.answers, strict=True):
        # At once, which came first is told by the log alone.
        expected = case.answers if case.at_once else (answer,)
        assert any(_is(each.reply, one, scene.account) for one in expected), (answer, told)


def _is(reply: Reply, answer: Answer, account: Account) -> bool:
    if not isinstance(answer, str):
        return is_refused(reply, answer)
    ours = json.dumps({"outcome": answer}, separators=(",", ":"))
    said = account.thanks or (200, "application/json", ours)
    return (reply.status, reply.headers["content-type"], reply.text) == said


def check_order(scene: Scene, case: Case) -> None:
    """The order and the money beside it, as the shop's people and the buyer see them."""
    shop = scene.shops.shop
    path = f"/v1/merchant/orders/{scene.order_id}"
    seen: Mapping[str, Any] = shop.call("GET", path, key="finance").json
    beside = sorted(f"{each['case']} {each['action']}" for each in seen["stray_payments"])
    ends = case.state, sorted(case.strays), case.frozen
    assert (seen["state"], beside, seen["frozen"]) == ends, seen
    assert shop.read(scene.placed).json.get("refund_due_minor", 0) == case.owed
    revealed = shop.reveal(scene.placed)
    if case.delivered and not case.frozen:
        assert len(revealed.json["codes"]) == 1
    else:
        assert revealed.status == 409


def logged(account: Account, posted: Sequence[Posted]) -> Logged:
    proofs = [each.sent.headers.get(account.proof, "")[-32:] for each in posted]
    hidden = {*account.hidden, *(each for each in proofs if len(each) == 32)}
    return Logged([each.trace_id for each in posted], hidden, [each.sent.raw for each in posted])
