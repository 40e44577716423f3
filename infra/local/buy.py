"""`make buy`: another purchase at the shop that `make run` keeps up."""

import json
import sys

from infra.local.cloud import LOCAL, Cloud
from infra.local.console import Console
from infra.local.process import LocalCloudError, answers
from infra.local.purchase import buy
from infra.local.seed import PRODUCTS, ensure_shop


def main() -> int:
    console = Console()
    described = LOCAL / "cloud.json"
    if not described.exists():
        console.fail(LocalCloudError("no shop is up: `make run` in another terminal"))
        return 1
    cloud = Cloud(**json.loads(described.read_text()))
    if not answers(f"{cloud.endpoint}/_ministack/health"):
        console.fail(LocalCloudError("no shop is up: `make run` in another terminal"))
        return 1
    try:
        shop = ensure_shop(cloud, console.say)
        purchase = buy(cloud, shop, PRODUCTS[2].variant_id, console.say_step)
    except LocalCloudError as error:
        console.fail(error)
        return 1
    print(f"\nDelivered: {', '.join(purchase.codes)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
