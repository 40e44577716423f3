"""`make demo`: start, deploy, seed, buy one code, stop. Exits 0 only if the code was delivered.

`--gateway`: by which provider it is paid. Stripe is localstripe, as in `make run`; the others are
the tests' stand-ins.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from infra.local.cloud import AWS_PORT, LOCAL, STRIPE_PORT, running_cloud
from infra.local.console import Console
from infra.local.gateways import PORTS, paying_at
from infra.local.process import LOOPBACK, LocalCloudError, free_port
from infra.local.purchase import Purchase, buy
from infra.local.seed import PRODUCTS, ensure_shop, set_gateway, variant_priced_in
from infra.packaging.build import ROOT, BuildError
from tests.oracles.paying import OPEN, ROOTS

REPORT = ROOT / "build/demo.json"


def main(arguments: Sequence[str] | None = None) -> int:
    gateway = gateway_of(arguments)
    console = Console()
    try:
        purchase = demonstrate(gateway, console)
        purchase.write(REPORT)
    except (LocalCloudError, BuildError) as error:
        console.fail(error)
        return 1
    console.say(f"wrote {REPORT.relative_to(ROOT)}")
    return 0 if purchase.state == "delivered" and purchase.codes else 1


def gateway_of(arguments: Sequence[str] | None) -> str:
    parser = argparse.ArgumentParser("make demo", description=__doc__)
    parser.add_argument("--gateway", default="stripe", choices=("stripe", *PORTS))
    chosen: str = parser.parse_args(arguments).gateway
    return chosen


def demonstrate(gateway: str, console: Console) -> Purchase:
    with ExitStack() as running:
        ports = {
            name: free_port(port, console.say) for name, port in PORTS.items() if name == gateway
        }
        cloud = running.enter_context(
            running_cloud(
                LOCAL,
                aws_port=AWS_PORT,
                stripe_port=STRIPE_PORT,
                api_bases={name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()},
                roots=ROOTS.get(gateway, bytes)(),
                say=console.say,
            )
        )
        shop = ensure_shop(cloud, console.say)
        if not ports:
            return buy(cloud, shop, PRODUCTS[0].variant_id, console.say_step)
        provider = running.enter_context(OPEN[gateway](ports[gateway]))
        set_gateway(cloud, gateway, provider.secrets)
        console.say(f"{gateway} plays at {provider.base}, its secrets are set")
        return buy(
            cloud,
            shop,
            variant_priced_in(provider.currency),
            console.say_step,
            paying_at(provider, cloud, shop.merchant_id),
        )


if __name__ == "__main__":
    sys.exit(main())
