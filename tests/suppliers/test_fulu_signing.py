"""What Fulu signs: a text's letters in the order of .NET, wherever they stood."""

import json

from scrip.adapters.suppliers.fulu import in_ascii, in_order
from tests.suppliers.fulu import signature


def test_the_signature_knows_letters_and_not_their_order() -> None:
    assert signature("27.90/CZ1002") == signature("72.09/CZ2001")


def test_letters_are_in_the_order_of_utf_16() -> None:
    assert in_order("b\uffeea") == "ab\uffee"
    assert in_order("\uffee\U00010001") == "\U00010001\uffee"
    assert in_order("😀😁") == "\ufffd😀\ufffd"


def test_all_is_escaped_that_is_not_ascii() -> None:
    assert in_ascii('"é😀中/"') == '"\\u00e9\\ud83d\\ude00\\u4e2d/"'
    assert json.loads(in_ascii('"é😀中/"')) == "é😀中/"
