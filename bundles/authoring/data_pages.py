"""`regent policy docs --data`: the reference of the data files, written from their JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bundles.authoring.markup import code, markdown
from bundles.wording import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MADE_BY = "<!-- Written by `regent policy docs --data`: change the schema, then run it again. -->"

_INTRODUCTION = """# The data files

What rules decide by, and anybody may edit: who may use what, where data may go, which limits hold.
Each table is a file of its own, `policies/regent/<table>/data.yaml`;
in a built bundle they are one `data.json`.
Data that doesn't fit what is written here is refused, naming the place and the rule that is broken there:
`regent policy check`, `regent bundle build` and the start of the gateway hold it against the same schema.
[policies.md](policies.md#change-the-data) says how a change gets into a bundle.
"""
_LARGEST = 2**53 - 1


def page(schema: Mapping[str, Any], files: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """The reference.

    Args:
        schema: the schema of `data.regent`.
        files: the data files, each with the place in the data that its content has.
    """
    needed = set(schema.get("required", ()))
    lines = [MADE_BY, "", _INTRODUCTION]
    for name, part in sorted(schema.get("properties", {}).items()):
        file = next((f for f, at in files if at == ("regent", name)), None)
        where = f"In {code(f'policies/{file}')}. " if file else ""
        lines += [
            f"## {code(name)}",
            "",
            f"{where}{'Must be there.' if name in needed else 'May be left out.'}",
            "",
            *described(name, part),
        ]
    return "\n".join(lines).rstrip("\n") + "\n"


def described(name: str, part: Mapping[str, Any]) -> list[str]:
    """One table of the data: what its schema says of it, then a row for each place in it."""
    lines = (
        [*map(markdown, str(part.get("description", "")).splitlines()), ""] if part.get("description") else []
    )
    lines += ["| place | holds | must be there | what it means |", "|---|---|---|---|"]
    for path, node, needed in _places(name, part):
        meaning = "" if path == name else markdown(_meaning(node))
        lines.append(f"| {code(path)} | {markdown(_holds(node))} | {'yes' if needed else 'no'} | {meaning} |")
    return [*lines, ""]


def _places(
    path: str, node: Mapping[str, Any], *, needed: bool = True
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    yield path, node, needed
    for name, below in sorted(node.get("properties", {}).items()):
        yield from _places(f"{path}.{name}", below, needed=name in node.get("required", ()))
    others = node.get("additionalProperties")
    if isinstance(others, dict):
        yield from _places(f"{path}.<name>", others, needed=False)
    items = node.get("items")
    if isinstance(items, dict) and items.get("type") == "object":
        yield from _places(f"{path}[]", items, needed=False)


def _meaning(node: Mapping[str, Any]) -> str:
    # The description of a pattern says what must be written, which is said already.
    return "" if "pattern" in node else str(node.get("description", ""))


def _holds(node: Mapping[str, Any]) -> str:
    kinds = node.get("type", [])
    said = " or ".join(KINDS.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))
    items = node.get("items")
    if isinstance(items, dict) and items.get("type") != "object":
        said += f", each {_holds(items)}"
    return ", ".join([said or "anything", *_bounds(node)])


def _bounds(node: Mapping[str, Any]) -> Iterator[str]:
    if "enum" in node:
        yield "one of: " + ", ".join(map(str, node["enum"]))
    if "pattern" in node:
        yield str(node.get("description", f"written as {node['pattern']}"))
    names = node.get("propertyNames", {})
    if "pattern" in names:
        yield f"its names {names.get('description', 'written as ' + names['pattern'])}"
    if "minimum" in node:
        yield f"at least {node['minimum']}"
    if node.get("maximum", _LARGEST) != _LARGEST:
        yield f"at most {node['maximum']}"
    for word, what in (("maxLength", "characters"), ("maxItems", "entries"), ("maxProperties", "names")):
        if word in node:
            yield f"at most {node[word]} {what}"
    if node.get("minItems"):
        yield f"{node['minItems']} or more entries"
    if node.get("uniqueItems"):
        yield "none twice"
