"""Builds a bundle anew without `opa` when only its data has changed; knows no Rego, it compares sources.

Data is no part of the compiled plan. So whoever edits the data needs nothing but Python, as long as
the Rego, the schemas and the roots of the sources are those that the present bundle was built from.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bundles import manifest as manifests
from bundles.documents import check_yaml, parse_object, readable
from bundles.errors import BundleError
from rego.goyaml.decoding import decoded
from rego.goyaml.nodes import YAMLError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DATA: Final = ("data.json", "data.yaml", "data.yml")
_EXPONENT_FROM: Final = 10**21


def with_new_data(
    sources: Mapping[str, bytes], bundle: Mapping[str, bytes], schemas: Mapping[str, Any], said: Iterable[str]
) -> dict[str, bytes] | None:
    """The files of `bundle` with the data of `sources`, as a whole build would give them.

    Args:
        sources: every file of the sources, by name.
        bundle: the bundle that is there.
        schemas: of the sources, by the topmost name of the data.
        said: the entrypoints that a build would compile.

    Returns:
        None where something besides the data differs, so that only `opa` can build it.

    Raises:
        BundleError: `bundle.malformed`, when the data can't be read or two files disagree.
    """
    manifest = manifests.parsed(bundle)
    metadata = manifest["metadata"]
    code = {name: content for name, content in bundle.items() if name.endswith(".rego")}
    rego = {
        name: content
        for name, content in sources.items()
        if name.endswith(".rego") and not name.endswith("_test.rego")
    }
    wanted = parse_object(sources.get(manifests.NAME, b"{}"), manifests.NAME)
    same = (
        rego == code
        and metadata["code"] == manifests.code_of(bundle, schemas)
        and set(said) <= set(metadata.get("entrypoints", ()))
        and sorted(wanted.get("roots", ())) == sorted(manifest["roots"])
        and wanted.get("rego_version") == manifest["rego_version"]
    )
    if not same:
        return None
    kept = {key: metadata[key] for key in ("code", "data_schemas", "entrypoints", "rules") if key in metadata}
    plan = {manifests.PLAN: bundle[manifests.PLAN], manifests.DATA: readable(merged(sources))}
    files = {**code, **plan}
    new = {"roots": manifest["roots"], "rego_version": manifest["rego_version"], "metadata": kept}
    return dict(sorted({**files, manifests.NAME: manifests.stamped(files, new)}.items()))


def merged(sources: Mapping[str, bytes]) -> dict[str, Any]:
    """All data files as one document, each at the path of its folder, as OPA merges them.

    Raises:
        BundleError: `bundle.malformed`, also when two files say something of the same place.
    """
    data: dict[str, Any] = {}
    for name, content in sorted(sources.items()):
        *folders, base = name.split("/")
        if base not in _DATA:
            continue
        value = parse_object(content, name) if base == "data.json" else _from_yaml(content, name)
        for folder in reversed(folders):
            value = {folder: value}
        _merge(data, value, name)
    return data


def _merge(into: dict[str, Any], more: Mapping[str, Any], name: str) -> None:
    for key, value in more.items():
        present = into.get(key)
        if key not in into:
            into[key] = value
        elif isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value, name)
        else:
            raise BundleError("bundle.malformed", f"{name} says again what {key!r:.80} is")


def _from_yaml(content: bytes, name: str) -> dict[str, Any]:
    check_yaml(content, name)
    try:
        value = decoded(content.decode("utf-8"))
    except (YAMLError, UnicodeDecodeError, RecursionError):
        raise BundleError("bundle.malformed", f"{name} is not YAML that OPA reads") from None
    if not isinstance(value, dict):
        raise BundleError("bundle.malformed", f"{name} is not a mapping")
    written: dict[str, Any] = _as_opa_writes(value)
    return written


def _as_opa_writes(value: Any) -> Any:
    """Numbers of YAML that are doubles to Go as doubles: from 10^21 on it gives them an exponent."""
    if isinstance(value, dict):
        return {key: _as_opa_writes(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_as_opa_writes(below) for below in value]
    double = isinstance(value, Decimal) or (type(value) is int and abs(value) >= _EXPONENT_FROM)
    return float(value) if double else value
