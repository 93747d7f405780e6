"""The bundle as a value: what is read is what was built or stamped, and everything else is refused."""

import dataclasses
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bundles import bundle, default_path
from bundles import manifest as manifests
from bundles.documents import readable
from bundles.errors import BundleError

Files = dict[str, bytes]


def _code(attempt: Callable[[], object]) -> str:
    with pytest.raises(BundleError) as raised:
        attempt()
    return raised.value.code


def _with_manifest(files: Files, **fields: Any) -> Files:
    """The bundle with fields of its manifest changed (None: taken out) and stamped anew."""
    manifest = {**json.loads(files[".manifest"]), **fields}
    kept = {key: value for key, value in manifest.items() if value is not None}
    stamped = manifests.stamped(files, kept) if "revision" not in fields else readable(kept)
    return {**files, ".manifest": stamped}


def test_reads_the_shipped_bundle() -> None:
    """The bundle that Regent ships reads, and names every entry point."""
    shipped = bundle.read(default_path())
    assert shipped.revision.startswith("r-")
    assert shipped.manifest["metadata"]["entrypoints"] == [
        "gateway/admin/decision",
        "gateway/admission/decision",
        "gateway/catalogue/decision",
        "gateway/request/decision",
        "gateway/response/decision",
    ]
    assert shipped.plan == shipped.files["plan.json"]
    assert shipped.data == json.loads(shipped.files["data.json"])


def test_a_bundle_is_frozen(folder: Path) -> None:
    """Nobody changes the bundle that decisions are made by."""
    read = bundle.read(folder)
    with pytest.raises(dataclasses.FrozenInstanceError):
        read.revision = "r-0"  # type: ignore[misc]
    for mapping in (read.manifest, read.files):
        with pytest.raises(TypeError):
            mapping["x"] = 1  # type: ignore[index]


@pytest.mark.parametrize("name", ["data.json", "plan.json", "gateway/request/request.rego"])
def test_a_changed_byte_is_noticed(name: str, files: Files) -> None:
    """A bundle whose content isn't what its revision was made for is refused."""
    changed = {**files, name: files[name] + b"\n"}
    assert _code(lambda: bundle.from_files(changed)) == "bundle.modified"


def test_an_added_or_lost_rule_is_noticed(files: Files) -> None:
    """So is one with a rule more or a rule less."""
    more = {**files, "gateway/more.rego": b"package gateway\n"}
    less = {name: content for name, content in files.items() if not name.endswith(".rego")}
    assert {_code(lambda: bundle.from_files(more)), _code(lambda: bundle.from_files(less))} == {
        "bundle.modified"
    }


def test_a_changed_manifest_is_noticed(files: Files) -> None:
    """The manifest's own fields belong to the revision too; its layout doesn't."""
    manifest = json.loads(files[".manifest"])
    respelled = {**files, ".manifest": json.dumps(manifest).encode()}
    assert bundle.from_files(respelled).revision == bundle.from_files(files).revision
    widened = {**files, ".manifest": json.dumps({**manifest, "roots": ["gateway", "house", "more"]}).encode()}
    assert _code(lambda: bundle.from_files(widened)) == "bundle.modified"


def test_digest_covers_every_byte(files: Files) -> None:
    """The digest tells apart what the revision doesn't: the spelling of the manifest."""
    respelled = {**files, ".manifest": json.dumps(json.loads(files[".manifest"])).encode()}
    assert bundle.from_files(files).digest != bundle.from_files(respelled).digest


@pytest.mark.parametrize(
    "name",
    [
        "patch.json",  # a delta: not signed, can wipe the data
        ".signatures.json",  # nobody verifies it here
        "policy.wasm",
        "house/data.json",
        "data.yaml",
        "gateway/request/request_test.rego",
        "README.md",
    ],
)
def test_unknown_files_are_refused(name: str, files: Files) -> None:
    """What isn't read isn't let in."""
    assert _code(lambda: bundle.from_files({**files, name: b"{}"})) == "bundle.unknown_file"


@pytest.mark.parametrize("name", [".manifest", "data.json", "plan.json"])
def test_documents_are_needed(name: str, files: Files) -> None:
    """A bundle lacks none of its three documents, and each is a JSON object."""
    assert (
        _code(lambda: bundle.from_files({n: c for n, c in files.items() if n != name})) == "bundle.malformed"
    )
    assert _code(lambda: bundle.from_files({**files, name: b"[]"})) == "bundle.malformed"
    assert _code(lambda: bundle.from_files({**files, name: b'{"a": 1, "a": 2}'})) == "bundle.malformed"


