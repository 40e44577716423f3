"""How many bytes DynamoDB counts for an item, by the rules AWS gives ("DynamoDB item sizes and
formats"): a name and a string their UTF-8 bytes, binary its bytes, a number a byte for each two
significant digits and one more (and one for a sign), boolean and null one, a list or map three and
one more for each element.
"""

from typing import Any

WRITE_UNIT = 1024


def item_bytes(item: dict[str, Any]) -> int:
    """`item` as botocore takes it: {"name": {"S": "value"}}."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(value: dict[str, Any]) -> int:
    [(kind, inner)] = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "B":
            return len(inner)
        case "N":
            return _number(inner)
        case "NS":
            return sum(_number(each) for each in inner)
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _value(each) for each in inner)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value(v) for name, v in inner.items())
    raise TypeError(kind)


def _number(text: str) -> int:
    """Rounded up: leading and trailing zeros count nothing, an odd digit counts as two."""
    digits = text.lstrip("-").strip("0")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")
