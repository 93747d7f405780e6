"""A YAML document as a value, through JSON as OPA goes: keys become strings, timestamps stay texts.

A little longer than most modules: what is done to a tree first shows in how it is decoded.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from decimal import Decimal
from typing import Any, Final

from rego import gofloat, numeric, utf8
from rego.goyaml.nodes import (
    BINARY,
    MERGE,
    NULL,
    STR,
    TIMESTAMP,
    Node,
    YAMLError,
    first_document,
    resolve,
)

_FEW_ALIASES: Final = 100
_FEW_NODES: Final = 1000
_RATIO_FROM: Final = 400_000
_RATIO_TO: Final = 4_000_000
_LINES: Final = re.compile(r"[\r\n]")


def decoded(text: str) -> Any:
    """Return the value of a text's first document, None where it has none.

    Raises:
        YAMLError: The text is not YAML, has no form in JSON, or has aliases that would fill the memory.
    """
    document = first_document(text)
    if document is None:
        return None
    _normalize(document, set())
    return _Decoder(doubles=False).decode(document)


def read_json(text: str) -> Any:
    """Return the value that go-yaml reads from a JSON text: what is no integer of 64 bits is a double.

    Raises:
        YAMLError: The text has characters or keys that YAML does not allow so.
    """
    document = first_document(text)
    return None if document is None else _Decoder(doubles=True).decode(document)


# ── before decoding ─────────────────────────────────────────────────────────────────────────────


def _normalize(node: Node, visited: set[int]) -> None:
    """Fold several merge keys into one, let the last of equal keys count, and make plain timestamps texts."""
    if id(node) in visited:
        return
    visited.add(id(node))
    if node.tag == TIMESTAMP and node.plain:
        node.tag = STR
    if node.kind == "mapping":
        node.content = _without_repeated_keys(_with_one_merge(node.content))
    if node.target is not None:
        _normalize(node.target, visited)
    for inner in node.content:
        _normalize(inner, visited)


def _with_one_merge(content: list[Node]) -> list[Node]:
    merged: list[Node] = []
    for key, value in zip(content[::2], content[1::2], strict=True):
        if key.kind == "scalar" and key.tag == MERGE:
            merged += value.content if value.kind == "sequence" else [value]
    if len(merged) < 2:  # noqa: PLR2004 - nothing to fold
        return content
    made: list[Node] = []
    folded = False
    for key, value in zip(content[::2], content[1::2], strict=True):
        if key.kind != "scalar" or key.tag != MERGE:
            made += (key, value)
        elif not folded:
            folded = True
            made += (key, Node("sequence", "!!seq", content=merged))
    return made


def _without_repeated_keys(content: list[Node]) -> list[Node]:
    places: dict[str, int] = {}
    made: list[Node] = []
    for key, value in zip(content[::2], content[1::2], strict=True):
        name = _name(key)
        if name is not None and name in places:
            made[places[name]] = value
            continue
        if name is not None:
            places[name] = len(made) + 1
        made += (key, value)
    return made


def _name(key: Node) -> str | None:
    """Return the string that a scalar key becomes; None where it is no such key."""
    if key.kind != "scalar" or key.tag in {MERGE, TIMESTAMP}:
        return None
    try:
        return _key_text(_scalar(key))
    except YAMLError:
        return None


# ── decoding ────────────────────────────────────────────────────────────────────────────────────


class _Decoder:
    """Decodes nodes; an alias is decoded each time, and counted: a few nested ones name billions."""

    def __init__(self, *, doubles: bool) -> None:
        """Take whether numbers stay doubles, which JSON has no infinite ones of."""
        self.doubles = doubles
        self.nodes = 1  # the document itself counts
        self.aliased = 0
        self.depth = 0
        self.open: set[int] = set()

    def count(self) -> None:
        self.nodes += 1
        self.aliased += self.depth > 0
        if (
            self.aliased > _FEW_ALIASES
            and self.nodes > _FEW_NODES
            and self.aliased / self.nodes > _allowed_ratio(self.nodes)
        ):
            raise YAMLError("yaml: document contains excessive aliasing")

    def decode(self, node: Node) -> Any:
        self.count()
        if node.kind == "scalar":
            value = _scalar(node)
            return _json(value) if type(value) is float and not self.doubles else value
        if node.kind == "sequence":
            return [self.decode(inner) for inner in node.content]
        if node.kind == "alias":
            return self.alias(node, None, set())
        return self.mapping(node)

    def alias(self, node: Node, into: dict[str, Any] | None, taken: set[str], *, texts: bool = False) -> Any:
        """Decode what an alias stands for, as a value or, where there is one, into a mapping."""
        assert node.target is not None  # noqa: S101 - every alias has one
        if id(node) in self.open:
            raise YAMLError(f"yaml: anchor '{node.text}' value contains itself")
        self.open.add(id(node))
        self.depth += 1
        if into is None:
            value = self.decode(node.target)
        else:
            self.count()
            self.fill(node.target, into, taken, texts=texts)
            value = into
        self.depth -= 1
        self.open.discard(id(node))
        return value

    def mapping(self, node: Node) -> dict[str, Any]:
        made: dict[str, Any] = {}
        # Where all keys are strings, keys that are merged in are taken as they are written.
        texts = all(_key_tag(key) in {STR, MERGE} for key in node.content[::2])
        self.fill(node, made, None, texts=texts)
        return made

    def fill(self, node: Node, into: dict[str, Any], taken: set[str] | None, *, texts: bool) -> None:
        """Decode a mapping's members into an object.

        Args:
            node: The mapping.
            into: The object.
            taken: Where the mapping is merged into another: the keys that are there already.
            texts: Whether keys are taken as they are written.
        """
        _require_distinct(node)
        merged: Node | None = None
        for key, value in zip(node.content[::2], node.content[1::2], strict=True):
            if _is_merge(key):
                merged = value
                continue
            name = self.key(key, texts=texts)
            if name is None or (taken is not None and name in taken):
                continue
            if taken is not None:
                taken.add(name)
            into[name] = self.decode(value)
        if merged is not None:
            if taken is None:
                taken = set()
                for key in node.content[::2]:
                    name = self.key(key, texts=False)
                    if name is not None:
                        taken.add(name)
            self.merge(merged, into, taken, texts=texts)

    def merge(self, node: Node, into: dict[str, Any], taken: set[str], *, texts: bool) -> None:
        for source in node.content if node.kind == "sequence" else [node]:
            if source.kind == "alias":
                if source.target is None or source.target.kind != "mapping":
                    raise YAMLError("yaml: map merge requires map or sequence of maps as the value")
                self.count()
                self.alias(source, into, taken, texts=texts)
            elif source.kind == "mapping":
                self.count()
                self.fill(source, into, taken, texts=texts)
            else:
                raise YAMLError("yaml: map merge requires map or sequence of maps as the value")

    def key(self, node: Node, *, texts: bool) -> str | None:
        """Return the string that a key becomes; None for a null that is left out.

        Raises:
            YAMLError: A list, an object, a null or a time is no key of JSON's.
        """
        self.count()
        while node.kind == "alias" and node.target is not None:
            node = node.target
            self.count()
        if node.kind != "scalar":
            raise YAMLError("yaml: invalid map key")
        value = _scalar(node)
        if texts:
            return None if value is None else value if node.tag in {STR, BINARY} else node.text
        name = _key_text(value)
        if name is None or node.tag == TIMESTAMP:
            raise YAMLError("unsupported map key")
        return name


def _allowed_ratio(nodes: int) -> float:
    """Return how much of a document may come from aliases: the less, the larger it is."""
    if nodes <= _RATIO_FROM:
        return 0.99
    if nodes >= _RATIO_TO:
        return 0.10
    return 0.99 - 0.89 * ((nodes - _RATIO_FROM) / (_RATIO_TO - _RATIO_FROM))


def _require_distinct(node: Node) -> None:
    seen: set[tuple[str, str]] = set()
    for key in node.content[::2]:
        name = (key.kind, key.text)
        if name in seen:
            raise YAMLError("yaml: mapping key already defined")
        seen.add(name)


def _key_tag(key: Node) -> str:
    return key.target.tag if key.kind == "alias" and key.target is not None else key.tag


def _is_merge(key: Node) -> bool:
    return key.kind == "scalar" and key.text == "<<" and key.tag == MERGE


def _scalar(node: Node) -> Any:
    tag, value = (STR, node.text) if node.tag == STR else resolve(node.tag, node.text)
    if tag == BINARY:
        try:
            return utf8.shown(utf8.decoded(base64.b64decode(_LINES.sub("", node.text), validate=True)))
        except (binascii.Error, ValueError) as error:
            raise YAMLError("yaml: !!binary value contains invalid base64 data") from error
    return None if tag == NULL else value


def _key_text(value: Any) -> str | None:
    if type(value) is str:
        return value
    if type(value) is bool:
        return str(value).lower()
    if type(value) is int:
        return str(value)
    if type(value) is float:
        made = gofloat.single(value)
        return {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}.get(made, made)
    return None


def _json(value: float) -> numeric.Number:
    if not math.isfinite(value):
        raise YAMLError(f"json: unsupported value: {value}")
    return numeric.of_decimal(Decimal(repr(value)))
