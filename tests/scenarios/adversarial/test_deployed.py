"""Each case as bytes at the deployed API: the answer, the order, the money and the log."""

import pytest

from scrip.domain import errors
from tests.scenarios.adversarial import (
    alipay_cases,
    any_cases,
    paypal_cases,
    standard_cases,
    stripe_cases,
    wechat_cases,
)
from tests.scenarios.adversarial.cases import DELIVERED, Case
from tests.scenarios.adversarial.early import EARLY, telling
from tests.scenarios.adversarial.ground import Ground
from tests.scenarios.adversarial.trial import (
    Posted,
    check_answers,
    check_order,
    logged,
    post,
    try_out,
)
from tests.shop import Reply

pytestmark = pytest.mark.cloud

OWN = {
    "stripe": (*any_cases.ONE_CASES, *any_cases.CURRENCY_CASES, *stripe_cases.CASES),
    "wechat": (*any_cases.CURRENCY_CASES, *wechat_cases.CASES),
    "alipay": alipay_cases.CASES,
    "paypal": (*any_cases.CURRENCY_CASES, *paypal_cases.CASES),
    "standard": (*any_cases.CURRENCY_CASES, *standard_cases.CASES),
}
CASES = [
    *(
        pytest.param(provider, case, id=f"{provider}: {case.name}")
        for provider, own in OWN.items()
        for case in (*any_cases.of(provider), *own)
    ),
    *(
        pytest.param(provider, case, id=f"{provider}: {case.name}")
        for provider in OWN
        for case in any_cases.RACES
    ),
]


@pytest.mark.parametrize(("provider", "case"), CASES)
def test_it_ends_as_it_should(ground: Ground, provider: str, case: Case) -> None:
    try_out(ground, ground.accounts[provider], case)


ADDRESS = "/v1/callbacks/payments/{shop}/stripe"


@pytest.mark.parametrize(
    ("method", "address"),
    [
        *((method, ADDRESS) for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE")),
        ("POST", ADDRESS + "/"),
        ("POST", ADDRESS + "/x"),
        ("POST", ADDRESS.replace("v1", "V1")),
        ("POST", ADDRESS.removesuffix("/stripe")),
    ],
)
def test_there_is_no_other_door(ground: Ground, method: str, address: str) -> None:
    account, shop = ground.accounts["stripe"], ground.shops.shop
    placed = ground.quiet(account)
    raw, headers = account.pay(placed, {}, {})
    before = ground.kept(placed)

    path = address.format(shop=shop.merchant_id)
    reply = shop.carrier.send(method, path, headers, raw)

    assert reply.status in (404, 405)
    assert ground.kept(placed) == before


@pytest.mark.parametrize("provider", EARLY)
def test_a_callback_may_be_faster_than_our_own_write(ground: Ground, provider: str) -> None:
    """It comes before the provider's answer has; nothing is known of the order yet."""
    account, told = ground.accounts[provider], list[Posted]()

    def tell(opened: Reply) -> None:
        scene = ground.scene(account, opened)
        told.append(post(scene, scene.pay()))

    with telling(account, tell):
        placed = ground.place(ground.shops.shop, account)
    scene = ground.scene(account, placed)
    told.append(post(scene, scene.pay()))

    case = Case("early", lambda _: [], (errors.OrderUnknown, DELIVERED), "delivered")
    check_answers(scene, case, told)
    check_order(scene, case)
    ground.done(scene, case, logged(account, told))
