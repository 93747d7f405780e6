"""What authors wrote about their rules, found again from the places where rules fired."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from rego import Annotation, Annotations, Location, PlanError, Policy

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
        {"annotations": [None, [], "x", {"annotations": {}, "location": {"row": "z"}}]},
        {"annotations": [{"annotations": {}, "location": {"row": True}}, {"annotations": {}, "location": 7}]},
        {"annotations": [{"annotations": {}, "path": [None]}, {"annotations": {}, "path": 3}]},
        {"annotations": [{"annotations": {"scope": [], "title": {}, "custom": {"id": 10**5000}}}]},
        {"annotations": [{"annotations": {}, "path": [{"value": None}, {"value": []}]}]},
    ],
)  # fmt: skip
def test_entries_that_say_little_are_read_for_what_they_say(document: Any) -> None:
    """A bundle's words are for people: nothing in them may stop a decision."""
    found = Annotations.from_inspect(document).about(("a",), Location("", 3, 1))
    assert all(entry.controls == () for entry in found)


@pytest.mark.parametrize("document", [None, [], "x", 3, [("annotations", [])]])
def test_what_is_no_object_is_refused_by_code(document: Any) -> None:
    """A host that parsed the wrong file learns it from an error of ours."""
    with pytest.raises(PlanError) as refusal:
        Annotations.from_inspect(document)
    assert refusal.value.code == "plan.annotations_malformed"


def test_good_entries_survive_bad_ones() -> None:
    """One malformed entry takes nothing from the others."""
    path = [{"type": "var", "value": "data"}, {"type": "string", "value": "p"}]
    good = {"annotations": {"title": "good", "custom": {"id": 5}}, "location": {"row": 3}, "path": path}
    bad = {**good, "location": {"row": "z"}}
    (found,) = Annotations.from_inspect({"annotations": [bad, None, good]}).about(("p",), Location("", 3, 1))
    assert (found.title, found.id) == ("good", "5")


def test_an_annotation_of_another_path_is_never_given() -> None:
    """The same file and row are not enough: rows are of another source where files were formatted."""
    other = Annotations([Annotation("rule", ("t", "q"), file="f.rego", row=3, title="q")])
    for alone in (False, True):
        assert other.about(("t", "p"), Location("f.rego", 3, 1), alone=alone) == ()


def test_a_lone_rule_has_the_only_annotation_of_its_path() -> None:
    """Several annotations, or several rules of one path, can't be told apart without their rows."""
    one = Annotation("rule", ("t", "p"), file="f.rego", row=3, title="one")
    two = Annotation("rule", ("t", "p"), file="f.rego", row=9, title="two")
    moved = Location("f.rego", 4, 1)
    assert Annotations([one]).about(("t", "p"), moved, alone=True) == (one,)
    assert Annotations([one]).about(("t", "p"), moved) == ()
    assert Annotations([one, two]).about(("t", "p"), moved, alone=True) == ()
    assert Annotations([one, two]).about(("t", "p"), Location("f.rego", 9, 1), alone=True) == (two,)


def test_rules_of_sources_that_were_not_formatted_keep_their_own_words(opa: Path, tmp_path: Path) -> None:
    """`opa build` moves rows in the bundle, not in the plan: a row may then be another rule's."""
    (tmp_path / "t.rego").write_text(
        "package t\n\n\n\n# METADATA\n# title: one\np := 1\n\n# METADATA\n# title: two\nq := p\n"
    )
    build: list[str | Path] = [opa, "build", "-t", "plan", "-e", "t/q", "-o", "b.tar.gz", "t.rego"]
    subprocess.run(build, check=True, capture_output=True, timeout=60, cwd=tmp_path)
    inspect: list[str | Path] = [opa, "inspect", "--annotations", "--format", "json", "b.tar.gz"]
    said = subprocess.run(inspect, check=True, capture_output=True, timeout=60, cwd=tmp_path)
    policy = Policy.load((tmp_path / "b.tar.gz").read_bytes())
    fired = policy.explain(
        policy.evaluate("t/q", {}).fired, Annotations.from_inspect(json.loads(said.stdout))
    )
    assert {("data.t.p", "one"), ("data.t.q", "two")} == {(found.rule, found.title) for found in fired}
