"""What `opa capabilities --current` lists and what the tables hold: nothing is left out in silence."""

from __future__ import annotations

import json
import subprocess
from importlib import import_module
from typing import TYPE_CHECKING

from rego.builtins import CONTEXTUAL, ON_DEMAND, PLAIN, PLANNED_AWAY, REFUSED, tables

if TYPE_CHECKING:
    from pathlib import Path

#: What a host must pass in: it reaches outside, is not deterministic, or needs a parser of Rego.
LEFT_TO_THE_HOST = {"http.send", "net.lookup_ip_addr", "opa.runtime", "rand.intn", "rego.parse_module"}


def _listed(opa: Path) -> set[str]:
    command: list[str | Path] = [opa, "capabilities", "--current"]
    found = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    return {builtin["name"] for builtin in json.loads(found)["builtins"]}


def _implemented() -> set[str]:
    return {*PLAIN, *CONTEXTUAL, *(name for names in ON_DEMAND.values() for name in names)}


def test_each_of_opas_builtins_is_implemented_refused_by_name_or_planned_away(opa: Path) -> None:
    """A builtin that OPA adds is missed here, before a policy misses it."""
    assert _listed(opa) == _implemented() | REFUSED.keys() | PLANNED_AWAY


def test_no_builtin_is_in_two_places() -> None:
    """What is refused is not implemented, and what is planned away is neither."""
    assert not _implemented() & REFUSED.keys()
    assert not PLANNED_AWAY & (_implemented() | REFUSED.keys())


def test_what_is_refused_is_what_must_not_be_here() -> None:
    """Nothing that a policy could run by itself hides among what is left to the host."""
    assert set(REFUSED) == LEFT_TO_THE_HOST


def test_a_family_imported_on_demand_holds_what_it_is_asked_for() -> None:
    """Each name that the registry promises is in its module's table, and the module has no others."""
    for module, names in ON_DEMAND.items():
        family = import_module(f"rego.builtins.{module}")
        held = {*getattr(family, "TABLE", {}), *getattr(family, "CONTEXTUAL", {})}
        assert set(names) == held, module


def test_the_tables_of_a_plan_hold_what_it_declares_and_what_the_host_gives() -> None:
    """The host's own implementation goes before ours."""

    def count(_: object) -> int:
        return 7

    made = tables(["count", "upper", "regex.match"], {"count": count})
    assert {"count", "upper"} == set(made.plain)
    assert {"regex.match"} == set(made.contextual)
    assert made.plain["count"] is count
