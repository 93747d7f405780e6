"""Which rules a bundle switches on that no gateway asks yet; knows phases and no rule.

A rule that is switched on and never asked protects nobody, while whoever wrote it believes that it does.
So a bundle with one is refused: until the gateway asks, the rule advises, is off, or has no rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNASKED: Final = frozenset({"response"})
"""Phases whose entry point this version never asks: replies aren't judged before they are released."""
RESTRICTING: Final = frozenset({"denies", "obligations", "routes"})
"""Kinds of rules that are missed where nobody asks them; a grant that isn't asked for grants nothing."""
WAITS_FOR: Final = "waits_for"
"""Under `custom` in a rule's METADATA: the tables without whose rows the rule says nothing."""
DATA: Final = "regent"
_WEAK: Final = frozenset({"warn", "shadow", "off"})
_DEPTH: Final = 4  # rules.<phase>.<kind>.<name>


def switched_on(name: str, enforcement: object, waits_for: Iterable[str] | None, data: object) -> bool:
    """Whether a rule would decide.

    Args:
        name: its id.
        enforcement: how it counts by itself; any word but those that weaken it means that it is enforced.
        waits_for: the tables that it waits for; None if it waits for none.
        data: the tables, as they stand below `regent`.
    """
    tables = data if isinstance(data, dict) else {}
    switches = tables.get("enforcement")
    if (switches.get(name, enforcement) if isinstance(switches, dict) else enforcement) in _WEAK:
        return False
    return waits_for is None or any(tables.get(table, {}) != {} for table in waits_for)


def found_in(
    compiled: Iterable[tuple[str, ...]], rules: Iterable[Mapping[str, Any]], data: Mapping[str, Any]
) -> list[str]:
    """The rules that are switched on and that no gateway asks, as `<phase>/<kind>/<name>`, sorted.

    Args:
        compiled: where the functions of the plan lie. The plan, not the manifest's list: a rule without
            METADATA stands in no list and decides all the same.
        rules: what the manifest says of rules.
        data: the bundle's.
    """
    described = {rule["package"]: rule for rule in rules}
    found = []
    for package, names in _packages(compiled).items():
        said: Mapping[str, Any] = described.get(".".join(package), {})
        # METADATA that says `shadow` counts only where the rule tells the frame so.
        enforcement = said.get("enforcement") if "enforcement" in names else None
        if switched_on(package[-1], enforcement, said.get(WAITS_FOR), data.get(DATA)):
            found.append("/".join(package[1:]))
    return sorted(found)


def advice(found: Iterable[str]) -> str:
    """What is wrong with such rules, and what to do, for whoever switched them on."""
    return (
        f"switched on, and no gateway asks for it yet: {', '.join(found)}; empty the tables that it waits"
        " for, or name it under enforcement with shadow or off"
    )


def _packages(compiled: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], set[str]]:
    """The restricting rules of unasked phases, each with what it exports."""
    found: dict[tuple[str, ...], set[str]] = {}
    for path in compiled:
        package = path[:_DEPTH]
        if (
            len(path) > _DEPTH
            and package[0] == "rules"
            and package[1] in UNASKED
            and package[2] in RESTRICTING
        ):
            found.setdefault(package, set()).add(path[_DEPTH])
    return found
