"""Parts of documents, and patches to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego.errors import BuiltinError, OperandError
from rego.values import UNDEFINED, RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("json.filter", ({"a": {"b": 1, "c": 2}}, ["a/b"]), {"a": {"b": 1}}),
        ("json.filter", ({"a": [1, 2]}, [["a", "1"]]), {"a": [2]}),
        ("json.remove", ({"a": [1, 2]}, ["/a/0"]), {"a": [2]}),
        ("json.remove", ({"a": 1}, [""]), {"a": 1}),
        ("json.patch", ({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}]), {"a": [1, 2]}),
        ("json.patch", ([1, 2], [{"op": "remove", "path": [1.0]}]), [1]),
        ("json.patch", (RegoSet([1]), [{"op": "add", "path": [2], "value": 2}]), RegoSet([1, 2])),
        ("json.patch", ({"a": 1}, [{"op": "move", "from": "a", "path": "b"}]), {"b": 1}),
        ("json.patch", ({"a": 1}, [{"op": "remove", "path": ""}]), UNDEFINED),
        ("json.patch", (1, []), 1),
    ],
)
def test_parts_and_patches_are_opas(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """Sets are stepped into by their members, and an index may be a text."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("json.filter", ([], []), OperandError),
        ("json.filter", ({}, "a"), OperandError),
        ("json.patch", ({}, {}), OperandError),
        ("json.patch", ({}, [{"op": "add", "path": 1, "value": 1}]), OperandError),
        ("json.patch", ({}, [{"op": 1, "path": 1}]), BuiltinError),
        ("json.patch", ({}, [{"op": "remove", "path": "/a"}]), BuiltinError),
        ("json.patch", ([1], [{"op": "add", "path": "/01", "value": 1}]), BuiltinError),
        ("json.patch", ([1], [{"op": "remove", "path": "/-1"}]), BuiltinError),
        ("json.patch", ({"a": 1}, [{"op": "test", "path": "/a", "value": 2}]), BuiltinError),
        ("json.patch", (RegoSet([1]), [{"op": "add", "path": [2], "value": 3}]), BuiltinError),
    ],
)
def test_what_a_patch_cannot_do_it_refuses(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """Only an operand of a wrong type is a type error."""
    fails(name, operands, error)
