"""Publishing with a real `opa`: no revision without passing tests that reach every line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bundles import approvals, archive, default_path
from bundles import manifest as manifests
from bundles.build import CAPABILITIES
from bundles.errors import BundleError
from bundles.files import read_files
from bundles.store import moving, publishing, report, revisions
from bundles.store.approving import approve
from bundles.store.errors import StoreError
from bundles.store.lifecycle import State
from bundles.store.revisions import key_of
from tests.bundles.signing import Pair, pair
from tests.bundles.store import house
from tests.bundles.store.house import ALICE, BOB, CAROL
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from bundles.store.desk import Desk

ROOT = Path(__file__).parents[3]
RULE = """package rules.request.denies.closed

deny contains reason if {
	input.context.never == "ever"
	reason := {"id": "house.closed", "user": "u", "admin": "a", "controls": []}
}
"""
TEST = """package rules.request.denies.closed_test

test_closed if {
	count(data.rules.request.denies.closed.deny) == 1 with input as {"context": {"never": "ever"}}
}
"""
SMALL = {
    ".manifest": '{"roots": ["gateway", "rules"], "rego_version": 1}\n',
    "gateway/admission/admission.rego": """package gateway.admission

decision := {"allow": true, "reasons": [], "obligations": [], "advice": []}
""",
    "gateway/admission/admission_test.rego": """package gateway.admission_test

test_admits if data.gateway.admission.decision.allow
""",
    "gateway/request/request.rego": """package gateway.request

decision := {"allow": count(_reasons) == 0, "reasons": _reasons, "obligations": [], "advice": []}

_reasons contains data.rules.request.denies[_].deny[_]
""",
    "gateway/request/request_test.rego": """package gateway.request_test

test_allows if data.gateway.request.decision.allow

_denies := {"any": {"deny": {"no"}}}

test_denies if not data.gateway.request.decision.allow with data.rules.request.denies as _denies
""",
}
needs_opa = pytest.mark.server


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Sources that may be published as they are, and are tested in no time."""
    folder = tmp_path / "small"
    for name, text in SMALL.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    shutil.copy(ROOT / "policies" / CAPABILITIES, folder)
    return folder


def lacking(desk: Desk, sources: Path, opa: Path) -> str:
    """Why sources aren't published; they stay a draft with a report."""
    with pytest.raises(StoreError) as raised:
        publishing.publish_sources(desk, sources, opa, ALICE.key)
    assert raised.value.code == "store.untested"
    (revision,) = revisions.names(desk.blobs)
    assert house.state(desk, revision) is State.DRAFT
    assert desk.blobs.read(key_of(revision, "report.json"))
    return raised.value.detail


@needs_opa
def test_the_shipped_sources_are_published(sources: Path, opa: Path) -> None:
    """Good sources become a tested revision with its report, and its author in the manifest."""
    desk, _ = house.desk()
    done = publishing.publish_sources(desk, sources, opa, ALICE.key)
    assert done.report
    assert (done.report.coverage, done.report.failed, done.report.inherited_from) == (100.0, (), None)
    assert done.report.passed > 50
    assert house.state(desk, done.revision) is State.TESTED
    kept = desk.blobs.read(key_of(done.revision, "report.json"))
    assert kept
    assert report.parse(kept[0], done.revision) == done.report
    shipped = read_files(default_path())
    approve(desk, done.revision, BOB.key)
    approve(desk, done.revision, CAROL.key)
    moving.activate(desk, done.revision)
    released = house.released(desk.blobs, done.revision)
    assert released.manifest["metadata"]["author"] == "alice"
    assert released.files["plan.json"] == shipped["plan.json"]
    assert publishing.publish_sources(desk, sources, opa, ALICE.key).report is None


@needs_opa
def test_failing_tests_are_named(small: Path, opa: Path) -> None:
    """A test that fails is named, and mended tests turn the same revision from draft to tested."""
    desk, _ = house.desk()
    extra = small / "gateway" / "wrong_test.rego"
    extra.write_text("package gateway.wrong_test\n\ntest_wrong if 1 == 2\n")
    assert "gateway.wrong_test.test_wrong" in lacking(desk, small, opa)
    extra.unlink()
    done = publishing.publish_sources(desk, small, opa, ALICE.key)
    assert [done.revision] == revisions.names(desk.blobs)
    assert house.state(desk, done.revision) is State.TESTED


