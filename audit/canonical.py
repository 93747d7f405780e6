"""The one byte form of a record: what is stored is what is hashed, and no verifier re-serialises.

UTF-8 JSON, keys sorted, no spaces, no newline; only strings, integers below 2^53, booleans, null,
lists and objects with ASCII keys. Under these rules orjson, the standard library and RFC 8785 write
the same bytes. Knows nothing of what a record means.
"""

from typing import Any

import orjson

from audit.errors import RecordRefused

# An entry of a C2SP tlog-tiles bundle has a 16-bit length.
MAX_BYTES = 65_535

_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_OTHER_SCALARS = frozenset({bool, type(None)})


def encode(body: dict[str, Any]) -> bytes:
    """Return the canonical bytes of `body`.

    Raises:
        RecordRefused: when a value has no canonical form (a float, a tuple, a subclass, an integer
            of 2^53 or more, a lone surrogate, a key outside ASCII) or the bytes are more than 65,535.
            A record is never cut to fit.
    """
    try:
        data = orjson.dumps(body, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        raise RecordRefused("record.value", f"no canonical form: {error}") from error
    if len(data) > MAX_BYTES:
        raise RecordRefused("record.too_long", f"{len(data)} bytes; a record has at most {MAX_BYTES}")
    # After dumps: a cyclic or endless structure has been refused there.
    _check_values(body)
    if not data.isascii():
        _check_keys(body)
    return data


def decimal_strings(value: Any) -> Any:
    """Return `value` with each float as its shortest decimal string and each tuple as a list.

    For values that a policy author writes freely (a threshold of 0.8 in an obligation): lossless, and
    one number cannot stop the log.
    """
    kind = type(value)
    if kind is float:
        return repr(value)
    if kind is dict:
        return {key: decimal_strings(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [decimal_strings(item) for item in value]
    return value


def _check_values(body: dict[str, Any]) -> None:
    """Refuse what orjson would write but the rules exclude (floats, enums, UUIDs, tuples)."""
    pending: list[Any] = [body]
    for node in pending:
        for value in node.values() if type(node) is dict else node:
            kind = type(value)
            if kind is str or kind is int:  # nearly all; this runs for every value of every record
                continue
            if kind is dict or kind is list:
                pending.append(value)
            elif kind not in _OTHER_SCALARS:
                raise RecordRefused("record.type", f"a record holds no {kind.__name__}")


def _check_keys(body: dict[str, Any]) -> None:
    """Refuse keys outside ASCII: beyond it, sorting by UTF-8 and by UTF-16 differ."""
    pending: list[Any] = [body]
    for node in pending:
        if type(node) is dict and not "".join(node).isascii():
            raise RecordRefused("record.key", "a key is not ASCII")
        values = node.values() if type(node) is dict else node
        pending.extend(value for value in values if type(value) is dict or type(value) is list)
