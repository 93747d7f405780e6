"""A YAML text as a tree of nodes, and what a scalar's text means."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

import yaml

from rego import utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

NULL: Final = "!!null"
BOOL: Final = "!!bool"
STR: Final = "!!str"
INT: Final = "!!int"
FLOAT: Final = "!!float"
TIMESTAMP: Final = "!!timestamp"
BINARY: Final = "!!binary"
MERGE: Final = "!!merge"
_LONG_TAG: Final = "tag:yaml.org,2002:"
_RESOLVABLE: Final = frozenset({"", STR, BOOL, INT, FLOAT, NULL, TIMESTAMP})
_WORDS: Final[dict[str, tuple[str, Any]]] = {
    **dict.fromkeys(("true", "True", "TRUE"), (BOOL, True)),
    **dict.fromkeys(("false", "False", "FALSE"), (BOOL, False)),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), (NULL, None)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (FLOAT, math.nan)),
    **{sign + word: (FLOAT, math.inf) for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), (FLOAT, -math.inf)),
}
_INTEGER: Final = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_UNDERSCORE: Final = re.compile(r"(?<=[0-9])_(?=[0-9])")
_FLOAT_START: Final = frozenset("+-.0123456789")
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})"
    r"| +([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?)?"
)
_LATE_BOM: Final = re.compile("[\n\r\x85\u2028\u2029]\ufeff")
_VERSION: Final = (1, 1)
_MAX_UINT64: Final = 2**64 - 1
_MAX_INT64: Final = 2**63 - 1
_MAX_DIGITS: Final = 400  # an integer of more is none of 64 bits, and as a float out of range


class YAMLError(ValueError):
    """A text that is no YAML, or has no form in JSON."""


@dataclass(slots=True, eq=False)
class Node:
    """A node of a document. Mappings are rewritten in place (see `decoding`), hence not frozen.

    Args:
        kind: `scalar`, `sequence`, `mapping` or `alias`.
        tag: In the short form, such as `!!str`; of plain scalars what their text means.
        text: A scalar's text, or an alias' name.
        plain: Whether a scalar has neither quotes nor a tag.
        content: A sequence's nodes, or a mapping's keys and values in turn.
        target: What an alias stands for.
    """

    kind: str
    tag: str = ""
    text: str = ""
    plain: bool = False
    content: list[Node] = field(default_factory=list)
    target: Node | None = None


def first_document(text: str) -> Node | None:
    """Return the first document of a text; None where there is none. All that follow must be YAML, too.

    Raises:
        YAMLError: The text is not YAML.
    """
    if _LATE_BOM.search(text) is not None:
        raise YAMLError("yaml: a byte order mark starts a line, which libyaml and go-yaml read differently")
    first: Node | None = None
    found = False
    anchors: dict[str, Node] = {}
    try:
        events = iter(yaml.parse(utf8.encoded(text), Loader=_LOADER))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if event.version not in {None, _VERSION}:
                    raise YAMLError("yaml: found incompatible YAML document")
                document = _node(next(events), events, anchors, flow=False)
                first, found = (first, True) if found else (document, True)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise YAMLError("yaml: the text cannot be parsed") from error
    return first


_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _node(event: Any, events: Iterator[Any], anchors: dict[str, Node], *, flow: bool) -> Node:
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in anchors:
            raise YAMLError(f"yaml: unknown anchor '{event.anchor}' referenced")
        target = anchors[event.anchor]
        return Node("alias", text=event.anchor, target=target, tag=target.tag)
    if isinstance(event, yaml.ScalarEvent):
        made = _scalar(event, flow=flow)
    elif isinstance(event, yaml.SequenceStartEvent):
        made = Node("sequence", _short(event.tag) or "!!seq")
    else:
        made = Node("mapping", _short(event.tag) or "!!map")
    if event.anchor is not None:
        anchors[event.anchor] = made
    if made.kind != "scalar":
        end = yaml.SequenceEndEvent if made.kind == "sequence" else yaml.MappingEndEvent
        flow = flow or event.flow_style
        while not isinstance(inner := next(events), end):
            made.content.append(_node(inner, events, anchors, flow=flow))
    return made


def _scalar(event: Any, *, flow: bool) -> Node:
    quoted = event.style in {"'", '"', "|", ">"}
    if flow and not quoted and "?" in event.value:
        raise YAMLError(
            "yaml: a question mark in a plain scalar within brackets"
        )  # libyaml takes it since 0.2
    tag = _short(event.tag)
    if tag:
        return Node("scalar", tag, event.value)
    if quoted:
        return Node("scalar", STR, event.value)
    means = MERGE if event.value == "<<" else resolve("", event.value)[0]
    return Node("scalar", means, event.value, plain=True)


def _short(tag: str | None) -> str:
    if tag is None or tag == "!":
        return ""
    return "!!" + tag.removeprefix(_LONG_TAG) if tag.startswith(_LONG_TAG) else tag


def resolve(tag: str, text: str) -> tuple[str, Any]:
    """Return what a scalar's text means, and the tag of that; a tag that is given must fit.

    Raises:
        YAMLError: It does not.
    """
    if tag not in _RESOLVABLE:
        return tag, text
    found, value = (STR, text) if tag == STR else _meaning(tag, text)
    if tag in {"", found, STR}:
        return found, value
    if tag == FLOAT and found == INT and type(value) is int and value <= _MAX_INT64:
        return FLOAT, float(value)
    raise YAMLError(f"yaml: cannot decode {found} as a {tag}")


def _meaning(tag: str, text: str) -> tuple[str, Any]:
    known = _WORDS.get(text)
    if known is not None:
        return known
    if text[0] not in _FLOAT_START:
        return STR, text
    if text[0] == ".":
        value = _double(text, underscored=True)
        return (STR, text) if value is None else (FLOAT, value)
    moment = timestamp(text) if tag in {"", TIMESTAMP} else None
    if moment is not None:
        return TIMESTAMP, moment
    number = text.replace("_", "")
    whole = _integer(number)
    if whole is not None:
        return INT, whole
    value = _double(number)
    return (STR, text) if value is None else (FLOAT, value)


def _integer(text: str) -> int | None:
    match = _INTEGER.fullmatch(text)
    if match is None or len(text) > _MAX_DIGITS:
        return None
    sign, hexadecimal, binary, octal, decimal = match.groups()
    size = (
        int(hexadecimal, 16) if hexadecimal
        else int(binary, 2) if binary
        else int(octal, 8) if octal
        else int(decimal)
    )  # fmt: skip
    if size > _MAX_INT64 + (sign == "-") and (sign or size > _MAX_UINT64):
        return None
    return -size if sign == "-" else size


def _double(text: str, *, underscored: bool = False) -> float | None:
    if _FLOAT.fullmatch(_UNDERSCORE.sub("", text) if underscored else text) is None:
        return None
    value = float(text)  # which allows underscores between digits, as Go does
    return None if math.isinf(value) else value


def timestamp(text: str) -> str | None:
    """Return a timestamp's text as Go's JSON writes it (RFC 3339); None for another text."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = (int(match[place] or match[place + 5] or 0) for place in (4, 5, 6))
    fraction = (match[7] or match[12] or "")[:9].rstrip("0")
    offset = match[8] or "Z"
    try:
        # The year 0 is a leap year, which Python does not know.
        datetime(int(match[1]) or 4, int(match[2]), int(match[3]), hour, minute, second, tzinfo=_zone(offset))
    except ValueError:
        return None
    written = f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}T{hour:02d}:{minute:02d}:{second:02d}"
    shown = "Z" if offset in {"+00:00", "-00:00"} else offset
    return f"{written}{'.' + fraction if fraction else ''}{shown}"


def _zone(offset: str) -> timezone:
    if offset == "Z":
        return UTC
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    if hours > 24 or minutes > 60:  # noqa: PLR2004 - Go's bounds
        raise ValueError(offset)
    return timezone(timedelta(hours=min(hours, 23), minutes=min(minutes, 59)))
