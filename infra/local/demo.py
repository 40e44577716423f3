"""`make demo`: start, deploy, seed, buy one code, stop. Exits 0 only if the code was delivered."""

import sys

from infra.local.cloud import AWS_PORT, LOCAL, STRIPE_PORT, running_cloud
from infra.local.console import Console
from infra.local.process import LocalCloudError
from infra.local.purchase import buy
from infra.local.seed import PRODUCTS, ensure_shop
from infra.packaging.build import ROOT, BuildError

REPORT = ROOT / "build/demo.json"


def main() -> int:
    console = Console()
    try:
        with running_cloud(
            LOCAL, aws_port=AWS_PORT, stripe_port=STRIPE_PORT, say=console.say
        ) as cloud:
            shop = ensure_shop(cloud, console.say)
            purchase = buy(cloud, shop, PRODUCTS[0].variant_id, console.say_step)
            purchase.write(REPORT)
    except (LocalCloudError, BuildError) as error:
        console.fail(error)
        return 1
    console.say(f"wrote {REPORT.relative_to(ROOT)}")
    return 0 if purchase.state == "delivered" and purchase.codes else 1


if __name__ == "__main__":
    sys.exit(main())
