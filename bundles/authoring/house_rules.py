"""The house's rules for authors that a syntax tree can be held against; each one closes a known trap.

docs/policies.md says them in full. Whoever breaks one gets a policy that permits where it seems to refuse.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from bundles.authoring import reasons, trees
from bundles.authoring.findings import Finding
from bundles.authoring.sources import head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bundles.authoring.sources import Module

_BOUND: Final = frozenset({"var", "string", "number", "boolean", "null", "array", "set", "object"})
_FOLDING: Final = frozenset({"lower", "upper"})
_COMPARING: Final = frozenset(
    {
        "equal",
        "neq",
        "eq",
        "internal.member_2",
        "glob.match",
        "startswith",
        "endswith",
        "contains",
        "regex.match",
    }
)
_SPELLED: Final = (
    ("input", "resource", "id"),
    ("input", "subject", "properties", "organization"),
    ("input", "subject", "properties", "roles"),
    ("input", "subject", "properties", "team"),
)
"""What callers may write in any case; `facts` folds it once."""


def found_in(module: Module) -> Iterator[Finding]:
    """Every breach in a module that is no test."""
    yield from _globs(module)
    yield from _negations(module)
    if module.name.startswith("rules/"):
        yield from _reasons(module)
        yield from _foldings(module)


def _globs(module: Module) -> Iterator[Finding]:
    """No delimiters means `.`, so that `gpt-4*` would miss `gpt-4.1`."""
    for name, arguments, node in trees.calls(module.rules):
        if name == "glob.match" and arguments[1].get("type") == "array" and not arguments[1].get("value"):
            yield Finding(
                module.name,
                trees.row(node),
                'glob.match with [] as its delimiters, which means ["."]',
                "write null, or a list that names the delimiters",
            )


def _negations(module: Module) -> Iterator[Finding]:
    """`not` of what reads a field doesn't refuse where the field is absent: it holds."""
    for node in trees.walk(module.rules):
        if node.get("negated") and not _may_be_negated(node["terms"], module):
            yield Finding(
                module.name,
                trees.row(node),
                "a field or a computed value is negated; where it is absent, `not` holds",
                "write the positive test as a rule of its own and negate that rule",
            )


def _may_be_negated(terms: trees.Node | list[trees.Node], module: Module) -> bool:
    """A rule of this module or of an imported package, or a test of what is bound already."""
    if isinstance(terms, list):
        return all(argument.get("type") in _BOUND for argument in terms[1:]) and not any(
            node.get("type") in {"ref", "call"} for node in trees.walk(terms[1:])
        )
    if terms.get("type") == "ref":
        name, *rest = trees.path(terms)
        ours = name in set(map(head, module.rules)) and rest == ["*"]  # a set or an object of this module
        return ours or (name in module.imports and len(rest) == 1)
    return terms.get("type") == "var"


def _reasons(module: Module) -> Iterator[Finding]:
    """A reason whose text reads a missing field is undefined, and the refusal vanishes with it."""
    for reason in reasons.given(module):
        whole = _whole(reason.rule, module)
        missing = [name for name in reasons.FIELDS if name not in trees.fields(reason.node)]
        if missing:
            yield Finding(
                module.name,
                reason.row,
                f"a reason without {', '.join(missing)}",
                "give all of id, user, admin and controls",
            )
        read = {found for found in map(trees.root, trees.walk(reason.node)) if found is not None}
        computed = [name for name, _, _ in trees.calls(reason.node)]
        if read - whole or computed:
            yield Finding(
                module.name,
                reason.row,
                f"a reason reads {', '.join(sorted(read - whole) or computed)}, which can be absent",
                "write the text out, or take a whole reason from the data into a variable first",
            )


def _whole(rule: trees.Node, module: Module) -> set[str]:
    """Variables that were bound to a whole of the data, or of `facts`, before a reason is made of them.

    Where there is none, the rule ends before the reason, as by a test that it makes itself.
    """
    found = set()
    for name, arguments, _ in trees.calls(rule):
        if name == "assign":
            value = arguments[1]["value"][0] if arguments[1].get("type") == "call" else arguments[1]
            if value.get("type") == "ref" and trees.root(value) in {"data", *module.imports}:
                found.add(str(arguments[0].get("value")))
    return found


def _foldings(module: Module) -> Iterator[Finding]:
    """Two places that fold case can differ; what is compared unfolded is evaded by a capital letter."""
    for name, arguments, node in trees.calls(module.rules):
        read = [trees.path(found) for found in _read(arguments)]
        raw = [found for found in read if any(found[: len(spelled)] == spelled for spelled in _SPELLED)]
        if name in _FOLDING and (raw or any(found[0] in module.imports for found in read)):
            yield Finding(
                module.name,
                trees.row(node),
                f"{name} folds what facts/ has folded",
                "fold once, in facts/, and compare what facts gives",
            )
        elif name in _COMPARING and raw:
            yield Finding(
                module.name,
                trees.row(node),
                f"{'.'.join(raw[0])} is compared as the caller spelled it",
                "compare what facts/ gives, which is in lower case",
            )


def _read(arguments: list[trees.Node]) -> Iterator[trees.Node]:
    return (
        node
        for node in chain.from_iterable(map(trees.walk, arguments))
        if node.get("type") == "ref" and isinstance(node.get("value"), list)
    )
