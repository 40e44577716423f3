"""A top-up in a deployed cloud: from the form to the supplier's book."""

import pytest

from infra.local.seed import ensure_shop
from infra.local.top_up import QQ, open_account, top_up
from tests.scenarios.deployed import Deployed
from tests.suppliers.server import Simulator

pytestmark = pytest.mark.cloud


def test_an_account_is_charged_once_though_the_answer_was_lost(
    enforced_cloud: Deployed, supplier: Simulator
) -> None:
    cloud = enforced_cloud.cloud
    shop = ensure_shop(cloud, print)
    open_account(cloud, shop)

    purchase = top_up(cloud, shop, supplier, print)

    assert (purchase.state, purchase.charged) == ("delivered", 1)
    [order] = supplier.book.orders
    assert order.account == QQ
    logs = enforced_cloud.cloud.function_logs()
    assert not [line for line in logs if QQ in line]
