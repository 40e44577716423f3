"""Give codes that are on sale an end, as an import of dated rows would have."""

from typing import Any


def give_an_end(table: Any, variant: str, until_ms: int, merchant_id: str = "demo") -> None:
    """All chunks of the variant that are on sale without an end get this one. `table`: of stock."""
    key = {"pk": f"{merchant_id}#{variant}#directory"}
    ranges: list[list[Any]] = table.get_item(Key=key)["Item"]["ranges"]
    for each in ranges:
        lane, first, _, chunks, _, _, until, *_ = each
        if until:
            continue
        each[6] = until_ms
        for number in range(int(first), int(first + chunks)):
            table.update_item(
                Key={"pk": f"{merchant_id}#{variant}#{lane}#{number}"},
                UpdateExpression="SET until_ms = :until",
                ExpressionAttributeValues={":until": until_ms},
            )
    table.update_item(
        Key=key,
        UpdateExpression="SET ranges = :ranges",
        ExpressionAttributeValues={":ranges": ranges},
    )
