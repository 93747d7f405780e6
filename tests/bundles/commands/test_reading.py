"""`regent bundle inspect` and `diff`: for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from bundles import approvals, bundle, default_path, signatures
from bundles import manifest as manifests
from bundles.archive import pack
from bundles.cli import app
from tests.bundles.signing import pair
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from pathlib import Path

RUN = CliRunner()
SHIPPED = str(default_path())


def test_inspect_says_whose_a_bundle_is(files: dict[str, bytes], tmp_path: Path) -> None:
    """Author, approvals and signature, and that nobody has verified them."""
    manifest = json.loads(files[".manifest"])
    metadata = {**manifest["metadata"], "author": "alice"}
    files = {**files, ".manifest": manifests.stamped(files, {**manifest, "metadata": metadata})}
    revision = bundle.from_files(files).revision
    said = approvals.approve(revision, pair(key_id="bob").key, "approver", 7)
    signed = signatures.signed(approvals.carrying(files, [said, "no.to.ken"]), pair().key)
    archive = tmp_path / "b.tar.gz"
    archive.write_bytes(pack(signed))
    shown = RUN.invoke(app, ["inspect", str(archive)])
    assert shown.exit_code == 0
    for expected in ("alice", "bob (approver)", "release", "not verified", revision):
        assert expected in shown.stdout
    document = json.loads(RUN.invoke(app, ["inspect", str(archive), "--json"]).stdout)
    assert (document["author"], document["signed"], document["key_id"]) == ("alice", True, "release")
    assert document["approvals"] == [
        {"name": "bob", "role": "approver", "revision": revision, "at_us": 7},
        {"name": None, "role": None, "revision": None, "at_us": None},
    ]
    assert {row["name"]: row["bytes"] for row in document["files"]} == {
        name: len(content) for name, content in signed.items()
    }


def test_inspect_gives_programs_the_rules() -> None:
    """The METADATA of each, unsigned and by nobody."""
    document = json.loads(RUN.invoke(app, ["inspect", SHIPPED, "--json"]).stdout)
    shipped = bundle.read(default_path())
    assert document["rules"] == [
        {**rule, "counts": rule["enforcement"]} for rule in shipped.manifest["metadata"]["rules"]
    ]
    assert (document["revision"], document["signed"], document["author"]) == (shipped.revision, False, None)


def test_inspect_says_how_rules_count(tmp_path: Path) -> None:
    """The data has the last word, so METADATA's alone would mislead."""
    archive = tmp_path / "b.tar.gz"
    archive.write_bytes(pack(edited(lambda tables: tables.update(enforcement={"purpose": "shadow"})).files))
    shown = RUN.invoke(app, ["inspect", str(archive)]).stdout
    assert "shadow by the data, not enforce" in shown
    rules = json.loads(RUN.invoke(app, ["inspect", str(archive), "--json"]).stdout)["rules"]
    said = {rule["id"]: (rule["enforcement"], rule["counts"]) for rule in rules}
    assert (said["purpose"], said["clamp"]) == (("enforce", "shadow"), ("enforce", "enforce"))


def _retitled(files: dict[str, bytes], title: str, folder: Path) -> Path:
    manifest = json.loads(files[".manifest"])
    rules = [{"package": "gateway.request", "id": "request", "title": title}]
    data = {**files, "data.json": b'{"house": {"limit": 8}}'}
    stamped = manifests.stamped(data, {**manifest, "metadata": {**manifest["metadata"], "rules": rules}})
    path = folder / "new.tar.gz"
    path.write_bytes(pack({**data, ".manifest": stamped}))
    return path


def test_diff_tells_people_and_programs(folder: Path, files: dict[str, bytes], tmp_path: Path) -> None:
    """Exit code 1 with what differs, 0 where nothing does; markup and control characters are only text."""
    new = _retitled(files, "[red]T\x1b[31m", tmp_path)
    shown = RUN.invoke(app, ["diff", str(folder), str(new)])
    assert shown.exit_code == 1
    for expected in (
        "gateway.request",
        "added",
        "[red]T\N{REPLACEMENT CHARACTER}[31m",
        "house.limit",
        "7",
        "8",
    ):
        assert expected in shown.stdout
    document = json.loads(RUN.invoke(app, ["diff", str(folder), str(new), "--json"]).stdout)
    assert document["data"] == [{"change": "changed", "path": "house.limit", "old": 7, "new": 8}]
    same = RUN.invoke(app, ["diff", str(folder), str(folder)])
    assert (same.exit_code, "the same content" in same.stdout) == (0, True)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_diff_fails_otherwise_than_it_differs(options: list[str], folder: Path, tmp_path: Path) -> None:
    """A script can tell a difference from a bundle that can't be read."""
    said = RUN.invoke(app, ["diff", str(folder), str(tmp_path / "nowhere"), *options])
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr.startswith("bundle.unreadable: ")
