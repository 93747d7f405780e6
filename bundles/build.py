"""Builds a bundle from Rego sources with `opa build`; the same sources give the same bytes anywhere."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bundles import manifest as manifests
from bundles import opa as tool
from bundles.bundle import from_files
from bundles.documents import check_yaml, parse_object, readable
from bundles.errors import BundleError
from bundles.files import read_files, refuse_links
from bundles.rebuild import with_new_data
from bundles.unasked import WAITS_FOR
from bundles.writing import write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CAPABILITIES", "ENTRYPOINTS", "SCHEMAS", "build", "build_data", "differences", "write"]

ENTRYPOINTS = ("gateway/admission/decision", "gateway/request/decision")
"""What every policy must answer. Others that its METADATA calls entry points are compiled too."""
CAPABILITIES = manifests.CAPABILITIES
SCHEMAS = "schemas"
_ENFORCEMENTS = frozenset({"enforce", "warn", "shadow"})


def build(sources: Path, opa: Path, author: str | None = None) -> dict[str, bytes]:
    """Compile policy sources into the files of a bundle.

    Args:
        sources: folder with Rego, `data.yaml` and `data.json` in folders that say where the data belongs, a
            `.manifest` naming the roots, `capabilities.json` (the built-ins that policies may call), and
            `schemas` with a JSON Schema for each topmost name of the data.
        opa: the binary, as `opa.find` gives it.
        author: who wrote this revision, for the manifest; nobody if None.

    Returns:
        content by name: `.manifest`, `data.json`, `plan.json` and the Rego sources without their tests.

    Raises:
        BundleError: `bundle.tool` with what `opa` said, or what reading the outcome as a bundle says.
    """
    if not (sources / CAPABILITIES).is_file():
        raise BundleError("bundle.unreadable", f"{sources} holds no {CAPABILITIES}")
    refuse_links(sources)
    _check_data(sources)
    with tempfile.TemporaryDirectory(prefix="regent-bundle-") as scratch:
        archive = Path(scratch, "bundle.tar.gz")
        tool.run(opa, _build_arguments(archive), sources)
        compiled = read_files(archive)
        annotations = json.loads(tool.run(opa, ["inspect", "-a", "-f", "json", str(archive)], sources))
    files = {**compiled, manifests.DATA: readable(parse_object(compiled[manifests.DATA], manifests.DATA))}
    said = parse_object(files[manifests.NAME], manifests.NAME)
    schemas = _schemas(sources, said["roots"])
    files[manifests.NAME] = _manifest(
        files, said["roots"], schemas, _rules(annotations.get("annotations", ()))
    )
    return _finished(files, author)


def build_data(sources: Path, bundle: Path, author: str | None = None) -> dict[str, bytes] | None:
    """The same without `opa`, for sources of which only the data differs from a bundle that is there.

    Args:
        bundle: folder or archive of the bundle that was built from these sources before.

    Returns:
        None where there is no such bundle, or more than the data differs.

    Raises:
        BundleError: what reading the sources, or the outcome as a bundle, says.
    """
    try:
        present = read_files(bundle)
        roots = manifests.parsed(present)["roots"]
    except BundleError:
        return None
    files = with_new_data(read_files(sources), present, _schemas(sources, roots), ENTRYPOINTS)
    return None if files is None else _finished(files, author)


def _finished(files: dict[str, bytes], author: str | None) -> dict[str, bytes]:
    """With the author's name in, and held against everything that a bundle must be."""
    if author is not None:
        manifest = parse_object(files[manifests.NAME], manifests.NAME)
        metadata = {**manifest["metadata"], "author": author}
        files = {**files, manifests.NAME: manifests.stamped(files, {**manifest, "metadata": metadata})}
    from_files(files)
    return dict(sorted(files.items()))


def differences(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """Names of the files that a folder lacks, has besides, or has otherwise than the built ones."""
    present = read_files(folder)
    return sorted(name for name in {*files, *present} if files.get(name) != present.get(name))


def _check_data(sources: Path) -> None:
    """Hold the data of the sources against what `opa` doesn't mind: a key twice."""
    for path in sorted(sources.rglob("data.*")):
        name = path.relative_to(sources).as_posix()
        if path.suffix in {".yaml", ".yml"}:
            check_yaml(path.read_bytes(), name)
        elif path.suffix == ".json":
            parse_object(path.read_bytes(), name)


def _build_arguments(archive: Path) -> list[str]:
    """The sources are `.`: the plan names its files relative to them, wherever the checkout lies."""
    entrypoints = [argument for name in ENTRYPOINTS for argument in ("--entrypoint", name)]
    options = ["--bundle", "--target", "plan", "--capabilities", CAPABILITIES, "--ignore", "*_test.rego"]
    return ["build", *options, *entrypoints, "--output", str(archive), "."]


def _schemas(sources: Path, roots: Iterable[str]) -> dict[str, Any]:
    """The schema of each topmost name that may hold data: `schemas/regent.json` for `regent`."""
    found = {name: sources / SCHEMAS / f"{name}.json" for name in sorted({r.split("/")[0] for r in roots})}
    return {
        name: parse_object(path.read_bytes(), f"{SCHEMAS}/{path.name}")
        for name, path in found.items()
        if path.is_file()
    }


def _manifest(
    files: Mapping[str, bytes], roots: list[str], schemas: dict[str, Any], rules: list[dict[str, Any]]
) -> bytes:
    metadata = {
        "code": manifests.code_of(files, schemas),
        "data_schemas": schemas,
        "entrypoints": _entrypoints(files[manifests.PLAN]),
        "rules": rules,
    }
    return manifests.stamped(files, {"roots": roots, "rego_version": 1, "metadata": metadata})


def _entrypoints(plan: bytes) -> list[str]:
    """The entry points that were compiled: `opa build` adds those that METADATA marks to those it is told."""
    plans = parse_object(plan, manifests.PLAN)["plans"]["plans"]
    return sorted(found["name"] for found in plans)


def _rules(annotations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the METADATA of each rule package says, for `inspect` and for whoever explains a decision."""
    found = [
        _rule(row)
        for row in annotations
        if row["annotations"]["scope"] == "package" and "id" in row["annotations"].get("custom", {})
    ]
    return sorted(found, key=lambda rule: rule["package"])


def _rule(row: Mapping[str, Any]) -> dict[str, Any]:
    said, custom = row["annotations"], row["annotations"]["custom"]
    return {
        "package": ".".join(part["value"] for part in row["path"][1:]),
        "file": row["location"]["file"].removeprefix("/"),
        "title": said.get("title", ""),
        "description": said.get("description", "").strip(),
        # Whoever says nothing, or something that nobody knows, means it.
        "enforcement": custom["enforcement"] if custom.get("enforcement") in _ENFORCEMENTS else "enforce",
        **{key: custom.get(key) for key in ("id", "severity", "controls", "reasons")},
        **({WAITS_FOR: custom[WAITS_FOR]} if WAITS_FOR in custom else {}),
    }