@needs_opa
def test_each_case_of_a_test_counts(small: Path, opa: Path) -> None:
    """A test with several cases fails by the one that fails, and that one is named."""
    desk, _ = house.desk()
    extra = small / "gateway" / "cases_test.rego"
    extra.write_text(
        'package gateway.cases_test\n\ntest_it[name] if {\n\tsome name, v in {"a": 1, "b": 2}\n\tv == 1\n}\n'
    )
    said = lacking(desk, small, opa)
    assert "failing tests, 1: gateway.cases_test.test_it['b']" in said


@needs_opa
def test_a_line_that_no_test_reaches_is_named(small: Path, opa: Path) -> None:
    """A rule without a test isn't published; with one it is, and so it is where less is asked for."""
    desk, _ = house.desk()
    rule = small / "rules" / "request" / "denies" / "closed" / "closed.rego"
    rule.parent.mkdir(parents=True)
    rule.write_text(RULE)
    assert "rules/request/denies/closed/closed.rego:5" in lacking(desk, small, opa)
    (rule.parent / "closed_test.rego").write_text(TEST)
    assert publishing.publish_sources(desk, small, opa, ALICE.key).report
    rule.write_text(RULE.replace("house.closed", "house.shut"))
    (rule.parent / "closed_test.rego").unlink()
    lenient = publishing.publish_sources(desk, small, opa, ALICE.key, 40.0).report
    assert lenient
    assert 40 < lenient.coverage < 100
    assert lenient.threshold == 40.0


@needs_opa
def test_without_tests_nothing_is_published(small: Path, opa: Path) -> None:
    """No tests is not the same as no failing tests."""
    desk, _ = house.desk()
    for file in small.rglob("*_test.rego"):
        file.unlink()
    assert "there are no tests" in lacking(desk, small, opa)


@needs_opa
@pytest.mark.parametrize("body", ["test_x if", "test_x if time.now_ns() > 0"])
def test_tests_that_cannot_run_are_said(body: str, small: Path, opa: Path) -> None:
    """A test that doesn't compile, or calls what policies may not call, is what `opa` says of it."""
    desk, _ = house.desk()
    (small / "broken_test.rego").write_text(f"package broken_test\n\n{body}\n")
    with pytest.raises(BundleError, match="broken_test") as raised:
        publishing.publish_sources(desk, small, opa, ALICE.key)
    assert raised.value.code == "bundle.tool"
    assert revisions.names(desk.blobs) == []


def test_a_failed_publication_spares_the_report_of_what_was_active() -> None:
    """Publishing a retired revision again with broken tests doesn't take the way back to it."""
    desk, _ = house.desk()
    older, newer = house.approved(desk, 1), house.approved(desk, 2)
    moving.activate(desk, older)
    moving.activate(desk, newer)
    with pytest.raises(StoreError, match="failing tests"):
        house.published(desk, 1, report=house.FAILED)
    assert moving.rollback(desk) == older


def data_only(path: Path, limit: int, rego: str = "package gateway.request\n") -> Path:
    """A built bundle, as a file."""
    path.write_bytes(archive.pack(house.candidate(limit, rego)))
    return path


def test_new_data_inherits_the_tests(tmp_path: Path) -> None:
    """A bundle that differs from a tested revision in data alone is tested by it, and says so."""
    desk, _ = house.desk()
    base = house.published(desk, 1)
    second = publishing.publish_bundle(desk, data_only(tmp_path / "b.tar.gz", 2), BOB.key)
    third = publishing.publish_bundle(desk, data_only(tmp_path / "c.tar.gz", 3), CAROL.key)
    for done in (second, third):
        assert done.report
        assert done.report.inherited_from == base
        assert house.state(desk, done.revision) is State.TESTED