@pytest.mark.parametrize(
    "fields",
    [
        {"revision": None},
        {"revision": ""},
        {"revision": 7},
        {"roots": None},
        {"roots": []},
        {"roots": [""]},
        {"roots": ["gateway", "house", "house/limit"]},
        {"roots": ["gateway", "house", "house"]},
        {"roots": ["gateway", "house", "../x"]},
        {"roots": ["gateway"]},  # the data lies outside
        {"roots": "gateway"},
        {"rego_version": None},
        {"rego_version": 0},
        {"rego_version": True},
        {"metadata": None},
        {"metadata": {}},
        {"metadata": {"code": "0"}},  # no schemas: anything would fit
        {"wasm": []},
    ],
)
def test_manifests_refused(fields: dict[str, Any], files: Files) -> None:
    """A manifest says what it must, and nothing that isn't understood."""
    assert _code(lambda: bundle.from_files(_with_manifest(files, **fields))) == "bundle.malformed"


def test_nested_roots_hold_nested_data(files: Files) -> None:
    """A root may be a path; data beside it is outside."""
    inside = {**files, "data.json": b'{"house": {"limits": {"a": 1}}}'}
    bundle.from_files(_with_manifest(inside, roots=["gateway", "house/limits"]))
    outside = {**files, "data.json": b'{"house": {"limits": {}, "more": {}}}'}
    assert (
        _code(lambda: bundle.from_files(_with_manifest(outside, roots=["gateway", "house/limits"])))
        == "bundle.malformed"
    )


def test_data_cannot_pose_as_a_rule(files: Files) -> None:
    """Data where Rego lives would be found by the same dispatch as a rule's answer."""
    posing = {**files, "data.json": b'{"gateway": {"request": {"grants": {"x": {"allow": true}}}}}'}
    assert _code(lambda: bundle.from_files(_with_manifest(posing))) == "bundle.malformed"


def test_stamp_blesses_edited_data(folder: Path, files: Files) -> None:
    """After an edit of the data the bundle reads again once it is stamped, under another revision."""
    before = bundle.read(folder)
    (folder / "data.json").write_text('{"house": {"limit": 8}}')
    assert _code(lambda: bundle.read(folder)) == "bundle.modified"
    stamped = bundle.stamp(folder)
    assert stamped == bundle.read(folder)
    assert stamped.revision != before.revision
    (folder / "data.json").write_bytes(files["data.json"])
    assert bundle.stamp(folder).revision == before.revision


def test_stamp_changes_nothing_that_is_right(folder: Path) -> None:
    """Stamping twice is stamping once, and the manifest keeps its mode."""
    manifest = folder / ".manifest"
    manifest.chmod(0o640)
    before = manifest.stat()
    bundle.stamp(folder)
    assert (before.st_mtime_ns, before.st_ino) == (manifest.stat().st_mtime_ns, manifest.stat().st_ino)
    (folder / "data.json").write_text('{"house": {}}')
    bundle.stamp(folder)
    assert stat.S_IMODE(manifest.stat().st_mode) == 0o640
    assert sorted(path.name for path in folder.parent.iterdir()) == ["bundle"]


@pytest.mark.parametrize("name", ["gateway/request/request.rego", "plan.json"])
def test_stamp_never_blesses_code(name: str, folder: Path) -> None:
    """Rego that the plan wasn't compiled from would make the two engines answer differently."""
    before = (folder / ".manifest").read_bytes()
    (folder / name).write_bytes((folder / name).read_bytes() + b"\n")
    assert _code(lambda: bundle.stamp(folder)) == "bundle.modified"
    assert before == (folder / ".manifest").read_bytes()


def test_stamp_never_blesses_a_schema(folder: Path) -> None:
    """The build settles what data must look like: nobody edits the check instead of the data."""
    manifest = json.loads((folder / ".manifest").read_bytes())
    manifest["metadata"]["data_schemas"] = {"house": {}}
    (folder / ".manifest").write_bytes(readable(manifest))
    assert _code(lambda: bundle.stamp(folder)) == "bundle.modified"


def test_stamp_refuses_broken_data(folder: Path) -> None:
    """A slip of the pen is found when stamping, not when the gateway starts."""
    (folder / "data.json").write_text('{"house": {"limit": 7,}}')
    assert _code(lambda: bundle.stamp(folder)) == "bundle.malformed"
    assert _code(lambda: bundle.stamp(folder / "data.json")) == "bundle.unreadable"
