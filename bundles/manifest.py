"""The manifest and the revision that a bundle's content gives itself; knows nothing of files on disk.

`.manifest` is OPA's (https://www.openpolicyagent.org/docs/management-bundles/#bundle-file-format).
Regent writes into its `metadata`: `code` (what only a build may change), `data_schemas` (the JSON Schema
of each topmost name of the data), `entrypoints`, `rules`, `author` (who wrote this revision) and `approvals`
(words of people about it, `bundles.approvals`).
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from bundles.documents import canonical, parse_object, readable
from bundles.errors import BundleError
from bundles.schemas import check_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NAME = ".manifest"
PLAN = "plan.json"
DATA = "data.json"
SIGNATURES = ".signatures.json"
CAPABILITIES = "capabilities.json"
"""In sources: the built-ins that policies may call. No bundle holds it."""
PERSON = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
"""What people are called: a name that is safe as a file's, too."""
MAX_APPROVALS = 64
MAX_APPROVAL_CHARS = 8192
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
    """The revision that this content has: `r-` and the whole SHA-256 in hex. Every byte of every file counts.

    The manifest takes part without its own `revision`, and by value: how it is spelled doesn't matter.
    Approvals and the signature are words about a revision, given when it has its name already.
    """
    others = {name: content for name, content in files.items() if name not in {NAME, SIGNATURES}}
    unnamed = {key: value for key, value in manifest.items() if key != "revision"}
    if isinstance(metadata := unnamed.get("metadata"), dict):
        unnamed["metadata"] = {key: value for key, value in metadata.items() if key != "approvals"}
    return f"r-{digest_of({**others, NAME: canonical(unnamed)})}"


def stamped(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> bytes:
    """The manifest, naming the revision of the files as they are now."""
    return readable({**manifest, "revision": revision_of(files, manifest)})


def parsed(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The manifest of a bundle's files, of the shape that Regent reads.

    Raises:
        BundleError: `bundle.malformed`.
    """
    if NAME not in files:
        raise BundleError("bundle.malformed", f"{NAME} is missing")
    manifest = parse_object(files[NAME], NAME)
    check_shape(manifest)
    return manifest


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
    _check_people(metadata)
    _check_lists(metadata)


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


def _check_people(metadata: Mapping[str, Any]) -> None:
    """Hold the author's name and the approvals against their bounds; who is genuine is asked elsewhere."""
    author, approvals = metadata.get("author"), metadata.get("approvals", [])
    if "author" in metadata and not (isinstance(author, str) and PERSON.fullmatch(author)):
        raise BundleError("bundle.malformed", ".manifest has an author that is not a plain name")
    if not isinstance(approvals, list) or len(approvals) > MAX_APPROVALS:
        raise BundleError("bundle.malformed", f".manifest must have at most {MAX_APPROVALS} approvals")
    if not all(isinstance(token, str) and len(token) <= MAX_APPROVAL_CHARS for token in approvals):
        raise BundleError("bundle.malformed", ".manifest has an approval that is none")


def _check_lists(metadata: Mapping[str, Any]) -> None:
    """What is shown and explained must have the shape that it is read in."""
    entrypoints, rules = metadata.get("entrypoints", []), metadata.get("rules", [])
    if not isinstance(entrypoints, list) or not all(isinstance(name, str) for name in entrypoints):
        raise BundleError("bundle.malformed", ".manifest has entrypoints that are no list of paths")
    if not isinstance(rules, list) or not all(map(_is_rule, rules)):
        raise BundleError("bundle.malformed", ".manifest has rules that are not described as rules are")


def _is_rule(rule: object) -> bool:
    if not isinstance(rule, dict) or not isinstance(rule.get("package"), str):
        return False
    texts = (rule.get(key) for key in ("file", "id", "title", "description", "severity", "enforcement"))
    lists = (rule.get(key) for key in ("controls", "reasons", "waits_for"))
    return all(text is None or isinstance(text, str) for text in texts) and all(
        row is None or (isinstance(row, list) and all(isinstance(name, str) for name in row)) for row in lists
    )


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
