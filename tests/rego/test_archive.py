"""Bundles as `opa build` writes them: the plan and its data, and nothing that is no such bundle."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from rego import PlanError, Policy, archive

if TYPE_CHECKING:
    from pathlib import Path

_PLAN: dict[str, Any] = {"static": {}, "plans": {"plans": []}, "funcs": {}}


def bundle(*files: tuple[str, Any], kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return an archive of files; what is no text is written as JSON."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive_:
        for name, content in files:
            written = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size, member.type = (len(written) if kind == tarfile.REGTYPE else 0), kind
            member.linkname = "elsewhere"
            archive_.addfile(member, io.BytesIO(written))
    return made.getvalue()


@pytest.fixture(scope="module")
def built(opa: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A bundle that `opa build` wrote, of a policy and of data in two folders."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "teams" / "hr").mkdir(parents=True)
    (folder / "data.json").write_text('{"limit": 3}')
    (folder / "teams" / "hr" / "data.yaml").write_text("members: [ann, bob]\n")
    (folder / "t.rego").write_text("package t\n\np := [data.limit, count(data.teams.hr.members)]\n")
    command: list[str | Path] = [opa, "build", "-t", "plan", "-e", "t/p", "-b", "-o", "b.tar.gz", "."]
    subprocess.run(command, check=True, capture_output=True, timeout=60, cwd=folder)
    return (folder / "b.tar.gz").read_bytes()


def test_a_bundle_brings_its_own_data(built: bytes) -> None:
    """Unless the host gives other data, an empty one, too."""
    assert Policy.load(built).evaluate("t/p", {}).value == [3, 2]
    assert Policy.load(built, {"limit": 1, "teams": {"hr": {"members": []}}}).evaluate("t/p", {}).value == [
        1,
        0,
    ]
    assert not Policy.load(built, {}).evaluate("t/p", {}).defined


def test_a_plan_is_no_bundle(plan_bytes: bytes, built: bytes) -> None:
    """They are told apart by their first bytes."""
    assert archive.is_bundle(built)
    assert not archive.is_bundle(plan_bytes)
    assert not archive.is_bundle(b"")


def test_data_in_folders_is_under_their_names() -> None:
    """Whichever way the names are written, and beside other files."""
    found = bundle(
        ("./plan.json", _PLAN), ("/a/b/data.json", {"x": 1}), ("a/data.json", {"y": 2}),
        ("a/other.json", b"no"), ("data.json.bak", b"no"), (".manifest", {}),
    )  # fmt: skip
    plan, data = archive.read(found)
    assert json.loads(plan) == _PLAN
    assert data == {"a": {"b": {"x": 1}, "y": 2}}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (bundle(("data.json", {})), "plan.malformed"),
        (bundle(("plan.json", _PLAN), ("plan.json", _PLAN)), "plan.malformed"),
        (bundle(("plan.json", _PLAN), ("/plan.json", _PLAN)), "plan.malformed"),
        (bundle(("plan.json", _PLAN), ("a/data.yaml", b"x: 1")), "plan.malformed"),
        (bundle(("plan.json", _PLAN), ("data.yml", b"x: 1")), "plan.malformed"),
        (bundle(("plan.json", _PLAN), kind=tarfile.SYMTYPE), "plan.malformed"),
        (bundle(("plan.json", _PLAN), ("data.json", b"{")), "plan.data_malformed"),
        (bundle(("plan.json", _PLAN), ("data.json", b"[" * 100_000)), "plan.data_malformed"),
        (bundle(("plan.json", _PLAN), ("data.json", b"\xff\xfe{}")), "plan.data_malformed"),
        (bundle(("plan.json", _PLAN), ("data.json", [1])), "plan.data_malformed"),
        (bundle(("plan.json", _PLAN), ("data.json", {"a": 1}), ("a/data.json", {})), "plan.data_malformed"),
        (
            bundle(("plan.json", _PLAN), ("a/data.json", {"b": 1}), ("a/b/data.json", {})),
            "plan.data_malformed",
        ),
        (
            bundle(("plan.json", _PLAN), ("a/data.json", {"b": 1}), ("data.json", {"a": {"b": 2}})),
            "plan.data_malformed",
        ),
        (bundle(("plan.json", b"{")), "plan.malformed"),
        (gzip.compress(b"no archive" * 100, mtime=0), "plan.malformed"),
        (gzip.compress(b"", mtime=0), "plan.malformed"),
        (b"\x1f\x8b", "plan.malformed"),
        (b"\x1f\x8bnoise", "plan.malformed"),
        (bundle(("plan.json", _PLAN))[:-20], "plan.malformed"),
    ],
)
def test_what_is_no_bundle_is_refused(document: bytes, code: str) -> None:
    """Cut off, doubled, without a plan, or with data that has two meanings."""
    with pytest.raises(PlanError) as refusal:
        Policy.load(document)
    assert code == refusal.value.code


def test_damaged_bundles_give_only_errors_of_our_own(built: bytes) -> None:
    """Whichever byte is changed, and wherever the bundle ends."""
    for place in range(0, len(built), 7):
        for damaged in (built[:place], built[:place] + bytes([built[place] ^ 0x41]) + built[place + 1 :]):
            try:
                Policy.load(damaged)
            except PlanError as error:
                assert error.code


def test_a_bundle_that_unpacks_to_more_than_fits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small archive may say it is a large one: nothing is read before its size is known to be fine."""
    monkeypatch.setattr(archive, "_MAX_BYTES", 20_000)
    big = bundle(("plan.json", _PLAN), ("data.json", {"x": "a" * 30_000}))
    assert len(big) < 1_000
    with pytest.raises(PlanError) as refusal:
        archive.read(big)
    assert refusal.value.code == "plan.malformed"
    archive.read(bundle(("plan.json", _PLAN), ("data.json", {"x": "a" * 200})))
    for size in (30_000, 200_000):  # in a file that is not even looked at, and behind all files
        padded = gzip.compress(gzip.decompress(bundle(("plan.json", _PLAN))) + bytes(size))
        other = bundle(("plan.json", _PLAN), ("policy.rego", b"#" * size))
        for document in (padded, other):
            with pytest.raises(PlanError):
                archive.read(document)


def test_a_bundle_with_a_wrong_checksum_is_refused(built: bytes) -> None:
    """A byte that was changed on the way is found, even where all files can still be read."""
    for place in (-8, -5, -1):
        damaged = bytearray(built)
        damaged[place] ^= 1
        with pytest.raises(PlanError) as refusal:
            Policy.load(bytes(damaged))
        assert refusal.value.code == "plan.malformed"
