"""The bytes of one line become an object of JSON, or the reason why they are none.

Numbers with a point arrive as exact decimals. What an object may say is the business of
`records`; that it names no key twice, and how deep it is nested, is seen here.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, cast

import msgspec

from truthpoint.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_DEPTH: Final = 64
"""Deepest nesting of objects and lists, the record itself being the first of them."""

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An object of JSON, as it was written.

    Attributes:
        given: Its keys and values.
        findings: What is wrong with its form: nested too deeply, a key named twice.
    """

    given: Mapping[str, object]
    findings: tuple[Finding, ...] = ()


def read_line(body: bytes, *, ours: bool = False) -> Line | Finding:
    """Return the object in these bytes, or why they are none.

    Args:
        body: One JSON object in UTF-8.
        ours: Whether the bytes were written from a mapping, so that no key can be there
            twice; else that is looked for.
    """
    try:
        decoded: object = _decode(body)
        if not isinstance(decoded, dict):
            return finding("not_an_object", f"The line holds {kind_of(decoded)}.")
        given = cast("dict[str, object]", decoded)
        repeated = not ours and _repeats_a_key(body, given)
    except InvalidOperation:
        evidence = "A number of the line has an exponent that no reader takes."
        return finding("not_json", evidence)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        return _why_not_json(body, error)
    findings: list[Finding] = []
    if _is_too_deep(body, given):
        evidence = f"Its objects and lists are nested deeper than {MAX_DEPTH} levels."
        findings.append(finding("record_too_deep", evidence))
    if repeated:
        evidence = "An object of the record names one key twice."
        findings.append(finding("key_repeated", evidence))
    return Line(given=given, findings=tuple(findings))


def _is_too_deep(body: bytes, given: dict[str, object]) -> bool:
    """Tell whether a record is nested deeper than `MAX_DEPTH`.

    Validators and encoders have bounds of their own, far below what JSON's reader takes, and
    end in errors there.
    """
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        # As most records: they hold fewer objects and lists than that, however nested.
        return False
    level: list[object] = [given]
    for _ in range(MAX_DEPTH):
        level = [inner for held in level for inner in _inner(held)]
        if not level:
            return False
    return True


def _inner(held: object) -> list[object]:
    """Return the objects and lists that stand in an object or a list."""
    if isinstance(held, dict):
        values: Iterable[object] = cast("dict[str, object]", held).values()
    else:
        values = cast("list[object]", held)
    return [one for one in values if isinstance(one, dict | list)]


def _repeats_a_key(body: bytes, given: Mapping[str, object]) -> bool:
    """Tell whether any object of the JSON names one key twice.

    The decoder keeps the last of equal keys, so that then fewer are left than there are
    `":` outside white space. Text can hold that too, with its quote escaped: only when
    the numbers differ are the objects looked at, which takes ten times as long.
    """
    written = body.translate(None, b" \t\n\r").count(b'":')
    if b"\\" not in body:
        # No text holds a quote, so that what is left has one `":` a key, written anew too.
        return written != _encode(given).count(b'":')
    if written == _count_keys(given):
        return False
    repeated = False

    def note(pairs: list[tuple[str, object]]) -> None:
        nonlocal repeated
        repeated = repeated or len({name for name, _ in pairs}) != len(pairs)

    json.loads(body, object_pairs_hook=note, parse_int=str, parse_float=str)
    return repeated


def _count_keys(given: Mapping[str, object]) -> int:
    count = 0
    left: list[object] = [given]
    while left:
        value = left.pop()
        left += _inner(value)
        if isinstance(value, dict):
            count += len(cast("dict[str, object]", value))
    return count


def _why_not_json(body: bytes, error: Exception) -> Finding:
    try:
        body.decode()
    except UnicodeDecodeError as undecoded:
        return finding("not_text", f"Byte {undecoded.start + 1} of the line is not UTF-8.")
    if not body.strip():
        return finding("not_json", "The line is empty.")
    return finding("not_json", f"The line is not JSON{json_fault(error)}.")


_FAULT: Final = re.compile(r"JSON is malformed: ([ -~]+) \(byte (\d+)\)")
"""What the reader says: words of its own, and a place; nothing of the text."""


def json_fault(error: Exception) -> str:
    """Return what is wrong with a text that is no JSON, and where, after a colon; or nothing."""
    if str(error) == "Input data was truncated":
        return ": it is cut off"
    found = _FAULT.fullmatch(str(error))
    return f": {found[1]}, at byte {int(found[2]) + 1}" if found else ""


def kind_of(value: object) -> str:
    """Name a JSON value's kind with its article, for evidence."""
    names: dict[type, str] = {
        str: "a string",
        bool: "a boolean",
        int: "a number",
        Decimal: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")
