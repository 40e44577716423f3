"""Field types that several contracts share, with their limits.

Patterns end in `\\Z`: in Python, `$` would let a line break pass at the end. The published schemas
say `$`, which means just that in their dialect.
"""

from typing import Annotated

from msgspec import Meta

from scrip.domain.order import FAR_FUTURE_MS, MAX_AMOUNT_MINOR

Slug = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}\Z",
        description="Chosen by the merchant: lower case letters, digits and hyphens",
        examples=["gift-card-50"],
    ),
]
MerchantId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,19}\Z")]
OrderId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-HJKMNP-TV-Z]{16}\Z",
        description="Order number, 16 symbols of Crockford base32",
        examples=["7K2M9Q4XTB3WHD5N"],
    ),
]
Email = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+\Z",
        max_length=254,
        description="Where the buyer is told that the order is ready",
        examples=["buyer@example.com"],
    ),
]
Currency = Annotated[
    str, Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217, upper case", examples=["EUR"])
]
PriceMinor = Annotated[
    int,
    Meta(ge=1, le=MAX_AMOUNT_MINOR, description="In the currency's minor unit", examples=[4500]),
]
AmountMinor = Annotated[
    int, Meta(ge=0, le=MAX_AMOUNT_MINOR, description="In the currency's minor unit")
]
Title = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Milliseconds = Annotated[
    int, Meta(ge=0, le=FAR_FUTURE_MS, description="Milliseconds since 1970-01-01T00:00:00Z")
]