def test_new_rules_inherit_nothing(tmp_path: Path) -> None:
    """A bundle without sources and with other rules, or another manifest, can't be tested: refused."""
    desk, _ = house.desk()
    house.published(desk, 1)
    with pytest.raises(StoreError) as raised:
        publishing.publish_bundle(
            desk, data_only(tmp_path / "b", 2, "package gateway.request\nx := 1\n"), BOB.key
        )
    assert raised.value.code == "store.untested"
    files = house.candidate(2)
    manifest = json.loads(files[".manifest"])
    manifest["metadata"]["rules"] = [{"package": "rules.never"}]
    files[".manifest"] = manifests.stamped(files, manifest)
    (tmp_path / "c").write_bytes(archive.pack(files))
    with pytest.raises(StoreError, match="publish its sources"):
        publishing.publish_bundle(desk, tmp_path / "c", BOB.key)


def test_what_no_gateway_asks_is_not_taken(tmp_path: Path) -> None:
    """A candidate with rows about replies is refused where it is published, not where it would decide."""
    desk, _ = house.desk()
    asked = edited(lambda tables: tables.update(replies={"short": {"max_tokens": 100}}))
    (tmp_path / "b").write_bytes(archive.pack(asked.files))
    with pytest.raises(BundleError) as raised:
        publishing.publish_bundle(desk, tmp_path / "b", BOB.key)
    assert raised.value.code == "bundle.unenforced"


def test_a_draft_vouches_for_nothing(tmp_path: Path) -> None:
    """Tests that failed aren't inherited."""
    desk, _ = house.desk()
    with pytest.raises(StoreError):
        house.published(desk, 1, report=house.FAILED)
    with pytest.raises(StoreError, match="no tested revision"):
        publishing.publish_bundle(desk, data_only(tmp_path / "b", 2), BOB.key)


def test_words_of_elsewhere_do_not_come_along(tmp_path: Path) -> None:
    """A released bundle of another store is a new revision of its publisher here, without its approvals."""
    desk, _ = house.desk()
    revision = house.approved(desk, 1)
    moving.activate(desk, revision)
    files = house.released(desk.blobs, revision).files
    assert approvals.carried(files)
    (tmp_path / "b").write_bytes(archive.pack(files))
    again = publishing.publish_bundle(desk, tmp_path / "b", ALICE.key)
    assert (again.revision, again.report) == (revision, None)
    other = publishing.publish_bundle(desk, tmp_path / "b", BOB.key)
    assert other.revision != revision
    with pytest.raises(StoreError):
        moving.activate(desk, other.revision)


def test_a_changed_bundle_is_no_bundle(tmp_path: Path) -> None:
    """Publishing doesn't make good what was changed since the build."""
    desk, _ = house.desk()
    house.published(desk, 1)
    (tmp_path / "b").write_bytes(
        archive.pack({**house.candidate(2), "data.json": b'{"house": {"limit": 9}}'})
    )
    with pytest.raises(BundleError) as raised:
        publishing.publish_bundle(desk, tmp_path / "b", BOB.key)
    assert raised.value.code == "bundle.modified"


@pytest.mark.parametrize("who", [pair(key_id="alice"), pair(key_id="mallory")])
def test_only_people_of_the_settings_publish(who: Pair) -> None:
    """A key under Alice's name that isn't hers, and a name that nobody knows, publish nothing."""
    desk, notes = house.desk()
    with pytest.raises(StoreError) as raised:
        house.published(desk, author=who)
    assert raised.value.code == "store.approval"
    assert notes.steps == []
    assert revisions.names(desk.blobs) == []


def test_a_damaged_bundle_is_mended_by_publishing_it_again() -> None:
    """A draft whose bundle broke is whole again after the next publication."""
    desk, _ = house.desk()
    with pytest.raises(StoreError):
        house.published(desk, 1, report=house.FAILED)
    (revision,) = revisions.names(desk.blobs)
    key = key_of(revision, "bundle.tar.gz")
    found = desk.blobs.read(key)
    assert found
    desk.blobs.write(key, b"broken", found[1])
    house.approved(desk, 1)
    assert moving.activate(desk, revision) is True


@pytest.mark.parametrize("content", [b"", b"{}", b'{"passed": "x"}', b"[]"])
def test_a_broken_report_is_said(content: bytes) -> None:
    """What isn't a report isn't taken for a good one."""
    with pytest.raises(StoreError) as raised:
        report.parse(content, "r-1")
    assert raised.value.code == "store.damaged"
