"""A policy bundle as a value: read whole, checked, frozen; knows nothing of how its plan is evaluated."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bundles import manifest as manifests
from bundles.documents import parse_object
from bundles.errors import BundleError
from bundles.files import read_files
from bundles.schemas import check_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bundles.trust import Trust


@dataclass(frozen=True, slots=True)
class Bundle:
    """One policy bundle, checked.

    Args:
        revision: name that the content gives itself, `r-` and a SHA-256 in hex.
        digest: SHA-256, hex, over every file's name and SHA-256; approvals and signature change it too.
        plan: `plan.json` as compiled by `opa build -t plan`.
        data: `data.json` as one document, a plain dict as engines want it; shared, so never changed.
        manifest: `.manifest`.
        files: every file by name, these three included.
    """

    revision: str
    digest: str
    plan: bytes
    data: dict[str, Any]
    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]


def read(path: Path, trust: Trust | None = None) -> Bundle:
    """Read a bundle from a folder or a .tar.gz and check that it is what its manifest says.

    Args:
        trust: who must have signed and approved it; None takes it from anybody.

    Raises:
        BundleError: with the code that says why the bundle can't be used.
    """
    return from_files(read_files(path), trust)


def from_files(files: Mapping[str, bytes], trust: Trust | None = None) -> Bundle:
    """Make a bundle of its files, checking everything but the limits of `files.read_files`.

    Raises:
        BundleError: `bundle.unknown_file`, `bundle.malformed`, `bundle.data_invalid` or `bundle.modified`;
            with `trust` also `bundle.signature` and `bundle.unapproved`.
    """
    if trust is not None:  # before anything in it is interpreted
        trust.admit(files)
    manifest, data = _documents(files)
    metadata = manifest["metadata"]
    if metadata["code"] != manifests.code_of(files, metadata["data_schemas"]):
        raise BundleError("bundle.modified", "Rego, plan or schema changed since the build: build it again")
    if manifest["revision"] != manifests.revision_of(files, manifest):
        raise BundleError("bundle.modified", "content doesn't match the revision: `regent bundle stamp`")
    return Bundle(
        revision=manifest["revision"],
        digest=manifests.digest_of(files),
        plan=files[manifests.PLAN],
        data=data,
        manifest=manifest,
        files=MappingProxyType(dict(files)),
    )


def stamp(folder: Path) -> Bundle:
    """Give a bundle's folder the revision of its present content, after an edit of `data.json`.

    Needs no `opa`: data is no part of the compiled plan. Rego is, so a changed source is refused.

    Returns:
        the bundle as it now stands in the folder.

    Raises:
        BundleError: for what `read` would refuse besides the revision; then the folder is unchanged.
    """
    if not folder.is_dir():
        raise BundleError("bundle.unreadable", f"{folder} is not a folder")
    files = read_files(folder)
    if manifests.SIGNATURES in files:  # it would be a signature of something else, which everybody refuses
        raise BundleError("bundle.modified", f"{folder} is signed: edit the bundle that it was made from")
    manifest, _ = _documents(files)
    renewed = {**files, manifests.NAME: manifests.stamped(files, manifest)}
    bundle = from_files(renewed)
    if renewed != files:
        _replace(folder / manifests.NAME, renewed[manifests.NAME])
    return bundle


def _documents(files: Mapping[str, bytes]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The manifest and the data, every file of a known kind, every document well-formed, the data fitting."""
    for name, content in files.items():
        _check_kind(name, content)
    for name in (manifests.NAME, manifests.DATA, manifests.PLAN):
        if name not in files:
            raise BundleError("bundle.malformed", f"{name} is missing")
    manifest = manifests.parsed(files)
    data = parse_object(files[manifests.DATA], manifests.DATA)
    manifests.check_data(data, manifest["roots"], files)
    if "plans" not in parse_object(files[manifests.PLAN], manifests.PLAN):
        raise BundleError("bundle.malformed", "plan.json holds no plans")
    check_data(data, manifest["metadata"]["data_schemas"])
    return MappingProxyType(manifest), data


def _check_kind(name: str, content: bytes) -> None:
    """Refuse what isn't read here.

    A delta (`patch.json`) isn't covered by signatures and can wipe the data;
    nested or YAML data would be merged by rules of its own.
    """
    if name in {manifests.NAME, manifests.DATA, manifests.PLAN, manifests.SIGNATURES}:
        return
    if name == manifests.CAPABILITIES:
        raise BundleError(
            "bundle.unknown_file", "these are sources: `regent bundle build` makes a bundle of them"
        )
    if not name.endswith(".rego") or name.endswith("_test.rego"):
        raise BundleError("bundle.unknown_file", f"{name} is not read, so it is refused")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        raise BundleError("bundle.malformed", f"{name} is not UTF-8") from None


def _replace(target: Path, content: bytes) -> None:
    """Write beside and rename: a reader finds the old manifest or the new one, never half of one."""
    descriptor, beside = tempfile.mkstemp(dir=target.parent.parent, prefix=".manifest-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, target.stat().st_mode & 0o777)
        Path(beside).replace(target)
    except OSError as error:
        Path(beside).unlink(missing_ok=True)
        raise BundleError("bundle.unreadable", f"{target}: {error.strerror}") from None
