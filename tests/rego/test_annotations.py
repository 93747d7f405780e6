"""What authors wrote about their rules, found again from the places where rules fired."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from rego import Annotation, Annotations, Location, Policy

if TYPE_CHECKING:
    from pathlib import Path

_SOURCE = """# METADATA
# scope: subpackages
# title: The whole house
package house

# METADATA
# scope: document
# title: Who may not
deny contains "nobody" if false

# METADATA
# title: No strangers
# custom:
#   id: house.strangers
#   controls: [AC-2, AC-3]
deny contains "stranger" if not input.known

deny contains "late" if input.hour > 20
"""


@pytest.fixture(scope="module")
def house(opa: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Policy, Annotations]:
    """A bundle with annotations, and these as `opa inspect` tells them of the bundle."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "house.rego").write_text(_SOURCE)
    build: list[str | Path] = [
        opa,
        "build",
        "-t",
        "plan",
        "-e",
        "house/deny",
        "-o",
        "bundle.tar.gz",
        "house.rego",
    ]
    subprocess.run(build, check=True, capture_output=True, timeout=60, cwd=folder)
    inspect: list[str | Path] = [opa, "inspect", "--annotations", "--format", "json", "bundle.tar.gz"]
    said = subprocess.run(inspect, check=True, capture_output=True, timeout=60, cwd=folder)
    policy = Policy.load((folder / "bundle.tar.gz").read_bytes())
    return policy, Annotations.from_inspect(json.loads(said.stdout))


def test_a_rule_that_fired_has_its_authors_words(house: tuple[Policy, Annotations]) -> None:
    """Its id, title and controls are those of the nearest annotation that has any."""
    policy, annotations = house
    result = policy.evaluate("house/deny", {"known": False, "hour": 22})
    strangers, late = policy.explain(result.fired, annotations)
    assert (
        strangers.id,
        strangers.title,
        strangers.controls,
    ) == ("house.strangers", "No strangers", ("AC-2", "AC-3"))
    assert (late.id, late.title, late.controls) == ("", "Who may not", ())
    assert {"data.house.deny"} == {strangers.rule, late.rule}
    assert [found.scope for found in strangers.annotations] == ["rule", "document", "subpackages"]


def test_without_annotations_the_rules_path_is_told(house: tuple[Policy, Annotations]) -> None:
    """Of a place that the policy does not know, nothing is."""
    policy, _ = house
    fired = policy.evaluate("house/deny", {"known": True, "hour": 22}).fired
    (late,) = policy.explain(fired)
    assert (late.rule, late.id, late.title, late.annotations) == ("data.house.deny", "", "", ())
    (unknown,) = policy.explain([Location("elsewhere.rego", 1, 1)])
    assert unknown.rule == ""


def test_the_nearest_comes_first() -> None:
    """A rule's own, its document's, its package's, then the packages' above, from the inside out."""
    entries = [
        Annotation("subpackages", ("a",), title="a"),
        Annotation("subpackages", ("a", "b"), title="ab"),
        Annotation("subpackages", ("a", "x"), title="ax"),
        Annotation("package", ("a", "b"), title="package"),
        Annotation("package", ("a",), title="above"),
        Annotation("document", ("a", "b", "p"), title="document"),
        Annotation("rule", ("a", "b", "p"), file="/f.rego", row=7, title="rule"),
        Annotation("rule", ("a", "b", "p"), file="f.rego", row=9, title="another"),
    ]
    for order in (entries, entries[::-1]):
        found = Annotations(order).about(("a", "b", "p"), Location("f.rego", 7, 1))
        assert [entry.title for entry in found] == ["rule", "document", "package", "ab", "a"]
    assert Annotations(entries).about(("z", "p"), Location("g.rego", 7, 1)) == ()


@pytest.mark.parametrize(
    "document",
    [
        {}, {"annotations": None}, {"annotations": "x"}, {"annotations": [1, {}, {"annotations": []}]},
        {"annotations": [{"annotations": {}}]},
        {"annotations": [{"annotations": {"scope": "x", "custom": 3}, "location": None, "path": None}]},
        {"annotations": [{"annotations": {"custom": {"controls": "AC-2", "id": 5}}, "location": {"row": 3}}]},
    ],
)  # fmt: skip
def test_entries_that_say_little_are_read_for_what_they_say(document: Any) -> None:
    """A bundle's words are for people: nothing in them may stop a decision."""
    found = Annotations.from_inspect(document).about(("a",), Location("", 3, 1))
    assert all(entry.controls == () for entry in found)
