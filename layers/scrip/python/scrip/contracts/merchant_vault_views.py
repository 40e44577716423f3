"""What the bodies about sealed codes say."""

from collections.abc import Sequence

from scrip.contracts.merchant_vault import MaskedCodesView, MaskedCodeView
from scrip.domain.line import Line


def masked_codes_view(
    order_id: str,
    codes: Sequence[tuple[Line, int, str | None, bool]],
    revealed_at_ms: Sequence[int],
) -> MaskedCodesView:
    """`codes`: line, unit, text and whether there is a PIN. Times oldest first."""
    return MaskedCodesView(
        order_id,
        [
            MaskedCodeView(line.number, unit, line.variant_id, text, has_pin)
            for line, unit, text, has_pin in codes
        ],
        len(revealed_at_ms),
        min(revealed_at_ms, default=None),
        max(revealed_at_ms, default=None),
    )
