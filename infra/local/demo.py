"""`make demo`: start, deploy, seed, buy one code, stop. Exits 0 only if the code was delivered.

`--gateway`: by which provider it is paid. Stripe is localstripe, as in `make run`; the others are
the tests' stand-ins. `--goods top_up`: no code but a charge of the buyer's account by a supplier
that loses its first answer; exits 0 only if it was charged once.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from infra.local import top_up
from infra.local.cloud import AWS_PORT, LOCAL, STRIPE_PORT, running_cloud
from infra.local.console import Console
from infra.local.gateways import PORTS, paying_at
from infra.local.process import LOOPBACK, LocalCloudError, free_port
from infra.local.purchase import Purchase, buy
from infra.local.seed import PRODUCTS, ensure_shop, set_gateway, variant_priced_in
from infra.packaging.build import ROOT, BuildError
from tests.oracles.paying import OPEN, ROOTS

SUPPLIER_PORT = 8425
REPORT = ROOT / "build/demo.json"


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = parsed(arguments)
    console = Console()
    try:
        charges = chosen.goods == "top_up"
        purchase = demonstrate_top_up(console) if charges else demonstrate(chosen.gateway, console)
        purchase.write(REPORT)
    except (LocalCloudError, BuildError) as error:
        console.fail(error)
        return 1
    console.say(f"wrote {REPORT.relative_to(ROOT)}")
    delivered = len(purchase.codes) + purchase.charged
    return 0 if (purchase.state, delivered) == ("delivered", 1) else 1


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make demo", description=__doc__)
    parser.add_argument("--gateway", default="stripe", choices=("stripe", *PORTS))
    parser.add_argument("--goods", default="code", choices=("code", "top_up"))
    return parser.parse_args(arguments)


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


def demonstrate_top_up(console: Console) -> Purchase:
    port = free_port(SUPPLIER_PORT, console.say)
    with (
        top_up.playing(port) as supplier,
        running_cloud(
            LOCAL,
            aws_port=AWS_PORT,
            stripe_port=STRIPE_PORT,
            supplier_bases={top_up.KIND: supplier.base},
            say=console.say,
        ) as cloud,
    ):
        shop = ensure_shop(cloud, console.say)
        top_up.open_account(cloud, shop)
        console.say(f"{top_up.KIND} plays at {supplier.base}, and will lose its first answer")
        return top_up.top_up(cloud, shop, supplier, console.say_step)


if __name__ == "__main__":
    sys.exit(main())
