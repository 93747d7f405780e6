"""What authors wrote about their rules (`# METADATA`), found again from the places where rules fired.

The entries are those of `opa inspect --annotations --format json`
(https://www.openpolicyagent.org/docs/policy-language#metadata). Runs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rego.errors import Location

#: Scopes, the nearest to a rule first.
_SCOPES: Final = ("rule", "document", "package", "subpackages")


@dataclass(frozen=True, slots=True)
class Annotation:
    """One block of metadata.

    Args:
        scope: `rule`, `document`, `package` or `subpackages`.
        path: What it is about: the package or rule, without `data`.
        file: The file it stands in; empty where that is not known.
        row: The row of the rule or package that it is about, from 1; 0 where that is not known.
        id: The author's name for the rule, from `id` or `custom.id`; empty where there is none.
        title: One line for people.
        description: More lines.
        controls: The controls that it serves, from `custom.controls`.
        custom: All that the author wrote under `custom`.
    """

    scope: str
    path: tuple[str, ...]
    file: str = ""
    row: int = 0
    id: str = ""
    title: str = ""
    description: str = ""
    controls: tuple[str, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that gave a result.

    Args:
        location: Where its head stands.
        rule: Its path, as `data.gateway.deny`; empty for a query of its own.
        annotations: What is written about it, the nearest first.
    """

    location: Location
    rule: str
    annotations: tuple[Annotation, ...]

    @property
    def id(self) -> str:
        """The nearest id; empty where nobody gave one."""
        return next((found.id for found in self.annotations if found.id), "")

    @property
    def title(self) -> str:
        """The nearest title; empty where nobody gave one."""
        return next((found.title for found in self.annotations if found.title), "")

    @property
    def controls(self) -> tuple[str, ...]:
        """The controls of the nearest annotation that names any."""
        return next((found.controls for found in self.annotations if found.controls), ())


class Annotations:
    """The annotations of a bundle.

    Args:
        entries: In any order.
    """

    def __init__(self, entries: Iterable[Annotation] = ()) -> None:
        self._rules: dict[tuple[str, int], Annotation] = {}
        self._others: dict[tuple[str, tuple[str, ...]], Annotation] = {}
        for found in entries:
            if found.scope == "rule":
                self._rules[_name(found.file), found.row] = found
            else:
                self._others[found.scope, found.path] = found

    @classmethod
    def from_inspect(cls, document: Mapping[str, Any]) -> Annotations:
        """Read what `opa inspect --annotations --format json` wrote; entries that are none are left out."""
        entries = document.get("annotations")
        return cls(map(_read, filter(_is_entry, entries if isinstance(entries, list) else [])))

    def about(self, path: tuple[str, ...], location: Location) -> tuple[Annotation, ...]:
        """Return what is written about a rule, the nearest first.

        Args:
            path: The rule's path without `data`.
            location: Where its head stands.
        """
        found = [
            self._rules.get((_name(location.file), location.row)),
            self._others.get(("document", path)),
            self._others.get(("package", path[:-1])),
            *(self._others.get(("subpackages", path[:size])) for size in range(len(path) - 1, 0, -1)),
        ]
        return tuple(entry for entry in found if entry is not None)


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("annotations"), dict)


def _read(entry: Mapping[str, Any]) -> Annotation:
    said, where = entry["annotations"], entry.get("location") or {}
    custom = said.get("custom")
    custom = custom if isinstance(custom, dict) else {}
    scope = said.get("scope")
    controls = custom.get("controls")
    return Annotation(
        scope=scope if scope in _SCOPES else "rule",
        path=tuple(str(step.get("value", "")) for step in entry.get("path") or ())[1:],
        file=str(where.get("file", "")),
        row=int(where.get("row", 0)),
        id=str(said.get("id") or custom.get("id") or ""),
        title=str(said.get("title", "")),
        description=str(said.get("description", "")),
        controls=tuple(map(str, controls)) if isinstance(controls, list) else (),
        custom=custom,
    )


def _name(file: str) -> str:
    return file.lstrip("/")
