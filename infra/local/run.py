"""`make run`: a shop on this machine that stays up. Ctrl-C stops it; its data survives."""

import signal
import sys
import threading

from infra.local.cloud import AWS_PORT, LOCAL, STRIPE_PORT, Cloud, running_cloud
from infra.local.console import Console
from infra.local.process import LocalCloudError
from infra.local.purchase import buy
from infra.local.seed import PRODUCTS, Shop, ensure_shop
from infra.packaging.build import BuildError


def main() -> int:
    console = Console()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        with running_cloud(
            LOCAL, aws_port=AWS_PORT, stripe_port=STRIPE_PORT, say=console.say
        ) as cloud:
            shop = ensure_shop(cloud, console.say)
            purchase = buy(cloud, shop, PRODUCTS[0].variant_id, console.say_step)
            print(f"\nDelivered: {', '.join(purchase.codes)}\n")
            print(instructions(cloud, shop), flush=True)
            signal.signal(signal.SIGINT, lambda *_: stop.set())
            stop.wait()
            console.say("stopping; the data stays in .local (`make reset` forgets it)")
    except KeyboardInterrupt:
        console.say("stopped")
    except (LocalCloudError, BuildError) as error:
        console.fail(error)
        return 1
    return 0


def instructions(cloud: Cloud, shop: Shop) -> str:
    """Everything to paste: addresses, keys, curl lines."""
    return f"""\
base URL          {cloud.base_url}
storefront key    {shop.storefront_key}
operator key      {shop.operator_key}
AWS (ministack)   {cloud.endpoint}
Stripe            {cloud.stripe_url}

Products:
  curl -s '{cloud.base_url}/v1/products' \\
    -H 'authorization: Bearer {shop.storefront_key}'

Place an order (its answer holds the order token and the payment):
  curl -s '{cloud.base_url}/v1/orders' \\
    -H 'authorization: Bearer {shop.storefront_key}' \\
    -H 'content-type: application/json' -H "idempotency-key: $RANDOM$RANDOM" \\
    -d '{{"lines": [{{"variant_id": "{PRODUCTS[0].variant_id}"}}], "email": "you@example.com"}}'

Stock of a variant:
  curl -s '{cloud.base_url}/v1/merchant/variants/{PRODUCTS[0].variant_id}/stock' \\
    -H 'authorization: Bearer {shop.operator_key}'

Orders:
  curl -s '{cloud.base_url}/v1/merchant/orders?state=delivered' \\
    -H 'authorization: Bearer {shop.operator_key}'

Another purchase, paid and delivered:
  make buy

Ctrl-C stops it."""


if __name__ == "__main__":
    sys.exit(main())
