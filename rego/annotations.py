"""What authors wrote about their rules (`# METADATA`), found again from the places where rules fired.

The entries are those of `opa inspect --annotations --format json`
(https://www.openpolicyagent.org/docs/policy-language#metadata). Runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rego.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rego.errors import Location

#: Scopes, the nearest to a rule first.
_SCOPES: Final = ("rule", "document", "package", "subpackages")
_INT64: Final = 2**63


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
        rule: Its path, as `data.access.allow`; empty for a query of its own.
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
        self._rules: dict[tuple[str, ...], list[Annotation]] = {}
        self._others: dict[tuple[str, tuple[str, ...]], Annotation] = {}
        for found in entries:
            if found.scope == "rule":
                self._rules.setdefault(found.path, []).append(found)
            else:
                self._others[found.scope, found.path] = found

    @classmethod
    def from_inspect(cls, document: Mapping[str, Any]) -> Annotations:
        """Read what `opa inspect --annotations --format json` wrote; entries that are none are left out.

        Raises:
            PlanError: `plan.annotations_malformed` where the document is no object.
        """
        if not isinstance(document, Mapping):
            raise PlanError("plan.annotations_malformed", "what `opa inspect` writes is an object")
        entries = document.get("annotations")
        read = map(_read, entries if isinstance(entries, list) else [])
        return cls(found for found in read if found is not None)

    def about(
        self, path: tuple[str, ...], location: Location, *, alone: bool = False
    ) -> tuple[Annotation, ...]:
        """Return what is written about a rule, the nearest first.

        A rule's own annotation has its path, file and row.

        Args:
            path: The rule's path without `data`.
            location: Where its head stands.
            alone: Whether no other rule has that path. The only annotation of that path is then about
                this rule, wherever it stands: the rows of sources that were not formatted are not the plan's.
        """
        found = [
            self._own(path, location, alone=alone),
            self._others.get(("document", path)),
            self._others.get(("package", path[:-1])),
            *(self._others.get(("subpackages", path[:size])) for size in range(len(path) - 1, 0, -1)),
        ]
        return tuple(entry for entry in found if entry is not None)

    def _own(self, path: tuple[str, ...], location: Location, *, alone: bool) -> Annotation | None:
        same = self._rules.get(path, [])
        for found in same:
            if (_name(found.file), found.row) == (_name(location.file), location.row):
                return found
        return same[0] if alone and len(same) == 1 else None


def _read(entry: Any) -> Annotation | None:
    """Read one entry; None where it is malformed: these words are for people, and stop nothing."""
    if not isinstance(entry, Mapping) or not isinstance(said := entry.get("annotations"), Mapping):
        return None
    where = entry.get("location") or {}
    row = where.get("row", 0) if isinstance(where, Mapping) else None
    steps = _path(entry.get("path") or [])
    if type(row) is not int or steps is None:
        return None
    custom = said.get("custom")
    custom = custom if isinstance(custom, Mapping) else {}
    scope = said.get("scope")
    controls = custom.get("controls")
    return Annotation(
        scope=scope if scope in _SCOPES else "rule",
        path=steps[1:],
        file=_text(where.get("file")),
        row=row,
        id=_text(said.get("id")) or _text(custom.get("id")),
        title=_text(said.get("title")),
        description=_text(said.get("description")),
        controls=tuple(filter(None, map(_text, controls))) if isinstance(controls, list) else (),
        custom=custom,
    )


def _path(steps: Any) -> tuple[str, ...] | None:
    if not isinstance(steps, list) or not all(isinstance(step, Mapping) for step in steps):
        return None
    return tuple(_text(step.get("value")) for step in steps)


def _text(value: Any) -> str:
    """Return a text, or a number as such (YAML reads `id: 5` so); empty for anything else."""
    if type(value) is int and -_INT64 <= value < _INT64:  # Python refuses to write very long ones
        return str(value)
    return value if isinstance(value, str) else ""


def _name(file: str) -> str:
    return file.lstrip("/")
