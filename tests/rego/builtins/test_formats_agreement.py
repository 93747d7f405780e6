"""Random schemas, YAML, URLs, templates, globs and requests, asked of a real OPA: no answer may differ."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from rego import utf8
from rego.builtins import intersections, schemas, signing, templates, uris, yamls
from rego.builtins.context import Context, Patterns
from rego.errors import BuiltinError
from rego.output import to_text

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.server
ROUNDS = 500
CONTEXT = Context(0, None, Patterns())
ARITY = {
    "json.match_schema": 2, "json.verify_schema": 1, "yaml.marshal": 1, "yaml.unmarshal": 1, "uri.parse": 1,
    "uri.is_valid": 1, "strings.render_template": 2, "providers.aws.sign_req": 3, "regex.globs_match": 2,
}  # fmt: skip
DRAFTS = [f"http://json-schema.org/draft-0{number}/schema#" for number in (4, 6, 7)]
NAMES = ["a", "b", "id", "x y", "é"]
TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"]
FORMATS = ["date", "time", "date-time", "hostname", "email", "ipv4", "ipv6", "uri", "uuid", "regex", "none"]
SCALARS: list[Any] = [
    None, True, False, 0, 1, -1, 2, 1.5, 0.1, 1e21, 1234567.5, 12345678901234567890, "", "a", "abc", "é",
    "2020-02-30", "12:00:00Z", "a@b", "A <a@b>", "::1", "1.2.3.4", "http://a", "yes", "null", "0x1f", "1_000",
    "12:30", "- x", "a: b", "a #b", "#", "multi\nline", "\n", " lead", "trail ", "tab\t", "'q'",
    "\u2028", "~",
    "2020-01-01", "k" * 129, "<<", "😀",
]  # fmt: skip
YAML = [
    "a", "b", "k: v\n", "- ", "? ", ": ", ":\n", "\n", "\n  ", "  ", "{", "}", "[", "]", ", ", "&x ", "*x",
    "!!str ", "!!int ", "!!float ", "!!binary ", "!foo ", "yes", "0x1F", "017", "1.5", "1e3", "~", "'q'",
    '"q\\n"', "|\n  lit\n", ">\n  f\n  g\n", "# c\n", "---\n", "...\n", "<<: *x\n", "<<: {a: 1}\n", "a: 1\n",
    "x: &x {a: 1, b: 2}\n", "2020-01-01", "true: 1\n", "null: 1\n", "1: a\n", "? k\n: v\n", "- a\n",
    "é", "\t",
]  # fmt: skip
URLS = [
    "http", "://", "//", "/", "a", "b.c", "@", "u:p", "[", "]", "::1", "%25", "%20", "%41", "%zz", "%e4", "é",
    ":", "80", "?", "q=1", "#", "..", ".", " ", "+", "\\", "mailto:", "<", '"', "|", "[::1]", "\x7f",
]  # fmt: skip
GLOBS = [
    "a",
    "b",
    "c",
    "a*",
    "b+",
    ".",
    ".*",
    ".+",
    "[a-c]",
    "[bx]*",
    "[]",
    "\\.",
    "[a\\]]",
    "é",
    "*",
    "[",
    "-",
]
OPERANDS = [
    ".", ".s", ".n", ".l", ".o", ".o.x.y", ".none", ".none.x", ".zz.y", ".t", "$", "$x", "$x.k", "1",
    "0", "-3",
    '"k"', "true", "nil", "1.5", "'a'", "`raw`", "1e6", "0x10", "(len .l)", "(index .l 4).k", "(.o).x",
]  # fmt: skip
FUNCTIONS = [
    "len", "not", "eq", "ne", "lt", "ge", "index", "slice", "print", "println", "html", "js",
    "urlquery", "and",
    "or", 'printf "%v|%d|%s"', 'printf "%05d %x %q"', 'printf "%-6v|%T"',
    'printf "%[2]v %.2f"', 'printf "%#v"',
]  # fmt: skip
VARIABLES = {
    "s": "xé<\"'&", "n": 2.5, "l": [1, "two", None, True, {"k": "v"}], "o": {"x": {"y": 2.5}, "z": []},
    "none": None, "t": True,
}  # fmt: skip
Answer = tuple[str, Any]


def call(name: str, *operands: Any) -> Answer:
    """Call a builtin here."""
    plain: dict[str, Any] = {
        **yamls.TABLE, **uris.TABLE, **signing.TABLE, **intersections.TABLE,
    }  # fmt: skip
    contextual: dict[str, Any] = {**schemas.CONTEXTUAL, **templates.CONTEXTUAL}
    try:
        value = plain[name](*operands) if name in plain else contextual[name](CONTEXT, *operands)
    except BuiltinError as error:
        return "error", error.code
    return "value", json.loads(utf8.shown(to_text(value)))


@pytest.fixture(scope="module")
def ask(opa_says: Callable[..., Answer]) -> Callable[..., Answer]:
    """Make a call in a real OPA."""
    rules = (
        f"p := {name}({', '.join(f'input.operands[{place}]' for place in range(count))}) "
        f'if input.call == "{name}"'
        for name, count in ARITY.items()
    )
    program = "package t\n\n" + "\n".join(rules) + "\n"

    def post(name: str, *operands: Any) -> Answer:
        return opa_says(program, {"call": name, "operands": operands}, {})

    return post


def seeded(number: int) -> random.Random:
    """Return a generator whose choices are the same in every run."""
    return random.Random(number)  # noqa: S311 - it picks test cases


def joined(pick: random.Random, parts: list[str], most: int) -> str:
    """Return parts side by side."""
    return "".join(pick.choice(parts) for _ in range(pick.randint(0, most)))


def value(pick: random.Random, depth: int = 0) -> Any:
    """Return a JSON value."""
    kind = pick.random() if depth < 3 else 0
    if kind < 0.5:
        return pick.choice(SCALARS)
    if kind < 0.75:
        return [value(pick, depth + 1) for _ in range(pick.randint(0, 3))]
    return {pick.choice(NAMES): value(pick, depth + 1) for _ in range(pick.randint(0, 3))}


def schema(pick: random.Random, depth: int = 0) -> Any:
    """Return a schema, or what is nearly one."""
    inner = depth < 3
    makers: dict[str, Callable[[], Any]] = {
        "type": lambda: pick.choice([pick.choice(TYPES), pick.sample(TYPES, 2)]),
        "minimum": lambda: pick.choice([1, 0.5, 1e6]),
        "exclusiveMaximum": lambda: pick.choice([2, True]),
        "multipleOf": lambda: pick.choice([2, 0.1]),
        "maxLength": lambda: pick.choice([1, 3, -1]),
        "pattern": lambda: pick.choice(["^a", "é", "("]),
        "format": lambda: pick.choice(FORMATS),
        "required": lambda: pick.sample(NAMES, 2),
        "uniqueItems": lambda: True,
        "maxItems": lambda: 2,
        "minProperties": lambda: 2,
        "enum": lambda: [pick.choice(SCALARS), value(pick, 2)],
        "const": lambda: value(pick, 2),
        "id": lambda: pick.choice(["#foo", "x"]),
    }
    if inner:
        one: Callable[[], Any] = lambda: schema(pick, depth + 1)  # noqa: E731 - a maker like the others
        makers |= dict.fromkeys(
            ("additionalProperties", "items", "contains", "not", "if", "then", "else"), one
        )
        makers |= dict.fromkeys(("oneOf", "anyOf", "allOf"), lambda: [one(), one()])
        makers |= dict.fromkeys(("properties", "definitions"), lambda: {pick.choice(NAMES): one()})
        makers |= {
            "dependencies": lambda: {pick.choice(NAMES): pick.choice([["a"], one()])},
            "patternProperties": lambda: {"^a": one()},
            "propertyNames": one,
            "$ref": lambda: pick.choice(["#/definitions/a", DRAFTS[2]]),
        }
    if pick.random() < 0.05:
        return pick.choice([True, False])
    return {name: makers[name]() for name in pick.sample(sorted(makers), pick.randint(0, 3))}


def sorted_faults(answer: Answer) -> Answer:
    """Return an answer with its faults in one order: OPA goes through objects in none."""
    if answer[0] == "value" and answer[1][1]:
        return "value", [answer[1][0], sorted(answer[1][1], key=lambda fault: sorted(fault.items()))]
    return answer


def action(pick: random.Random, depth: int = 0) -> str:
    """Return a part of a template."""
    operands = [pick.choice(OPERANDS) for _ in range(pick.randint(0, 3))]
    pipeline = pick.choice([pick.choice(OPERANDS), " ".join([pick.choice(FUNCTIONS), *operands])])
    if pick.random() < 0.2:
        pipeline += " | " + pick.choice(FUNCTIONS)
    if depth > 1 or pick.random() < 0.5:
        return pick.choice(["{{%s}}", "{{- %s -}} ", "t {{%s}}", "{{$x := %s}}"]) % pipeline
    body = action(pick, depth + 1)
    return pick.choice([
        "{{if %s}}%s{{else}}e{{end}}", "{{range %s}}%s{{else}}e{{end}}", "{{with %s}}%s{{else}}e{{end}}",
        "{{range $i, $x := %s}}{{$i}}%s{{break}}{{end}}", '{{block "b" %s}}%s{{end}}',
    ]) % (pipeline, body)  # fmt: skip


def test_schemas_and_documents_are_judged_as_in_opa(ask: Callable[..., Answer]) -> None:
    """What is a schema, and each fault of a document with its words, is OPA's."""
    pick = seeded(1)
    for _ in range(ROUNDS):
        made, document = schema(pick), [value(pick, 1) for _ in range(2)]
        if isinstance(made, dict) and pick.random() < 0.6:
            made["$schema"] = pick.choice(DRAFTS)
        theirs, ours = ask("json.verify_schema", made), call("json.verify_schema", made)
        assert theirs[1][0] is ours[1][0], made
        theirs, ours = ask("json.match_schema", document, made), call("json.match_schema", document, made)
        assert sorted_faults(theirs) == sorted_faults(ours), (document, made)


