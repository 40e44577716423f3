"""The merchant's API about how much of its stock is on offer."""

from scrip.chance import now_ms
from scrip.contracts.http import Answer
from scrip.contracts.merchant_offers import OfferView
from scrip.flows.set_offer import set_offer
from scrip.serving import Call
from scrip.wiring import merchant


def put_offer(call: Call) -> Answer:
    wired, variant_id = merchant.merchant_side(), call.path.variant_id
    done = set_offer(
        call.merchant_id,
        variant_id,
        call.body.units,
        now_ms=now_ms(),
        catalogue=wired.catalogue,
        stock=wired.offers,
    )
    return Answer(200, OfferView(variant_id, done.offered, done.kept))


OFFERS = {"put_offer": put_offer}
