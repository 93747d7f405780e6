"""JSON from strangers, read without doubt: one meaning or none; knows nothing of tokens and issuers."""

from __future__ import annotations

import json
import math


def parse_object(data: bytes) -> dict[str, object]:
    """Read one JSON object.

    RFC 8259 leaves repeated names to the reader: the first reader may take the first, the next the last,
    and a signature would cover both readings. So a repeated name is refused (RFC 7519, section 4),
    and so is everything that JSON lacks: `NaN`, `Infinity`, numbers beyond a double, bytes that aren't UTF-8.

    Args:
        data: the document, of bounded size.

    Raises:
        ValueError: it isn't one such object; nothing of the document is in the message.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError):
        # json's own error carries the whole document, and the next `raise` would carry json's error.
        raise ValueError("not a JSON object that can be read in one way only") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one error for one cause: bad bytes
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("the number is too large")
    return number
