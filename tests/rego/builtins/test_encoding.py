"""Text forms of values and bytes: JSON, base64, hex and URL queries."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from rego import utf8
from rego.errors import BuiltinError, EvaluationError, OperandError
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("json.marshal", ({"b": "<", "a": RegoSet([2, 1])},), '{"a":[1,2],"b":"\\u003c"}'),
        ("json.marshal", ([1.0, Decimal("1.10"), Decimal("1e3")],), "[1.0,1.10,1e3]"),
        ("json.marshal", (utf8.decoded(b"\xff"),), '"\\ufffd"'),
        ("json.marshal", ({1: "a", "1": "b"},), '{"1":"b"}'),
        ("json.marshal_with_options", ([1, {}], {"indent": " ", "prefix": ">"}), ">[\n> 1,\n> {}\n>]"),
        ("json.marshal_with_options", ([1], {"pretty": False, "indent": " "}), "[1]"),
        ("json.unmarshal", ('{"a": 1.0}',), {"a": 1.0}),
        ("json.unmarshal", ('"\\ud83d"',), "\ufffd"),
        ("json.unmarshal", ("1 null",), 1),
        ("json.is_valid", ("1 null",), False),
        ("json.is_valid", (1,), False),
        ("json.is_valid", ("[" * 11_000 + "]" * 11_000,), False),
        ("base64.decode", ("Y\nQ==",), "a"),
        ("base64.is_valid", ("YQ",), False),
        ("base64url.decode", ("YQ",), "a"),
        ("base64url.encode_no_pad", ("a?>",), "YT8-"),
        ("base64.encode", (utf8.decoded(b"\xff\xfe"),), "//4="),
        ("hex.decode", ("c3A9",), "é"),
        ("urlquery.encode", ("a b&ü~",), "a+b%26%C3%BC~"),
        ("urlquery.decode", ("a%20b+c",), "a b c"),
        ("urlquery.encode_object", ({"a": ["1", "2"], "b": RegoSet(["3"])},), "a=1&a=2&b=3"),
        ("urlquery.decode_object", ("a=1&a=2&b",), {"a": ["1", "2"], "b": [""]}),
    ],
)
def test_texts_are_written_and_read_as_in_go(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """JSON is safe within HTML and keeps numbers as they were spelled; base64 skips ends of lines."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("json.unmarshal", ("{",), BuiltinError),
        ("json.unmarshal", ("NaN",), BuiltinError),
        ("json.unmarshal", (1,), OperandError),
        ("json.marshal_with_options", (1, {"x": 1}), OperandError),
        ("json.marshal_with_options", ([1] * 1000, {"indent": "x" * 100_000}), EvaluationError),
        ("base64.decode", ("$",), BuiltinError),
        ("base64url.decode", ("Y",), BuiltinError),
        ("hex.decode", ("6",), BuiltinError),
        ("urlquery.decode", ("%",), BuiltinError),
        ("urlquery.decode_object", ("a;b",), BuiltinError),
        ("urlquery.encode_object", ({"a": 1},), OperandError),
    ],
)
def test_what_is_no_such_text_is_refused(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """A wrong type and a wrong text are told apart."""
    fails(name, operands, error)
