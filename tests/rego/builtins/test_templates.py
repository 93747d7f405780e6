"""Go's `text/template` on an object of Rego's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego.builtins.context import Context, Patterns
from rego.builtins.templates import CONTEXTUAL
from rego.errors import BuiltinError, EvaluationError, OperandError
from rego.values import RegoSet, key_of

DATA = {"n": 1.5, "s": "hé<", "l": ["a", None, {"k": True}], "o": {"y": 2, "x": "z"}, "none": None}


def render(template: Any, data: Any = DATA) -> str:
    """Render a template."""
    made: str = CONTEXTUAL["strings.render_template"](Context(0, None, Patterns()), template, data)
    return made


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            "{{.s}} {{.o.x}} {{.missing}} {{.missing.deeper}} {{.none}}",
            "hé< z <undefined> <undefined> <undefined>",
        ),
        ("{{.l}} {{.o}}", "[a <nil> map[k:true]] map[x:z y:2]"),
        ("a  {{- 1 -}}  b{{/* c */}}{{- /* d */ -}} e", "a1be"),
        ("{{if .none}}1{{else if eq .s `hé<`}}2{{else}}3{{end}}", "2"),
        (
            "{{range $i, $e := .l}}{{$i}}={{$e}};{{end}}{{range .missing}}{{else}}none{{end}}",
            ("0=a;1=<undefined>;2=map[k:true];none"),
        ),
        (
            "{{range $k, $v := .o}}{{$k}}{{$v}}{{end}}{{range 3}}{{.}}{{if eq . 1}}{{break}}{{end}}{{end}}",
            "xzy201",
        ),
        ("{{with $x := .o}}{{.y}}{{$x.x}}{{$.n}}{{else}}no{{end}}", "2z1.5"),
        ('{{define "t"}}<{{.}}>{{end}}{{template "t" .s}}{{block "b" .n}}[{{.}}]{{end}}', "<hé<>[1.5]"),
        ("{{$x := 1}}{{$x = 2}}{{if true}}{{$x := 3}}{{end}}{{$x}}", "2"),
        ("{{len .s}} {{index .l 2 `k`}} {{slice .s 0 1}} {{index .s 0}}", "4 true h 104"),
        ("{{and 1 0 .none.x}}{{or 0 `` 5}}{{not .none}}", "05true"),
        (
            '{{printf "%d %v %T %5.2f|%-4s|%q|%x" 7 .n .n 1.5 "a" .s 255}}',
            '7 1.5 json.Number  1.50|a   |"hé<"|ff',
        ),
        ('{{printf "%d %s" .n}}', "%!d(json.Number=1.5) %!s(MISSING)"),
        (
            '{{"a" | printf "%s-%s" "b"}} {{print 1 2 "x" 3}} {{html .s}} {{js .s}} {{urlquery "a b"}}',
            "b-a 1 2x3 hé&lt; hé\\u003C a+b",
        ),
        ("{{lt 1 2}} {{ge `b` `a`}} {{eq 1 2 1}} {{1e6}} {{0x10}} {{'a'}}", "true true true 1e+06 16 97"),
        ("", ""),
    ],
)
def test_templates_mean_what_they_mean_in_go(template: str, expected: str) -> None:
    """Fields, pipelines, controls, variables, functions, formats and trim markers are Go's."""
    assert expected == render(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{",
        "{{end}}",
        "{{if}}{{end}}",
        "{{if 1}}",
        "{{nothing}}",
        "{{$x}}",
        "{{.a-}}",
        '{{template "t"}}',
        "{{none.x}}",
        "{{.none.x}}",
        "{{.s.x}}",
        "{{index .l 9}}",
        "{{eq .n 1}}",
        "{{lt .o 1}}",
        "{{len 1}}",
        "{{break}}",
        "{{1 | 2}}",
        "{{nil}}",
        "{{range .s}}{{end}}",
        '{{define "t"}}a{{end}}{{define "t"}}b{{end}}',
        "{{call .s}}",
        "{{.s 1}}",
        "{{9223372036854775808}}",
        "{{'ab'}}",
        '{{"\\q"}}',
    ],
)
def test_what_go_refuses_is_refused(template: str) -> None:
    """A template that is none, or that does not fit the data, is an error of the builtin."""
    with pytest.raises(BuiltinError) as refusal:
        render(template)
    assert BuiltinError is refusal.type


@pytest.mark.parametrize(
    "data",
    [{"a": RegoSet([1])}, {key_of(1): 2}, {"a": "\x07"}, {"a": [RegoSet()]}],
    ids=["set", "key", "bell", "empty set"],
)
def test_variables_that_have_no_form_in_json_are_refused(data: dict[Any, Any]) -> None:
    """OPA reads the object's own text as JSON, which fails on these."""
    with pytest.raises(BuiltinError):
        render("x", data)


@pytest.mark.parametrize("operands", [(1, {}), ("x", [])])
def test_operands_of_other_types_are_errors_of_types(operands: tuple[Any, Any]) -> None:
    """A template is a string and its variables an object."""
    with pytest.raises(OperandError):
        render(*operands)


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{range 100000000}}{{end}}", "eval_budget_exceeded"),
        ("{{range 1000000}}{{`" + "x" * 1000 + "`}}{{end}}", "eval_budget_exceeded"),
        ('{{define "t"}}{{template "t"}}{{end}}{{template "t"}}', "eval_depth_exceeded"),
        ("{{" + "(" * 5000 + "1" + ")" * 5000 + "}}", "eval_depth_exceeded"),
    ],
    ids=["loops", "text", "recursion", "parentheses"],
)
def test_work_text_and_depth_are_bounded(template: str, code: str) -> None:
    """A template can neither fill the memory nor run for ever."""
    with pytest.raises(EvaluationError) as ended:
        render(template)
    assert code == ended.value.code


@given(st.text("{}.|$\"`-+ 10()axif:=/*'\n", max_size=30))
def test_no_text_raises_anything_but_the_builtins_error(template: str) -> None:
    """Whatever the template, there is a text or an error of the builtin."""
    try:
        assert isinstance(render(template), str)
    except BuiltinError:
        return
