"""Builtins where Go and Python differ, beyond what the conformance cases ask."""

from __future__ import annotations

from typing import Any

import pytest

from rego.builtins import CONTEXTUAL, PLAIN
from rego.builtins.context import Context, Patterns
from rego.errors import BuiltinError, EvaluationError, OperandError
from rego.values import UNDEFINED, RegoSet, equal


def call(name: str, *operands: Any) -> Any:
    """Call a builtin as a plan would."""
    if name in CONTEXTUAL:
        return CONTEXTUAL[name](Context(0, None, Patterns()), *operands)
    return PLAIN[name](*operands)


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("sprintf", ("%d %s %v", [1, "a", [1, {"b": None}]]), '1 a [1, {"b": null}]'),
        ("sprintf", ("%v %v", [1.0, 1e21]), "1 1e+21"),
        ("sprintf", ("%05.1f|%-4d|%+d|%x|%q", [2.25, 7, 7, "hi", 'a"b']), '002.2|7   |+7|6869|"a\\"b"'),
        ("sprintf", ("%s", []), "%!s(MISSING)"),
        ("sprintf", ("a", [1]), "a%!(EXTRA int64=1)"),
        ("sprintf", ("%d%%", ["x"]), "%!d(string=x)%"),
        ("sprintf", ("%v", [RegoSet()]), "set()"),
        ("upper", ("straße é",), "STRAßE É"),
        ("lower", ("İX",), "ix"),
        ("trim_space", ("\u2003a\u00a0",), "a"),
        ("trim", ("xax", "x"), "a"),
        ("split", ("a.b", ""), ["a", ".", "b"]),
        ("substring", ("añb", 1, -1), "ñb"),
        ("indexof", ("añb", "b"), 2),
        ("strings.replace_n", ({"<": "&lt;", "&": "&amp;"}, "<&"), "&lt;&amp;"),
        ("format_int", (-15.9, 16), "-f"),
        ("object.get", ({"a": [{"b": 1}]}, ["a", 0, "b"], 2), 1),
        ("object.subset", ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}), True),
        ("json.marshal", ({"b": "<", "a": RegoSet([2, 1])},), '{"a":[1,2],"b":"\\u003c"}'),
        ("json.unmarshal", ('{"a": 1.0}',), {"a": 1}),
        ("base64url.decode", ("YQ",), "a"),
        ("urlquery.encode", ("a b&ü~",), "a+b%26%C3%BC~"),
        ("regex.replace", ("abc", "(b)", "[$1$$]"), "a[b$]c"),
        ("regex.split", ("a*", "baac"), ["b", "c"]),
        ("regex.find_n", ("a.", "abacad", 2), ["ab", "ac"]),
        ("glob.match", ("*.example.com", None, "a.b.example.com"), True),
        ("glob.match", ("*.example.com", [], "a.b.example.com"), False),
        ("glob.match", ("{a,[!b]}*", [], "cx"), True),
        ("glob.match", ("a\\*", [], "a*"), True),
        ("net.cidr_contains", ("10.0.0.0/8", "10.1.2.3"), True),
        ("net.cidr_contains", ("10.0.0.0/8", "::ffff:10.1.2.3"), True),
        ("net.cidr_contains", ("10.0.0.0/8", "::1"), False),
        ("net.cidr_is_valid", ("10.0.0.0/255.0.0.0",), False),
        ("net.cidr_is_valid", ("010.0.0.0/8",), False),
        ("time.parse_rfc3339_ns", ("2026-11-20T09:00:00.5+01:00",), 1795161600500000000),
        ("time.format", ([0, "Europe/Berlin", "RFC1123Z"],), "Thu, 01 Jan 1970 01:00:00 +0100"),
        ("time.add_date", (0, 0, 1, 30), 61 * 86_400 * 10**9),
        ("time.parse_duration_ns", ("-1h1.5s",), -3601500000000),
        ("units.parse", ("1.5Ki",), 1536),
        ("units.parse", ("100m",), 0.1),
        ("semver.compare", ("1.0.0-rc.2", "1.0.0-rc.10"), -1),
        ("uuid.parse", ("no",), UNDEFINED),
        ("json.patch", ({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}]), {"a": [1, 2]}),
        ("to_number", ("1e2",), 100),
        ("internal.member_2", (1, [True, 1.0]), True),
        ("internal.member_2", (1, [True]), False),
    ],
)
def test_results_are_gos(name: str, operands: tuple[Any, ...], expected: Any) -> None:
    """Texts, patterns, times and amounts come out as in OPA."""
    found = call(name, *operands)
    assert expected is found or equal(expected, found), found


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("lower", (1,), OperandError),
        ("count", (True,), OperandError),
        ("plus", (True, 1), OperandError),
        ("numbers.range", (1.5, 2), OperandError),
        ("div", (1, 0), BuiltinError),
        ("rem", (1.5, 1), BuiltinError),
        ("substring", ("a", -1, 1), BuiltinError),
        ("regex.match", ("(", "a"), BuiltinError),
        ("glob.match", ("[", [], "a"), BuiltinError),
        ("base64.decode", ("$",), BuiltinError),
        ("json.unmarshal", ("{",), BuiltinError),
        ("json.unmarshal", ("NaN",), BuiltinError),
        ("time.format", ([0, "../../etc/passwd"],), BuiltinError),
        ("time.parse_rfc3339_ns", ("2026-02-30T00:00:00Z",), BuiltinError),
        ("net.cidr_contains", ("10.0.0.0/8", "x"), BuiltinError),
        ("json.patch", ({}, [{"op": "remove", "path": "/a"}]), BuiltinError),
        ("net.cidr_expand", ("::/0",), EvaluationError),
        ("bits.lsh", (1, 10**12), EvaluationError),
    ],
)
def test_what_a_builtin_refuses_has_opas_kind_of_error(
    name: str, operands: tuple[Any, ...], error: type[Exception]
) -> None:
    """A wrong type and a wrong meaning are told apart, and what would fill the memory ends the evaluation."""
    with pytest.raises(error) as refusal:
        call(name, *operands)
    assert error is refusal.type


def test_nothing_reaches_outside() -> None:
    """The builtins that OPA gives and we do not are none that a table holds."""
    outside = {"http.send", "opa.runtime", "net.lookup_ip_addr", "rand.intn"}
    assert set() == outside & (PLAIN.keys() | CONTEXTUAL.keys())
