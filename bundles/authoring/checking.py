"""`regent policy check`: what `opa` says of the sources, and what only the house knows to look for."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from bundles import opa as tool
from bundles.authoring import data_rules, house_rules, places
from bundles.authoring import sources as reading
from bundles.authoring.findings import Finding
from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CAPABILITIES = "capabilities.json"


def check(folder: Path, opa: Path) -> list[Finding]:
    """Hold policy sources against everything that can be checked without running them.

    Args:
        folder: the sources.
        opa: the binary, as `bundles.opa.find` gives it.

    Returns:
        what there is to mend, by file and line. While a file can't be parsed, only what `opa` says of it.

    Raises:
        BundleError: `bundle.tool` or `bundle.unreadable`: nothing could be checked.
    """
    said = list(_compiled(folder, opa))
    try:
        sources = reading.read(folder, opa)
    except BundleError:
        if said:  # it says so better, with the line
            return sorted(said)
        raise
    found = chain(
        said,
        _formatted(folder, opa),
        places.found_in(sources),
        chain.from_iterable(map(house_rules.found_in, sources.code())),
        data_rules.found_in(sources),
    )
    return sorted(set(found))


def _compiled(folder: Path, opa: Path) -> Iterator[Finding]:
    """What the compiler says: names that aren't there, types that can't be, forbidden built-ins."""
    options = [
        "--bundle",
        "--strict",
        "--format",
        "json",
        "--schema",
        "schemas",
        "--capabilities",
        CAPABILITIES,
    ]
    for name in ("schemas", CAPABILITIES):
        if not (folder / name).exists():
            raise BundleError("bundle.unreadable", f"{folder} holds no {name}")
    done = tool.attempt(opa, ["check", *options, "--ignore", "invariants", "."], folder)
    if done.code == 0:
        return
    for error in _errors(done):
        where = error.get("location") or {}
        what = " ".join(str(error.get("message", "refused")).split())
        yield Finding(str(where.get("file", ".")), where.get("row", 1), what, _advice(error))


def _errors(done: tool.Said) -> list[dict[str, Any]]:
    try:
        # Older and newer versions differ in which stream they write it to.
        found: list[dict[str, Any]] = json.loads(done.out.strip() or done.error)["errors"]
    except (ValueError, KeyError, TypeError):
        raise BundleError("bundle.tool", f"opa check failed: {(done.error or done.out).strip()}") from None
    return found


def _advice(error: dict[str, Any]) -> str:
    """What to do about an error of the compiler; where it knows the names that would do, those."""
    details = error.get("details")
    known = details.get("oneOf") if isinstance(details, dict) else None
    if isinstance(known, list) and known:
        return f"choose one of {', '.join(map(str, known))}"
    code = error.get("code")
    if code == "rego_parse_error":
        return "mend what can't be parsed"
    if code == "rego_type_error" and "undefined function" in str(error.get("message")):
        return "call only what capabilities.json permits"
    return "mend what the compiler refuses"


def _formatted(folder: Path, opa: Path) -> Iterator[Finding]:
    done = tool.attempt(opa, ["fmt", "--list", "."], folder)
    for name in done.out.split("\n"):
        if name.strip():
            yield Finding(
                name.strip().removeprefix("./"), 1, "not in OPA's format", "run `opa fmt --write` on it"
            )
