"""What is switched on and asked by nobody: found whatever the manifest says, left alone when it is off."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bundles import bundle as bundles
from bundles import exports, unasked, unenforced
from bundles.errors import BundleError

if TYPE_CHECKING:
    from bundles.bundle import Bundle

SHIPPED = Path(__file__).parents[2] / "bundles" / "default"
ROW = {"short": {"models": ["demo"], "max_tokens": 100}}
MASKED = {"IBAN_CODE": {"action": "mask"}}


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    """The bundle that Regent comes with."""
    return bundles.read(SHIPPED)


def _found(bundle: Bundle) -> list[str]:
    compiled = exports.functions(json.loads(bundle.plan))
    return unasked.found_in(compiled, bundle.manifest["metadata"]["rules"], bundle.data)


def _with(bundle: Bundle, **tables: Any) -> Bundle:
    return replace(bundle, data={"regent": {**bundle.data["regent"], **tables}})


def _house(exports: list[str], *, described: dict[str, Any] | None, data: dict[str, Any]) -> Bundle:
    """A bundle with one rule of a house's own about replies."""
    paths = [["g0", "rules", "response", "denies", "house", name] for name in exports]
    plan = json.dumps({"plans": {}, "funcs": {"funcs": [{"path": path} for path in paths]}}).encode()
    rules = [] if described is None else [{"package": "rules.response.denies.house", **described}]
    return bundles.Bundle("r-1", "", plan, {"regent": data}, {"metadata": {"rules": rules}}, {})


def test_nothing_of_the_shipped_bundle_is_switched_on_unasked(shipped: Bundle) -> None:
    """What waits for the gateway has no rows, so the bundle is taken."""
    assert _found(shipped) == []
    assert unenforced.refused(shipped) is shipped


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        ({"replies": ROW}, ["response/denies/replies"]),
        ({"replies": []}, ["response/denies/replies"]),
        ({"reply_pii": MASKED}, ["response/denies/reply_pii", "response/obligations/reply_masking"]),
        ({"replies": ROW, "enforcement": {"inspect_reply": "off"}}, ["response/denies/replies"]),
        ({"replies": ROW, "enforcement": {"replies": "on"}}, ["response/denies/replies"]),
    ],
    ids=["a row", "no table", "entities", "the request's side is off", "a word that weakens nothing"],
)
def test_rows_switch_a_rule_on(shipped: Bundle, tables: dict[str, Any], found: list[str]) -> None:
    """Rows about replies are refused by name, also where nothing at the request refuses the call."""
    assert _found(_with(shipped, **tables)) == found
    with pytest.raises(BundleError, match=r"bundle\.unenforced: .*response/") as raised:
        unenforced.refused(_with(shipped, **tables))
    assert raised.value.code == "bundle.unenforced"


@pytest.mark.parametrize("mode", ["warn", "shadow", "off"])
def test_what_does_not_decide_is_left_alone(shipped: Bundle, mode: str) -> None:
    """Rows may be written before replies are judged."""
    assert _found(_with(shipped, replies=ROW, enforcement={"replies": mode})) == []


@pytest.mark.parametrize(
    ("exports", "described", "data", "found"),
    [
        (["deny"], None, {}, True),
        (["deny"], {"enforcement": "enforce"}, {}, True),
        (["deny"], {"enforcement": "shadow"}, {}, True),
        (["deny", "enforcement"], {"enforcement": "shadow"}, {}, False),
        (["deny", "enforcement"], {"enforcement": "shadow"}, {"enforcement": {"house": "enforce"}}, True),
        (["deny"], {"waits_for": ["own"]}, {"own": {}}, False),
        (["deny"], {"waits_for": ["own"]}, {"own": {"a": 1}}, True),
        (["deny"], {"waits_for": []}, {}, False),
    ],
    ids=[
        "no metadata",
        "enforced",
        "shadow in METADATA alone",
        "shadow",
        "shadow that the data lifts",
        "no rows",
        "rows",
        "a guard of others",
    ],
)
def test_a_rule_of_the_house(
    exports: list[str], described: dict[str, Any] | None, data: dict[str, Any], *, found: bool
) -> None:
    """The plan says which rules there are; one that nothing is written about counts as enforced."""
    bundle = _house(exports, described=described, data=data)
    assert _found(bundle) == (["response/denies/house"] if found else [])


@pytest.mark.parametrize("plan", [{}, {"funcs": 1}, {"funcs": {"funcs": [1, {}, {"path": "x"}]}}])
def test_a_strange_plan_has_no_such_rules(shipped: Bundle, plan: dict[str, Any]) -> None:
    """What no engine could evaluate isn't this check's affair."""
    assert _found(replace(shipped, plan=json.dumps(plan).encode())) == []
