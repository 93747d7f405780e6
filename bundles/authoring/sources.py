"""The sources of a bundle as authors see them: modules with their trees, tests beside, rules by place."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bundles import opa as tool
from bundles.authoring import trees
from bundles.errors import BundleError
from bundles.files import refuse_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

TEST = "_test"
_AT_A_TIME = 4
_DEPTH = 5  # rules/<phase>/<kind>/<name>/<name>.rego


@dataclass(frozen=True, slots=True)
class Module:
    """One Rego file.

    Args:
        name: its path below the sources, with `/`.
        tree: what `opa parse` says of it, with locations.
        text: as it is written.
    """

    name: str
    tree: dict[str, Any]
    text: str

    @property
    def package(self) -> tuple[str, ...]:
        """Its package, without `data`."""
        return tuple(str(part["value"]) for part in self.tree["package"]["path"][1:])

    @property
    def is_test(self) -> bool:
        """Whether it holds tests."""
        return self.name.endswith(f"{TEST}.rego")

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The rules in it, in their order."""
        found: list[dict[str, Any]] = self.tree.get("rules", [])
        return found

    @property
    def row(self) -> int:
        """Where its package is named."""
        return trees.row(self.tree["package"])

    @property
    def metadata(self) -> dict[str, Any]:
        """The METADATA of the package; empty where there is none."""
        said = self.tree.get("annotations", [])
        return next((found for found in said if found.get("scope") == "package"), {})

    @property
    def imports(self) -> dict[str, tuple[str, ...]]:
        """The imported packages by the name that they bear here, without `data`."""
        found = {}
        for each in self.tree.get("imports", ()):
            where = trees.path(each["path"])
            if where[0] == "data":
                found[each.get("alias", where[-1])] = where[1:]
        return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule lies, which says when it is asked and what for.

    Args:
        phase: such as `request`.
        kind: `grants`, `denies`, `routes` or `obligations`.
        name: its folder's name, which is its id.
    """

    phase: str
    kind: str
    name: str

    @property
    def file(self) -> str:
        """The rule's file below the sources."""
        return f"rules/{self.phase}/{self.kind}/{self.name}/{self.name}.rego"


@dataclass(frozen=True, slots=True)
class Sources:
    """All Rego below a folder.

    Args:
        folder: the folder.
        modules: by name, in their order.
    """

    folder: Path
    modules: dict[str, Module]

    def code(self) -> Iterator[Module]:
        """The modules that are no tests."""
        return (module for module in self.modules.values() if not module.is_test)

    def rules(self) -> Iterator[tuple[Place, Module]]:
        """The rules, each with its place; what lies elsewhere below `rules/` is left out."""
        for module in self.code():
            place = place_of(module.name)
            if place is not None:
                yield place, module

    def tests_of(self, module: Module) -> Module | None:
        """The tests beside a module."""
        return self.modules.get(module.name.removesuffix(".rego") + f"{TEST}.rego")

    def asked(self) -> dict[tuple[str, str], set[str]]:
        """What the frame asks rules for: the exports by phase and kind.

        Read off the frame itself, so that a phase that is added to it is known here at once.
        """
        found: dict[tuple[str, str], set[str]] = {}
        for module in self.code():
            if module.name.startswith("gateway/"):
                for parts in trees.references(module.tree.get("rules", [])):
                    named = parts[:2] == ("data", "rules") and len(parts) > _DEPTH
                    if named and "*" not in parts[2:4]:
                        found.setdefault((parts[2], parts[3]), set()).add(parts[5])
        return found


def read(folder: Path, opa: Path) -> Sources:
    """Parse every Rego file below a folder.

    Raises:
        BundleError: `bundle.unreadable`, or `bundle.tool` with what `opa` says of a file that is no Rego.
    """
    refuse_links(folder)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.rego"))
    if not names:
        raise BundleError("bundle.unreadable", f"{folder} holds no Rego")
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        modules = threads.map(lambda name: _parsed(folder, name, opa), names)
        return Sources(folder, dict(zip(names, modules, strict=True)))


def extended(sources: Sources, names: Iterable[str], opa: Path) -> Sources:
    """The same sources with files that were written since.

    Raises:
        BundleError: as for `read`.
    """
    fresh = {name: _parsed(sources.folder, name, opa) for name in names}
    return Sources(sources.folder, dict(sorted({**sources.modules, **fresh}.items())))


def place_of(name: str) -> Place | None:
    """The place that a file's path is; None for what is no rule's."""
    parts = name.split("/")
    if len(parts) != _DEPTH or parts[0] != "rules" or parts[4] != f"{parts[3]}.rego":
        return None
    return Place(*parts[1:4])


def tests(module: Module | None) -> list[str]:
    """The names of the tests in a module, each once, in their order."""
    if module is None:
        return []
    return list(dict.fromkeys(name for name in map(head, module.rules) if re.match(r"(todo_)?test_", name)))


def head(rule: dict[str, Any]) -> str:
    """The name that a rule defines: `test_denies` for `test_denies[note]`."""
    return str(rule["head"]["ref"][0]["value"])


def _parsed(folder: Path, name: str, opa: Path) -> Module:
    try:
        text = (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError("bundle.unreadable", f"{name}: {type(error).__name__}") from None
    # A name may look like an option.
    said = tool.run(
        opa, ["parse", "--format", "json", "--json-include", "locations,-comments", f"./{name}"], folder
    )
    return Module(name, json.loads(said), text)