def test_yaml_is_read_and_written_as_in_opa(ask: Callable[..., Answer]) -> None:
    """Texts mean the same, and values have the same text, to the byte."""
    pick = seeded(2)
    for _ in range(ROUNDS):
        text, given = joined(pick, YAML, 8), value(pick)
        assert ask("yaml.unmarshal", text) == call("yaml.unmarshal", text), text
        assert ask("yaml.marshal", given) == call("yaml.marshal", given), given


def test_urls_are_read_as_in_opa(ask: Callable[..., Answer]) -> None:
    """Each part of a URL, and what is none, is OPA's."""
    pick = seeded(3)
    for _ in range(ROUNDS):
        text = pick.choice(["", "http://"]) + joined(pick, URLS, 7)
        assert ask("uri.parse", text) == call("uri.parse", text), text
        assert ask("uri.is_valid", text) == call("uri.is_valid", text), text


def test_templates_are_rendered_as_in_opa(ask: Callable[..., Answer]) -> None:
    """Text, or an error, is OPA's."""
    pick = seeded(4)
    for _ in range(2 * ROUNDS):
        template = "{{$x := .o}}" + "".join(action(pick) for _ in range(pick.randint(1, 3)))
        theirs = ask("strings.render_template", template, VARIABLES)
        assert theirs == call("strings.render_template", template, VARIABLES), template


