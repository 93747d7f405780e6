"""What a bundle changes: rules, data, entry points, schemas and sources, each named once."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bundles import approvals, bundle
from bundles import manifest as manifests
from bundles.comparison import Comparison, RuleChange, ValueChange, _values, compare
from bundles.documents import canonical
from tests.bundles.signing import pair

Files = dict[str, bytes]
RULE = {"package": "gateway.request", "file": "gateway/request/request.rego", "id": "request", "title": "A"}
LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"])
VALUES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("abc"), below),
    max_leaves=8,
)


def _bundle(files: Files, data: object = None, **metadata: Any) -> bundle.Bundle:
    """The bundle with other data, metadata or files."""
    content = {**files, "data.json": canonical(data)} if data is not None else files
    manifest = json.loads(files[".manifest"])
    said = {**manifest["metadata"], **metadata}
    said["code"] = manifests.code_of(content, said["data_schemas"])
    stamped = manifests.stamped(content, {**manifest, "metadata": said})
    return bundle.from_files({**content, ".manifest": stamped})


def _compared(old: bundle.Bundle, new: bundle.Bundle) -> Comparison:
    there, back = compare(old, new), compare(new, old)
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert [(c.path, c.change) for c in there.data] == [(c.path, turned[c.change]) for c in back.data]
    return there


def test_a_bundle_is_the_same_as_itself(files: Files) -> None:
    """Whoever approved it."""
    approved = approvals.carrying(files, [approvals.approve("r-1", pair(key_id="bob").key, "approver", 7)])
    found = compare(bundle.from_files(files), bundle.from_files(approved))
    assert found.same
    assert found == Comparison(found.old, found.old, (), (), (), (), (), None)


def test_data_differs_path_by_path(files: Files) -> None:
    """Down to the smallest part, with both values; a list of plain values as a whole."""
    old = _bundle(
        files, {"house": {"limits": {"a": 1, "gpt-4.1": {"x": [1, 2]}, "c": [{"d": 1}, 2], "t": 1}}}
    )
    new = _bundle(
        files, {"house": {"limits": {"b": 1, "gpt-4.1": {"x": [1]}, "c": [{"d": 2}, 2], "t": True}}}
    )
    found = _compared(old, new)
    assert not found.same
    assert found.data == (
        ValueChange("removed", "house.limits.a", old=1),
        ValueChange("added", "house.limits.b", new=1),
        ValueChange("changed", "house.limits.c[0].d", 1, 2),
        ValueChange("changed", "house.limits['gpt-4.1'].x", [1, 2], [1]),
        ValueChange("changed", "house.limits.t", old=1, new=True),
    )


@given(old=VALUES, new=VALUES)
def test_no_difference_is_found_where_there_is_none(old: object, new: object) -> None:
    """And one is found wherever there is one."""
    assert (list(_values(old, new)) == []) == (canonical(old) == canonical(new))


def test_rules_are_added_removed_and_changed(files: Files) -> None:
    """By package, with the title of the newer one, and what of it changed."""
    plain, ruled = _bundle(files), _bundle(files, rules=[RULE])
    assert compare(plain, ruled).rules == (RuleChange("added", "gateway.request", "request", "A"),)
    assert compare(ruled, plain).rules == (RuleChange("removed", "gateway.request", "request", "A"),)
    retitled = _bundle(files, rules=[{**RULE, "title": "B", "enforcement": "warn"}])
    (changed,) = compare(ruled, retitled).rules
    assert changed == RuleChange("changed", "gateway.request", "request", "B", ("enforcement", "title"))
    recoded = _bundle({**files, RULE["file"]: b"package gateway.request\n\nx := 1\n"}, rules=[RULE])
    assert [(rule.change, rule.what) for rule in compare(ruled, recoded).rules] == [("changed", ("code",))]
    assert compare(ruled, recoded).sources == ()


def test_a_rule_without_a_file_is_found_by_its_package(files: Files) -> None:
    """Bundles built before the manifest said so."""
    unplaced = {key: value for key, value in RULE.items() if key != "file"}
    recoded = {**files, "gateway/request/request.rego": b"package gateway.request\n\nx := 1\n"}
    (changed,) = compare(_bundle(files, rules=[unplaced]), _bundle(recoded, rules=[unplaced])).rules
    assert changed.what == ("code",)


def test_what_else_can_differ(files: Files) -> None:
    """Entry points, schemas, Rego of no rule, and the author."""
    schema = {"type": "object"}
    changed = {
        **files,
        "gateway/more.rego": b"package gateway.more\n",
        "gateway/request/request.rego": b"# x\n",
    }
    new = _bundle(changed, author="alice", entrypoints=["a/b"], data_schemas={"house": schema})
    found = compare(_bundle(files), new)
    assert found.author == (None, "alice")
    assert found.entrypoints == (ValueChange("added", "a/b"),)
    assert [(each.path, each.change) for each in found.schemas] == [
        ("house.additionalProperties", "removed"),
        ("house.properties", "removed"),
    ]
    assert found.sources == (
        ValueChange("added", "gateway/more.rego"),
        ValueChange("changed", "gateway/request/request.rego"),
    )
    assert json.loads(json.dumps(found.document()))["same"] is False
