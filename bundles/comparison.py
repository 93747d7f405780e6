"""Says what is different between two bundles: rules, data, entry points, schemas; knows no terminal.

Values of the data are part of the answer: they are the policy team's own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from bundles import manifest as manifests
from bundles.documents import canonical
from bundles.wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bundles.bundle import Bundle

Change = Literal["added", "removed", "changed"]
_META: Final = frozenset({manifests.NAME, manifests.DATA, manifests.PLAN, manifests.SIGNATURES})


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that only one of them has, or that each has otherwise.

    Args:
        package: where it lives.
        id: its name.
        title: what it is for; of the newer one where both have it.
        what: in which respects it changed: `code`, `title`, `enforcement` and so on.
    """

    change: Change
    package: str
    id: str
    title: str
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A place in a document that only one of them has, or that has another value.

    Args:
        path: as people write it: `regent.models['gpt-4.1'].max_tokens`.
        old: None where it was added.
        new: None where it was removed.
    """

    change: Change
    path: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, each part in the order of names.

    Args:
        old: revision of the one.
        new: revision of the other.
        rules: by package.
        data: by path.
        entrypoints: path and change.
        schemas: by path within the schemas of the data.
        sources: Rego files that belong to no rule, by name, and change.
        author: who wrote the one, who the other, if that differs.
    """

    old: str
    new: str
    rules: tuple[RuleChange, ...]
    data: tuple[ValueChange, ...]
    entrypoints: tuple[ValueChange, ...]
    schemas: tuple[ValueChange, ...]
    sources: tuple[ValueChange, ...]
    author: tuple[str | None, str | None] | None

    @property
    def same(self) -> bool:
        """Whether both have the same content, whoever approved or signed it."""
        return self.old == self.new

    def document(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"same": self.same, **asdict(self)}


def compare(old: Bundle, new: Bundle) -> Comparison:
    """What is different in `new`."""
    before, after = old.manifest["metadata"], new.manifest["metadata"]
    ruled = {*_files_of_rules(before), *_files_of_rules(after)}
    authors = (before.get("author"), after.get("author"))
    return Comparison(
        old=old.revision,
        new=new.revision,
        rules=tuple(_rules(old, new)),
        data=tuple(_values(old.data, new.data)),
        entrypoints=tuple(_listed(before.get("entrypoints", ()), after.get("entrypoints", ()))),
        schemas=tuple(_values(before["data_schemas"], after["data_schemas"])),
        sources=tuple(_sources(old.files, new.files, ruled)),
        author=authors if authors[0] != authors[1] else None,
    )


def _rules(old: Bundle, new: Bundle) -> Iterator[RuleChange]:
    before, after = _by_package(old), _by_package(new)
    for package in sorted(before.keys() | after.keys()):
        was, now = before.get(package), after.get(package)
        shown = now or was or {}
        said = (package, str(shown.get("id") or ""), str(shown.get("title") or ""))
        if was is None or now is None:
            yield RuleChange("added" if was is None else "removed", *said)
        elif what := tuple(_respects(was, now, old.files, new.files)):
            yield RuleChange("changed", *said, what)


def _respects(
    was: Mapping[str, Any], now: Mapping[str, Any], old: Mapping[str, bytes], new: Mapping[str, bytes]
) -> Iterator[str]:
    if old.get(_file_of(was)) != new.get(_file_of(now)):
        yield "code"
    yield from (key for key in sorted(was.keys() | now.keys()) if was.get(key) != now.get(key))


def _values(old: Any, new: Any, path: tuple[str | int, ...] = ()) -> Iterator[ValueChange]:
    """Down to the smallest part that differs; lists of another length or of plain values as a whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if key not in old:
                yield ValueChange("added", where((*path, key)), new=new[key])
            elif key not in new:
                yield ValueChange("removed", where((*path, key)), old=old[key])
            else:
                yield from _values(old[key], new[key], (*path, key))
    elif _alike(old, new):
        for place, (was, now) in enumerate(zip(old, new, strict=True)):
            yield from _values(was, now, (*path, place))
    elif canonical(old) != canonical(new):  # by spelling: `==` takes `true` for 1
        yield ValueChange("changed", where(path), old, new)


def _alike(old: Any, new: Any) -> bool:
    if not isinstance(old, list) or not isinstance(new, list) or len(old) != len(new):
        return False
    return any(isinstance(each, dict | list) for each in (*old, *new))


def _listed(old: Any, new: Any) -> Iterator[ValueChange]:
    for name in sorted({*old, *new}):
        if name not in old:
            yield ValueChange("added", name)
        elif name not in new:
            yield ValueChange("removed", name)


def _sources(old: Mapping[str, bytes], new: Mapping[str, bytes], ruled: set[str]) -> Iterator[ValueChange]:
    for name in sorted((old.keys() | new.keys()) - _META - ruled):
        if name not in old or name not in new:
            yield ValueChange("added" if name not in old else "removed", name)
        elif old[name] != new[name]:
            yield ValueChange("changed", name)


def _by_package(bundle: Bundle) -> dict[str, dict[str, Any]]:
    return {rule["package"]: rule for rule in bundle.manifest["metadata"].get("rules", ())}


def _files_of_rules(metadata: Mapping[str, Any]) -> Iterator[str]:
    return (_file_of(rule) for rule in metadata.get("rules", ()))


def _file_of(rule: Mapping[str, Any]) -> str:
    """Where a rule is written; by the house's layout where the manifest doesn't say."""
    package = str(rule["package"])
    return str(rule.get("file") or f"{package.replace('.', '/')}/{package.rsplit('.', 1)[-1]}.rego")
