"""The data files of policy sources, merged by where they lie; each value's file and line."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from bundles.documents import check_yaml, parse_object
from bundles.errors import BundleError
from rego.goyaml.decoding import decoded
from rego.goyaml.nodes import YAMLError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


@dataclass(frozen=True, slots=True)
class DataFile:
    """One data file.

    Args:
        name: its path below the sources.
        at: where its content belongs in the data: its folder's parts.
        value: what it says.
        text: as it is written.
    """

    name: str
    at: tuple[str, ...]
    value: dict[str, Any]
    text: str

    def row(self, path: Sequence[str | int]) -> int:
        """The line that says something of a place in the data, or of what encloses it."""
        node, row = yaml.compose(self.text, Loader=yaml.SafeLoader), 1  # JSON is YAML, too
        for step in path[len(self.at) :]:
            below = _below(node, step)
            if below is None:
                break
            key, node = below
            row = key.start_mark.line + 1
        return row


def read(folder: Path) -> list[DataFile]:
    """Every data file below a folder, in the order of their names.

    Raises:
        BundleError: `bundle.malformed` or `bundle.unreadable`.
    """
    paths = sorted(path for path in folder.rglob("data.*") if path.suffix in _SUFFIXES)
    return [_file(folder, path) for path in paths]


def merged(files: Sequence[DataFile]) -> dict[str, Any]:
    """All data as one document, as OPA merges it.

    Raises:
        BundleError: `bundle.malformed`, when two files say different things of one place.
    """
    whole: dict[str, Any] = {}
    for file in files:
        value = file.value
        for part in reversed(file.at):
            value = {part: value}
        _merge(whole, value, file.name)
    return whole


def origin(files: Sequence[DataFile], path: Sequence[str | int]) -> tuple[str, int] | None:
    """The file and line that a place of the data comes from; None where no file says anything of it."""
    found = [file for file in files if tuple(path[: len(file.at)]) == file.at]
    nearest = sorted(found, key=lambda file: (_depth(file, path), len(file.at)))
    return (nearest[-1].name, nearest[-1].row(path)) if nearest else None


def _depth(file: DataFile, path: Sequence[str | int]) -> int:
    """How far a file's content goes along a path."""
    value: Any = file.value
    depth = 0
    for step in path[len(file.at) :]:
        if not isinstance(value, dict) or step not in value:
            break
        value, depth = value[step], depth + 1
    return depth + len(file.at)


def _file(folder: Path, path: Path) -> DataFile:
    name = path.relative_to(folder).as_posix()
    try:
        raw = path.read_bytes()
        if path.suffix == ".json":
            value = parse_object(raw, name)
        else:
            check_yaml(raw, name)
            value = decoded(raw.decode())  # as OPA reads it: `yes` is a text, a date too
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError("bundle.unreadable", f"{name}: {type(error).__name__}") from None
    except YAMLError:
        raise BundleError("bundle.malformed", f"{name} is not YAML as OPA reads it") from None
    if not isinstance(value, dict):
        raise BundleError("bundle.malformed", f"{name} is no mapping")
    return DataFile(name, path.relative_to(folder).parent.parts, value, text)


def _merge(whole: dict[str, Any], more: dict[str, Any], name: str) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(whole.get(key), dict):
            _merge(whole[key], value, name)
        elif key in whole:
            raise BundleError(
                "bundle.malformed", f"{name} says {key!r}, which another data file says already"
            )
        else:
            whole[key] = copy.deepcopy(value)


def _below(node: Any, step: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
