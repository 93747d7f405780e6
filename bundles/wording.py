"""Says which place in the data breaks which rule of its schema, for readers of no schema; checks nothing.

What comes from the bundle is bounded and on one line: names and rules, never a value of the data.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from bundles.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jsonschema.exceptions import ValidationError

_MAX_NAMES: Final = 20
_MAX_NAME_CHARS: Final = 64
_MAX_NOTE_CHARS: Final = 200
KINDS: Final[Mapping[str, str]] = {
    "object": "a table",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def where(path: Iterable[str | int]) -> str:
    """The place as people write it: `regent.models['gpt-4.1'].max_tokens`."""
    parts = [
        f".{_short(part)}" if isinstance(part, str) and part.isidentifier() else f"[{_short(part)!r}]"
        for part in path
    ]
    return "".join(parts).removeprefix(".")


def names(found: Iterable[str]) -> str:
    """Names, sorted, quoted, and not too many of them."""
    ordered = sorted(found)
    quoted = [repr(_short(name)) for name in ordered[:_MAX_NAMES]]
    return ", ".join([*quoted, "..."] if len(ordered) > _MAX_NAMES else quoted)


def said(error: ValidationError) -> str:
    """What follows the place, for one broken rule: "must be in lower case".

    Args:
        error: of a keyword in `RULES`, as the library found it.
    """
    return RULES[str(error.validator)](error)


def _short(name: str | int) -> str | int:
    if isinstance(name, int) or len(name) <= _MAX_NAME_CHARS:
        return name
    return f"{name[:_MAX_NAME_CHARS]}..."


def _kind(error: ValidationError) -> str:
    kinds = _value(error)
    return " or ".join(KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _choices(error: ValidationError) -> str:
    return names(choice if isinstance(choice, str) else json.dumps(choice) for choice in _value(error))


def _described(error: ValidationError) -> str:
    """What the schema's author says of a pattern; the pattern itself where nothing is said."""
    note = str(_schema(error).get("description", f"written as {_value(error)}"))
    return "".join(filter(str.isprintable, note))[:_MAX_NOTE_CHARS]


def _missing(error: ValidationError) -> str:
    present: Any = error.instance
    return f"lacks {names(name for name in _value(error) if name not in present)}"


def _surplus(error: ValidationError) -> str:
    present: Any = error.instance
    known = _schema(error).get("properties", {})
    return f"has {names(present.keys() - known.keys())}, not known here (known: {names(known) or 'none'})"


def _value(error: ValidationError) -> Any:
    return error.validator_value


def _schema(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, dict) else {}


RULES: Final[Mapping[str, Callable[[ValidationError], str]]] = {
    "type": lambda error: f"must be {_kind(error)}",
    "enum": lambda error: f"must be one of: {_choices(error)}",
    "pattern": lambda error: f"must be {_described(error)}",
    "format": lambda error: f"must be {FORMATS[_value(error)][1]}",
    "minLength": lambda error: f"must have {_value(error)} or more characters",
    "maxLength": lambda error: f"must have {_value(error)} or fewer characters",
    "minimum": lambda error: f"must be at least {_value(error)}",
    "maximum": lambda error: f"must be at most {_value(error)}",
    "minItems": lambda error: f"must have {_value(error)} or more entries",
    "maxItems": lambda error: f"must have {_value(error)} or fewer entries",
    "maxProperties": lambda error: f"must have {_value(error)} or fewer names",
    "uniqueItems": lambda _error: "has an entry twice",
    "required": _missing,
    "additionalProperties": _surplus,
}
"""The rules that a schema may set, each with how a breach of it is said."""