def test_globs_meet_as_in_opa(ask: Callable[..., Answer]) -> None:
    """Whether two patterns have a text in common is OPA's answer."""
    pick = seeded(5)
    for _ in range(2 * ROUNDS):
        pair = joined(pick, GLOBS, 6), joined(pick, GLOBS, 6)
        assert ask("regex.globs_match", *pair) == call("regex.globs_match", *pair), pair


def test_requests_are_signed_as_in_opa(ask: Callable[..., Answer]) -> None:
    """The signature is the same for each service, header, body and URL."""
    pick = seeded(6)
    for _ in range(ROUNDS):
        url = "https://h:1/" + joined(pick, URLS, 4)
        request: dict[str, Any] = {"method": pick.choice(["get", "POST"]), "url": url}
        request |= pick.choice([{}, {"headers": {"A": "b", "User-Agent": "x"}}, {"headers": 1}, {"zz": 1}])
        request |= pick.choice([{}, {"body": value(pick)}, {"raw_body": "é"}])
        config = {
            "aws_access_key": "k", "aws_secret_access_key": "s", "aws_region": "r",
            "aws_service": pick.choice(["s3", "ec2"]), "aws_session_token": pick.choice(["", "t"]),
            "disable_payload_signing": pick.choice([True, False, 1]),
        }  # fmt: skip
        operands = (request, config, pick.choice([0, 1_700_000_000 * 10**9, -1, 1.5]))
        theirs = ask("providers.aws.sign_req", *operands)
        assert theirs == call("providers.aws.sign_req", *operands), request
