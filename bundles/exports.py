"""Which rules of a bundle say nothing that can be counted; knows what rules export, and no rule.

The frame asks for the members of sets. An export that is a single value has none, and one that is undefined
while its condition doesn't hold is passed over: a `permitted` that is undefined restricts nothing.
What is written with `contains` is always a set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SETS: Final = frozenset({"deny", "obligation", "permitted"})
"""What the frame asks for the members of."""
ASKED: Final[Mapping[str, str]] = {
    "grants": "allow",
    "denies": "deny",
    "routes": "permitted",
    "obligations": "obligation",
}
"""What a rule of each kind must export."""
_PLACE: Final = 5  # rules/<phase>/<kind>/<name>/<name>.rego, and rules.<phase>.<kind>.<name>.<export>

Path = tuple[str, ...]


def functions(plan: Mapping[str, Any]) -> dict[Path, Mapping[str, Any]]:
    """The functions of a plan by where they lie, without the group (`g0`) that they were put in."""
    listed = plan.get("funcs")
    rows = listed.get("funcs") if isinstance(listed, dict) else None
    found = {}
    for row in rows if isinstance(rows, list) else ():
        path = row.get("path") if isinstance(row, dict) else None
        if isinstance(path, list):
            found[tuple(map(str, path[1:]))] = row
    return found


def found_in(compiled: Mapping[Path, Mapping[str, Any]], files: Iterable[str]) -> list[str]:
    """What is wrong with the exports of rules: that they are no sets, or that nobody asks for any.

    Args:
        compiled: the plan's `functions`.
        files: names of the bundle's files.
    """
    single = [
        f"{'.'.join(path)} is no set, write `{path[-1]} contains ... if`"
        for path, row in compiled.items()
        if len(path) == _PLACE and path[0] == "rules" and path[-1] in SETS and not _is_set(row)
    ]
    return sorted([*single, *_unheard(compiled, files)])


def _unheard(compiled: Mapping[Path, Mapping[str, Any]], files: Iterable[str]) -> Iterator[str]:
    """Rules in their place whose export wasn't compiled: it has another name, or the frame asks for none."""
    phases = {path[1] for path in compiled if path[0] == "gateway" and len(path) > 1}
    for name in files:
        place = name.removesuffix(".rego").split("/")
        if len(place) != _PLACE or place[0] != "rules" or place[1] not in phases:
            continue
        *package, _ = place
        export = ASKED.get(place[2])
        if export is None or (*package, export) not in compiled:
            yield f"{'.'.join(package)} exports nothing that is asked for ({export or 'no such kind'})"


def _is_set(row: Mapping[str, Any]) -> bool:
    """Whether a function begins with an empty set as its answer, as those of `contains` do and no others."""
    try:
        first = row["blocks"][0]["stmts"][0]
        return bool(first["type"] == "MakeSetStmt" and first["stmt"]["target"] == row["return"])
    except (KeyError, IndexError, TypeError):
        return False
