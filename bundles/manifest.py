"""The manifest and the revision that a bundle's content gives itself; knows nothing of files on disk.

`.manifest` is OPA's (https://www.openpolicyagent.org/docs/management-bundles/#bundle-file-format).
Regent writes into its `metadata`: `code` (what only a build may change), `data_schemas` (the JSON Schema
of each topmost name of the data), `entrypoints`, `rules`.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from bundles.documents import canonical, readable
from bundles.errors import BundleError
from bundles.schemas import check_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NAME = ".manifest"
PLAN = "plan.json"
DATA = "data.json"
_FIELDS = {"revision", "roots", "rego_version", "metadata"}
_ROOT = re.compile(r"[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)*")


def digest_of(files: Mapping[str, bytes]) -> str:
    """SHA-256, in hex, over the sorted list of every file's name and SHA-256."""
    rows = [[name, hashlib.sha256(content).hexdigest()] for name, content in sorted(files.items())]
    return hashlib.sha256(canonical(rows)).hexdigest()


def code_of(files: Mapping[str, bytes], schemas: Mapping[str, Any]) -> str:
    """The same digest over the Rego sources, the plan and the schemas: what only a build may change."""
    code = {name: files[name] for name in files if name == PLAN or name.endswith(".rego")}
    return digest_of({**code, NAME: canonical(schemas)})


def revision_of(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> str:
    """The revision that this content has: it changes with every byte of every file.

    The manifest takes part by value: how it is spelled doesn't matter. Its own `revision` is left out,
    and so are the approvals in its metadata, which are signatures over the revision.
    """
    others = {name: content for name, content in files.items() if name != NAME}
    unnamed = {key: value for key, value in manifest.items() if key != "revision"}
    unnamed["metadata"] = {key: value for key, value in manifest["metadata"].items() if key != "approvals"}
    return f"r-{digest_of({**others, NAME: canonical(unnamed)})[:16]}"


def stamped(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> bytes:
    """The manifest, naming the revision of the files as they are now."""
    return readable({**manifest, "revision": revision_of(files, manifest)})


def check_shape(manifest: Mapping[str, Any]) -> None:
    """Hold a manifest's fields against what Regent reads.

    Raises:
        BundleError: `bundle.malformed`.
    """
    if unknown := manifest.keys() - _FIELDS:
        raise BundleError("bundle.malformed", f".manifest has fields not known here: {sorted(unknown)}")
    if not isinstance(manifest.get("revision"), str) or not manifest["revision"]:
        raise BundleError("bundle.malformed", ".manifest names no revision")
    if type(manifest.get("rego_version")) is not int or manifest["rego_version"] != 1:
        raise BundleError("bundle.malformed", ".manifest must say rego_version 1")
    _check_roots(manifest.get("roots"))
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("code"), str):
        raise BundleError("bundle.malformed", ".manifest doesn't say what its plan was built from")
    check_schemas(metadata.get("data_schemas"))


def check_data(data: Mapping[str, Any], roots: Sequence[str], names: Iterable[str]) -> None:
    """Refuse data outside the roots, and data among the rules.

    Rules are found by where they live, and OPA reads data in the same places: `rules.request.grants.x.allow`
    in `data.json` would be a grant that no rule gives.

    Args:
        names: names of the bundle's files.

    Raises:
        BundleError: `bundle.malformed`.
    """
    _check_below(data, "", frozenset(roots))
    code = {name.split("/")[0] for name in names if name.endswith(".rego")}
    if shadowing := sorted(code & data.keys()):
        raise BundleError("bundle.malformed", f"data.json has data where Rego lives: {shadowing}")


def _check_roots(roots: object) -> None:
    if not isinstance(roots, list) or not roots:
        raise BundleError("bundle.malformed", ".manifest names no roots")
    for root in roots:
        if not isinstance(root, str) or not _ROOT.fullmatch(root):
            raise BundleError("bundle.malformed", ".manifest has a root that is not a plain path")
    for root in roots:
        if sum(root == other or root.startswith(f"{other}/") for other in roots) != 1:
            raise BundleError("bundle.malformed", f".manifest has overlapping roots at {root}")


def _check_below(value: Mapping[str, Any], prefix: str, roots: frozenset[str]) -> None:
    for key, below in value.items():
        path = f"{prefix}{key}"
        if path in roots:
            continue
        if not isinstance(below, dict) or not any(root.startswith(f"{path}/") for root in roots):
            raise BundleError("bundle.malformed", f"data.json has data outside the roots: {path!r}")
        _check_below(below, f"{path}/", roots)
