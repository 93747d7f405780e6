"""`docs/settings.md` lists every field of the settings with its default, and nothing else."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import bundles
from gateway.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z][\w.<>\[\]]*)` \| (required|none|the shipped bundle|`.*?`) \| \S", re.MULTILINE)


def listed(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every field below `model`: its path as the page writes it, and its default."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        inside = section(field.annotation)
        if inside is None or field.annotation is not inside:
            yield path, shown(field)
        if inside is not None:
            yield from listed(inside, path + nested(field.annotation, inside))


def section(annotation: Any) -> type[BaseModel] | None:
    """The model that a field is, or holds in a list or a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(section, get_args(annotation))), None)


def nested(annotation: Any, inside: type[BaseModel]) -> str:
    """How the page goes on from a section, a mapping of sections or a list of them."""
    if annotation is inside or isinstance(annotation, UnionType):  # the latter may be left out as a whole
        return "."
    return ".<name>." if annotation.__origin__ is dict else "[]."


def shown(field: FieldInfo) -> str:
    """A default as the page writes it."""
    if field.default_factory is bundles.default_path:
        return "the shipped bundle"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, (str, Path, Decimal)):
        return f"`{value}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{json.dumps(value)}`"


def test_the_page_lists_every_field_with_its_default() -> None:
    """A field that is added, renamed, dropped or given another default takes the page with it."""
    assert dict(listed(Settings)) == dict(ROW.findall(PAGE))


def test_no_field_is_listed_twice() -> None:
    """One field has one row: a second one could say something else."""
    names = [name for name, _ in ROW.findall(PAGE)]

    assert sorted(set(names)) == sorted(names)


def test_every_row_of_a_settings_table_is_read() -> None:
    """The comparison above overlooks no row."""
    tables = PAGE.split("| field | default | meaning |\n|---|---|---|\n")[1:]
    rows = [line for table in tables for line in table.split("\n\n")[0].splitlines()]

    assert [row for row in rows if not ROW.match(row)] == []
