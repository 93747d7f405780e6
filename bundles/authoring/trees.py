"""Rego's syntax trees, as `opa parse` writes them: walking, calls, places; knows no rule of any house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = dict[str, Any]


def walk(node: Any) -> Iterator[Node]:
    """Every object in a syntax tree, the outer ones first."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
            waiting += reversed(found.values())
        elif isinstance(found, list):
            waiting += reversed(found)


def row(node: Node, otherwise: int = 1) -> int:
    """The row where a node stands, or that of whatever encloses it."""
    found = node.get("location", {}).get("row", otherwise)
    return found if isinstance(found, int) else otherwise


def calls(node: Any) -> Iterator[tuple[str, list[Node], Node]]:
    """Every call: the function's dotted name, its arguments, and the node that it is."""
    for found in walk(node):
        terms = found.get("terms") if "terms" in found else found.get("value")
        if isinstance(terms, list) and terms and isinstance(terms[0], dict) and terms[0].get("type") == "ref":
            yield dotted(terms[0]), terms[1:], found


def dotted(reference: Node) -> str:
    """How a reference is written, as far as its parts are names."""
    return ".".join(str(part.get("value")) for part in reference["value"])


def references(node: Any) -> Iterator[tuple[str, ...]]:
    """Every reference, as its parts: a name each, `*` where something is looked up by a variable."""
    for found in walk(node):
        if found.get("type") == "ref" and isinstance(found.get("value"), list):
            yield path(found)


def path(reference: Node) -> tuple[str, ...]:
    """The parts of one reference; the first is a variable's or document's name."""
    head, *rest = reference["value"]
    return (
        str(head.get("value")),
        *(str(part["value"]) if part["type"] == "string" else "*" for part in rest),
    )


def root(node: Node) -> str | None:
    """The variable that a term is, or that a reference starts from; None for anything else."""
    if node.get("type") == "var":
        return str(node["value"])
    if node.get("type") == "ref":
        return str(node["value"][0].get("value"))
    return None


def constant(node: Node) -> Any:
    """The value of a term that is written out, composites too; raises ValueError where it is computed."""
    kind, value = node.get("type"), node.get("value")
    if kind in {"string", "number", "boolean", "null"}:
        return value
    if kind in {"array", "set"}:
        return [constant(part) for part in value or ()]
    if kind == "object":
        return {constant(key): constant(part) for key, part in value or ()}
    raise ValueError("it is computed")


def fields(node: Node) -> dict[str, Node]:
    """The fields of an object term whose names are written out; none for any other term."""
    if node.get("type") != "object":
        return {}
    return {str(key["value"]): value for key, value in node["value"] or () if key.get("type") == "string"}
