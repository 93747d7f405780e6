"""`graphql.*`: what OPA takes for GraphQL, what it shows of it and calls valid; pinned, and beside `opa`.

Long, because its verdicts are asked twice: of us, and of `opa`, with hundreds of variations.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego import EvaluationError
from rego.builtins.context import Context, Patterns
from rego.builtins.graphql import CONTEXTUAL
from rego.errors import BuiltinError, OperandError
from rego.graphql import limits
from rego.values import RegoSet

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = '''
schema @tag(name: "x") { query: Query mutation: Change subscription: News }
extend schema @tag(name: "y")
"""All of it""" # about queries
type Query {
  me: User!
  user(id: ID!, how: Sort = NEW, filter: Filter): User @deprecated
  find(text: [String!], near: Point, any: JSON, one: OnlyOne, at: Float, deep: Boolean): [Found!]!
  node(id: ID!): Node
}
# nodes
interface Node { id: ID! }
interface Named implements Node { id: ID! name(long: Boolean): String }
type User implements Node & Named @tag(name: "u") {
  id: ID! name(long: Boolean, max: Int = 3): String friends(first: Int): [User] age: Int!
}
type Dog implements Node { id: ID! age: Int barks: Boolean! owner: User tricks: [Sort!] }
type Change { rename(to: String!): User }
type News { user: User dog: Dog }
union Found = | User | Dog
extend union Found = Post
extend type Post { title: String! age: Float key: ID! }
enum Sort { "new ones" NEW OLD @deprecated(reason: "old") }
input Filter { sort: Sort! = NEW, min: Int, all: [Filter!], any: JSON, must: Boolean! }
input Point { x: Float!, y: Float = 1.5 }
input OnlyOne @oneOf { id: ID, name: String }
scalar JSON @specifiedBy(url: "u")
directive @tag(name: String!) repeatable on SCHEMA | OBJECT | FIELD | QUERY | VARIABLE_DEFINITION
directive @once(n: Int) on FIELD | FRAGMENT_DEFINITION | FRAGMENT_SPREAD | INLINE_FRAGMENT | MUTATION
'''

#: Queries that OPA calls valid, each for what is said beside it.
VALID = (
    "",
    "# nothing but a comment",
    "{ me { id } }",
    "query Q { me { id ...F } } fragment F on User { name }",
    "query A { me { id } } query B { me { id } }",
    "{ me { ... { id } ... on Node { id } ... on User { age } ... on Named { name(long: true) } } }",
    '{ me { ... "on" User { id } } }',  # the string is taken for the keyword
    "{ find { __typename ... on User { n: name } ... on Dog { barks } ... on Post { title } } }",
    "{ find { ... on User { x: id } ... on Post { x: key } } }",  # no object is asked for both
    "query Q($id: ID!) { user(id: $id) { id } }",
    'query Q($id: ID! = 4 @tag(name: "v")) { user(id: $id) { id } }',
    "query Q($how: Sort = OLD) { user(id: 1, how: $how) { id } }",
    "query Q($must: Boolean!) { user(id: 1, filter: {must: $must}) { id } }",
    "{ user(id: 1, filter: {must: true, all: [{must: false}], any: {x: [1, {}]}}) { id } }",
    "{ user(id: 1, filter: {must: true, all: {must: false}}) { id } }",
    "{ user(id: 9223372036854775807) { id } }",  # 64 bits are enough
    "{ me { friends(first: 2147483648) { id } } }",  # even for an Int
    "{ me { friends(first: {}) { id } } }",  # an empty object has no field too many
    "{ find(at: 1) { __typename } }",
    '{ find(text: "one") { __typename } }',
    '{ find(text: ["a", """b"""], near: {x: 1e3}) { __typename } }',
    "{ find(any: 99999999999999999999) { __typename } }",  # a custom scalar is anything
    "{ find(one: {id: 1}) { __typename } }",
    "query Q($id: ID!) { find(one: {id: $id}) { __typename } }",
    "{ me { friends { id } friends { id name } } }",
    "{ find(any: [1]) { __typename } find(any: [2]) { __typename } }",  # all lists are one
    '{ me { id @skip(if: true) @include(if: false) name @tag(name: "a") @tag(name: "b") } }',
    '{ me { ...F @defer ... @defer(label: "l") { id } } } fragment F on User @once { id }',
    'mutation M @once(n: 1) { rename(to: "x") { id } }',
    "subscription S { user { id } }",
    '{ __schema { types { name } } __type(name: "User") { name fields { type { ofType { name } } } } }',
    "{ __schema { types { fields { type { fields { name } } } } } }",
)
#: Queries that OPA calls invalid, each for one rule.
INVALID = (
    "{ me { nope } }",
    "{ me }",
    "{ me { id { x } } }",
    "{ me { id ... on Nope { id } } }",
    "{ me { ... on Sort { id } } }",
    "{ me { ... on Dog { id } } }",
    "{ me { ...F } } fragment F on Dog { id }",
    "{ me { ...F } }",
    "{ me { ...F } } fragment F on Nope { id }",
    "{ me { ...F } } fragment F on Sort { id }",
    "{ me { id } } fragment F on User { id }",
    "{ me { ...F } } fragment F on User { ...F }",
    "{ me { ...F } } fragment F on User { ...G } fragment G on User { friends { ...F } }",
    "{ me { ...F } } fragment F on User { id } fragment F on User { id }",
    "{ me { id } } { me { id } }",
    "query A { me { id } } { me { id } }",
    "query A { me { id } } query A { me { id } }",
    "{ user { id } }",
    "{ user(id: null) { id } }",
    "{ user(id: 1, id: 1) { id } }",
    "{ user(id: 1, nope: 1) { id } }",
    "{ user(id: 9223372036854775808) { id } }",
    "{ user(id: 1.5) { id } }",
    "{ user(id: 1, how: NOPE) { id } }",
    '{ user(id: 1, how: "NEW") { id } }',
    "{ user(id: 1, filter: {}) { id } }",
    "{ user(id: 1, filter: {must: true, nope: 1}) { id } }",
    "{ user(id: 1, filter: {must: true, must: true}) { id } }",
    "{ user(id: 1, filter: {must: true, any: 99999999999999999999}) { id } }",
    "{ me { friends(first: [1]) { id } } }",
    "{ me { friends(first: 1.0) { id } } }",
    "{ me { name(long: 1) } }",
    "{ find(at: 1e999) { __typename } }",
    '{ find(at: "1") { __typename } }',
    "{ find(text: [null]) { __typename } }",
    "{ find(near: {y: 1}) { __typename } }",
    "{ find(one: {}) { __typename } }",
    "{ find(one: {id: null}) { __typename } }",
    '{ find(one: {id: 1, name: "a"}) { __typename } }',
    "query Q($id: ID) { find(one: {id: $id}) { __typename } }",
    "query Q($id: ID) { user(id: $id) { id } }",
    "query Q($id: [ID!]!) { user(id: $id) { id } }",
    "query Q($id: ID!) { user(id: 1) { id } }",
    "query Q($id: ID!, $id: ID!) { user(id: $id) { id } }",
    "query Q($id: Nope) { user(id: $id) { id } }",
    "query Q($id: User) { user(id: $id) { id } }",
    'query Q($n: Int = "x") { me { friends(first: $n) { id } } }',
    "{ user(id: $id) { id } }",
    "{ me { x: id x: age } }",
    "{ me { name(long: true) name(long: false) } }",
    "{ me { ...F ...G } } fragment F on User { x: id } fragment G on User { x: age }",
    "{ find { ... on User { age } ... on Dog { age } } }",
    "{ find { ... on User { x: id } ... on Dog { x: tricks } } }",
    "{ me { friends { x: id } friends { x: age } } }",
    "{ me { id @nope } }",
    "{ me { id @skip } }",
    "{ me { id @skip(if: 1) } }",
    "{ me { id @skip(if: true, x: 1) } }",
    "{ me { id @once @once } }",
    "query Q @once { me { id } }",
    "{ me { id @defer } }",
    "subscription S { user { id } dog { id } }",
    "subscription S { __typename }",
    "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
)
#: Schemas that OPA calls valid.
GOOD_SCHEMAS = (
    SCHEMA,
    "",
    "type A { a: Int }",
    "extend type A { a: Int }",
    '"" extend type A { a: Int }',
    'type A "implements" I { a: Int } interface I { a: Int }',
    'schema { "query": A } type A { a: Int }',
    "interface I { a: I } type A implements I { a: A }",
    "interface I { a: U } type A implements I { a: A b: Int } union U = A",
    "input I { a: I b: [I!]! }",
    "directive @deprecated on FIELD_DEFINITION type A { a: Int @deprecated }",
    "directive @a(x: Int! = 1) on SCALAR scalar S @a extend scalar S @a",
    "extend type __Type { more: Int }",
    "type A { a(x: In = {nope: 1}): Int } input In { a: Int }",  # defaults are not looked at
)
#: Schemas that OPA calls invalid.
BAD_SCHEMAS = (
    "type A",
    "type A { a: Nope }",
    "type A { a: In } input In { a: Int }",
    "type A { a(x: A): Int }",
    "type A { a: Int } type A { b: Int }",
    "type A { a: Int a: Int }",
    "type A { __a: Int }",
    "type __A { a: Int }",
    "scalar String",
    "enum E",
    "enum E { A A }",
    "enum E { true }",
    "enum E { A } extend type E { a: Int }",
    "union U = Nope",
    "union U = E enum E { A }",
    "union U = A | A type A { a: Int }",
    "input In",
    "input In { a: A } type A { a: Int }",
    "input In { a: In! }",
    "input In { a: Jn! } input Jn { b: In! }",
    "type A implements Nope { a: Int }",
    "type A implements B { a: Int } type B { a: Int }",
    "type A implements I { a: Int } interface I { b: Int }",
    "type A implements I { a: Int } interface I { a: String }",
    "type A implements I { a: Int } interface I { a: Int! }",
    "type A implements I { a: Int } interface I { a(x: Int): Int }",
    "type A implements I { a(x: Int!): Int } interface I { a: Int }",
    "type A implements I { a(x: Int!): Int } interface I { a(x: Int): Int }",
    "type A implements J { a: Int } interface I { a: Int } interface J implements I { a: Int }",
    "schema { query: Nope }",
    "schema { query: A } schema { query: A } type A { a: Int }",
    "directive @a on FIELD directive @a on FIELD",
    "directive @__a on FIELD",
    "directive @a(x: Int @a) on ARGUMENT_DEFINITION",
    "directive @a(x: A) on FIELD type A { a: Int }",
    "type A @nope { a: Int }",
    "type A @skip(if: true) { a: Int }",
    "type A { a: Int @deprecated @deprecated }",
    "type A { a: Int @deprecated(nope: 1) }",
    "directive @a(x: Int!) on OBJECT type A @a { a: Int }",
    "directive @a(x: Int!) on OBJECT type A @a(x: null) { a: Int }",
)
#: What is no GraphQL, as a query and as a schema.
BROKEN = (
    "{",
    "}",
    "{}",
    "{ a() }",
    "{ a: }",
    "{ ...on }",
    "query ($a) { a }",
    "query Q() { a }",
    "fragment on on T { a }",
    "{ a(x: 01) }",
    "{ a(x: 1.) }",
    "{ a(x: 1e) }",
    "{ a(x: -) }",
    "{ a(x: .5) }",
    "{ a(x: $) }",
    "{ a(x: 'a') }",
    '{ a(x: "a',
    '{ a(x: "\n") }',
    '{ a(x: "\\x") }',
    '{ a(x: "\\u12") }',
    '{ a(x: """a") }',
    "{ a(x: [1) }",
    '"about" { a }',
    "{ é }",
    "{ a \x00 }",
    "{ a .. b }",
    "query Q($a: Int = $b) { a }",
    "nope",
    "type",
    "type A {",
    "type A { a }",
    "type A { }",
    "type A { a: [Int }",
    "union U = ",
    "enum E { 1 }",
    "directive a on FIELD",
    "directive @a on NOPE",
    "directive @a",
    "extend type A",
    "extend schema",
    "extend nope A",
    '"d" extend type A { a: Int }',
    "extend interface A implements B { a: Int }",
    "schema { nope: A }",
    "type A { a(x: Int = $x): Int }",
)


def call(name: str, *operands: Any) -> Any:
    """Call a builtin as a plan would."""
    return CONTEXTUAL[f"graphql.{name}"](Context(0, None, Patterns()), *operands)


@pytest.mark.parametrize("query", VALID)
def test_valid_queries(query: str) -> None:
    """A query that breaks no rule is valid, and shown with its schema."""
    assert call("is_valid", query, SCHEMA) is True
    document, schema = call("parse_query", query), call("parse_schema", SCHEMA)
    assert [document, schema] == call("parse", query, SCHEMA)
    assert [True, document, schema] == call("parse_and_verify", query, SCHEMA)


@pytest.mark.parametrize("query", INVALID)
def test_invalid_queries(query: str) -> None:
    """A query that breaks a rule can be parsed, but is not valid."""
    call("parse_query", query)
    assert call("is_valid", query, SCHEMA) is False
    assert call("parse_and_verify", query, SCHEMA) == [False, {}, {}]
    with pytest.raises(BuiltinError) as refusal:
        call("parse", query, SCHEMA)
    assert refusal.value.code == "eval_builtin_error"


@pytest.mark.parametrize(
    ("schema", "valid"), [(text, True) for text in GOOD_SCHEMAS] + [(text, False) for text in BAD_SCHEMAS]
)
def test_schemas(schema: str, valid: bool) -> None:  # noqa: FBT001 - a column of the table
    """A schema's verdict is the same for its text and for its AST object."""
    assert call("schema_is_valid", schema) is valid
    assert call("schema_is_valid", call("parse_schema", schema)) is valid


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_graphql(text: str) -> None:
    """A text that is neither a query nor a schema is an error to who parses it, and invalid to who asks."""
    for name in ("parse_query", "parse_schema"):
        with pytest.raises(BuiltinError) as refusal:
            call(name, text)
        assert re.search(r"in GraphQL string at location \d+:\d+", str(refusal.value))
        assert refusal.value.code == "eval_builtin_error"
    assert call("is_valid", text, "type Query { a: Int }") is False
    assert call("is_valid", "{ a }", text) is False
    assert call("schema_is_valid", text) is False


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("is_valid", (1, SCHEMA), False),
        ("is_valid", ("{ me { id } }", None), False),
        ("schema_is_valid", ([],), False),
        ("parse_and_verify", (RegoSet(), SCHEMA), [False, {}, {}]),
        ("parse_query", (1,), OperandError),
        ("parse_query", ({},), OperandError),
        ("parse_schema", ({},), OperandError),
        ("parse", (1, SCHEMA), OperandError),
        ("parse", ("{ me { id } }", 1), OperandError),
        ("parse", ("{", 1), BuiltinError),  # the query is looked at first
    ],
)
def test_operands_of_the_wrong_type(name: str, operands: tuple[Any, ...], expected: Any) -> None:
    """Who parses is told of a wrong type; who asks whether something is valid hears that it is not."""
    if isinstance(expected, type):
        with pytest.raises(BuiltinError) as refusal:
            call(name, *operands)
        assert expected.code == refusal.value.code  # type: ignore[attr-defined]  # they are errors
    else:
        assert expected == call(name, *operands)


def value_of(text: str) -> Any:
    """Return how a value is shown."""
    field = call("parse_query", f"{{ a(x: {text}) }}")["Operations"][0]["SelectionSet"][0]
    return field["Arguments"][0]["Value"]


@pytest.mark.parametrize(
    ("written", "kind", "raw"),
    [
        ("$v", 0, "v"),
        ("-12", 1, "-12"),
        ("1.5e-3", 2, "1.5e-3"),
        (r'"a\n\"\u00e9\\u"', 3, 'a\n"é\\u'),
        (r'"\ud83d\ude00"', 3, "\ufffd\ufffd"),
        ('""', 3, ""),
        ('"""  a\r\n    b\r   c"""', 4, "  a\n  b\n c"),
        ('"""\n\n  a\n\n   b\n  """', 4, "a\n\n b"),
        ('"""a""""""', 4, 'a"""'),
        ('"""\\"""""""', 4, '""""'),
        ("true", 5, "true"),
        ("null", 6, "null"),
        ("nulls", 7, "nulls"),
    ],
)
def test_values_keep_their_text(written: str, kind: int, raw: str) -> None:
    """A value is shown by its kind's number and its text, as gqlparser unescapes it."""
    assert {"Kind": kind, "Raw": raw, "ExpectedTypeHasDefault": False} == value_of(written)


def test_comments_are_shown_where_gqlparser_puts_them() -> None:
    """A comment belongs to what follows it, but not before `{` of a query, a variable or a scalar value."""
    query = "# 0\n{ # 1\n a( # 2\n x: # 3\n [ # 4\n $v # 5\n { # 6\n y: 1 # 7\n } ]) }"
    field = call("parse_query", query)["Operations"][0]["SelectionSet"][0]
    argument = field["Arguments"][0]
    items = argument["Value"]["Children"]
    assert field["Comment"]["List"] == [{"Value": "# 1"}]
    assert argument["Comment"]["List"] == [{"Value": "# 2"}]
    assert argument["Value"]["Comment"]["List"] == [{"Value": "# 3"}]
    assert "Comment" not in items[0]["Value"]
    assert items[1]["Value"]["Comment"]["List"] == [{"Value": "# 5"}]
    assert items[1]["Value"]["Children"][0]["Comment"]["List"] == [{"Value": "# 6"}]


def test_a_schema_is_shown_without_what_is_empty() -> None:
    """Empty lists and null are left out, empty strings and false are not, and the prelude is not there."""
    shown = call("parse_schema", '# c\n"d"\nenum E { A # x\n }')
    enum = {
        "Kind": "ENUM",
        "Name": "E",
        "Description": "d",
        "BuiltIn": False,
        "BeforeDescriptionComment": {"List": [{"Value": "# c"}]},
        "EndOfDefinitionComment": {"List": [{"Value": "# x"}]},
        "EnumValues": [{"Name": "A", "Description": ""}],
    }
    assert {"Definitions": [enum]} == shown


def test_ast_objects_are_read_as_go_reads_them() -> None:
    """Names match in any case outside selections, null changes nothing, and a spread is read as a field."""
    field = {"Name": "a", "Type": {"NamedType": "Int"}}
    schema = {"definitions": [{"KIND": "OBJECT", "name": "Query", "Name": None, "Fields": [field]}]}
    assert call("schema_is_valid", schema) is True
    assert call("is_valid", {"operations": [{"SelectionSet": [{"Name": "a"}]}]}, schema) is True
    assert call("is_valid", {"Operations": [{"SelectionSet": [{"name": "a"}]}]}, schema) is False
    assert call("is_valid", {"Operations": [{"SelectionSet": ["skipped", {"Name": "a"}]}]}, schema) is True
    spread = call("parse_query", "{ ...F } fragment F on Query { a }")
    assert call("is_valid", spread, schema) is False
    spread["Operations"][0]["SelectionSet"][0]["Alias"] = 1  # no field, so the next structure is tried
    assert call("is_valid", spread, schema) is True


@pytest.mark.parametrize(
    "query",
    [
        {"Operations": 1},
        {"Operations": [None]},
        {"Operations": [{"Operation": "nope", "SelectionSet": [{"Name": "me"}]}]},
        {"Operations": [{"VariableDefinitions": [{"Variable": "x"}]}]},
        {"Operations": [{"SelectionSet": [{"Name": "user", "Arguments": [{"Name": "id"}]}]}]},
        {"Operations": [{"SelectionSet": [None]}]},
        {"Fragments": [None]},
    ],
)
def test_ast_objects_that_lack_what_they_need_are_invalid(query: Any) -> None:
    """Where OPA's library would die of a null pointer, the answer is no."""
    assert call("is_valid", query, SCHEMA) is False
    with pytest.raises(BuiltinError):
        call("parse", query, SCHEMA)


def test_a_comparison_can_hide_a_conflict() -> None:
    """Where gqlparser passes over a conflict for the order of spreads, so do we."""
    schema = "type Query { a: Query x: Int y: Int }"
    fragments = "fragment F on Query { a { ...H } } fragment H on Query { x: y }"
    assert call("is_valid", "{ x ...H ...F a { y } } " + fragments, schema) is False
    assert call("is_valid", "{ x ...F ...H a { y } } " + fragments, schema) is True


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{" + " a" * limits.MAX_QUERY_TOKENS + "}", "eval_budget_exceeded"),
        ("#\n" * limits.MAX_QUERY_TOKENS + "{ a }", "eval_budget_exceeded"),
        ("{ t" * (limits.MAX_DEPTH + 1) + "{ a }" + "}" * (limits.MAX_DEPTH + 1), "eval_depth_exceeded"),
        ("{ a(x: " + "[" * 50_000, "eval_depth_exceeded"),
        ("query Q($a: " + "[" * 5_000, "eval_depth_exceeded"),
        ("{" + " t { a }" * 2_000 + "}", "eval_budget_exceeded"),
        (
            "{ t { ...F0 } t { ...G0 } }"
            + "".join(
                f" fragment {name}{n} on T {{ t {{ ...{name}{n + 1} }} }}"
                for n in range(300)
                for name in "FG"
            )
            + " fragment F300 on T { a } fragment G300 on T { a }",
            "eval_depth_exceeded",
        ),
        (
            " ".join(f"query Q{n} {{ ...F }}" for n in range(2_000))
            + " fragment F on Query {"
            + " a" * 2_000
            + " }",
            "eval_budget_exceeded",
        ),
    ],
)
def test_attacks_end_the_evaluation(query: str, code: str) -> None:
    """What would take too long, or too much of the stack, has no answer."""
    schema = "type Query { a(x: [Int]): Int t: T } type T { a: Int t: T }"
    with pytest.raises(EvaluationError) as refusal:
        call("is_valid", query, schema)
    assert code == refusal.value.code


def test_repeated_fields_cost_no_comparisons() -> None:
    """Ten thousands of the same field are ten thousands of visits, not a billion comparisons."""
    assert call("is_valid", "{" + " a" * 40_000 + "}", "type Query { a: Int }") is True


def test_long_chains_of_names_need_no_stack() -> None:
    """Fragments and input objects may lead to each other by the thousand."""
    query = "{ ...F0 }" + "".join(f" fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(300))
    assert call("is_valid", query + " fragment F300 on Query { a }", "type Query { a: Int }") is True
    schema = "".join(f"input I{n} {{ a: I{n + 1}! }} " for n in range(3_000)) + "input I3000 { a: Int }"
    assert call("schema_is_valid", schema) is True


def test_objects_that_nest_too_deep_end_the_evaluation() -> None:
    """An AST object of any depth is refused without an error of Python's."""
    selections: list[Any] = []
    for _ in range(20_000):
        selections = [{"Name": "a", "SelectionSet": selections}]
    with pytest.raises(EvaluationError) as refusal:
        call("is_valid", {"Operations": [{"SelectionSet": selections}]}, "type Query { a: Int }")
    assert refusal.value.code == "eval_depth_exceeded"


def test_a_schema_is_kept_and_not_worn_out_by_use() -> None:
    """One policy's schemas are read once; a query leaves nothing behind in them; many do not pile up."""
    context = Context(0, None, Patterns())
    is_valid, parse = CONTEXTUAL["graphql.is_valid"], CONTEXTUAL["graphql.parse"]
    first = parse(context, "{ me { id } }", SCHEMA)
    for query in VALID + INVALID:
        assert is_valid(context, query, SCHEMA) is (query in VALID)
    for number in range(30):
        assert is_valid(context, "{ a }", f"type Query {{ a: Int b{number}: Int }}") is True
    assert first == parse(context, "{ me { id } }", SCHEMA)


_PIECES = [
    *"{}()[]!$&=|@:",
    "...",
    "on",
    '"a"',
    '"""b"""',
    "1",
    "1.5",
    "type",
    "query",
    "A",
    "# c\n",
    "é",
    '"',
    "\\",
]
_NAMES = (
    "Operations Fragments SelectionSet Name Alias Arguments Value Type Definitions Fields Kind Children "
    "Directives Position namedtype"
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES.split()), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map(" ".join) | st.text(max_size=60) | _JSON, _JSON)
def test_whatever_is_given_nothing_but_the_known_errors_comes(query: Any, schema: Any) -> None:
    """Any operands lead to an answer or to an error of OPA's kinds."""
    for name, operands in (
        ("parse", (query, schema)),
        ("parse", (query, SCHEMA)),
        ("parse_schema", (query,)),
    ):
        try:
            call(name, *operands)
        except BuiltinError as refusal:
            assert refusal.code in {"eval_builtin_error", "eval_type_error"}
    assert call("is_valid", query, schema) in {True, False}
    assert call("schema_is_valid", schema) in {True, False}


# ── beside the real opa ─────────────────────────────────────────────────────────────────────────

_PROGRAM = """package x
query[place] := graphql.parse_query(input[place].query)
schema[place] := graphql.parse_schema(input[place].schema)
parsed[place] := graphql.parse(input[place].query, input[place].schema)
verdict[place] := [
    graphql.is_valid(input[place].query, input[place].schema),
    graphql.schema_is_valid(input[place].schema),
    graphql.parse_and_verify(input[place].query, input[place].schema)[0],
]
objects[place] := graphql.schema_is_valid(graphql.parse_schema(input[place].schema))
"""
_WORD = re.compile(r'"""(?:[^"]|"(?!""))*"""|"[^"\n]*"|\.\.\.|#[^\n]*|\w+|\s+|.', re.DOTALL)


def varied(text: str, source: random.Random) -> str:
    """Return a text with words left out, put in or exchanged."""
    words = _WORD.findall(text)
    for _ in range(source.randint(1, 2)):
        place = source.randrange(len(words) + 1)
        change = source.random()
        if change < 0.4:
            del words[place : place + 1]
        elif change < 0.7:
            words.insert(place, source.choice([*_PIECES, *words]))
        else:
            words[place : place + 1] = [source.choice([*_PIECES, *words])]
    return "".join(words)


def cases() -> list[dict[str, str]]:
    """Return all that is pinned above, and variations of it."""
    source = random.Random(20260701)  # noqa: S311 - the same cases on every run
    found = [{"query": query, "schema": SCHEMA} for query in (*VALID, *INVALID, *BROKEN)]
    found += [{"query": "{ a }", "schema": schema} for schema in (*GOOD_SCHEMAS, *BAD_SCHEMAS, *BROKEN)]
    for query in (*VALID, *INVALID):
        found += [{"query": varied(query, source), "schema": SCHEMA} for _ in range(3)]
    for schema in (*GOOD_SCHEMAS[1:], *BAD_SCHEMAS, *[SCHEMA] * 20):
        found += [{"query": "{ me { id } }", "schema": varied(schema, source)} for _ in range(3)]
    return found


def answer(context: Context, name: str, *operands: Any) -> Any:
    """Return what a builtin says, or "undefined" for an error."""
    try:
        return CONTEXTUAL[f"graphql.{name}"](context, *operands)
    except BuiltinError:
        return "undefined"


def test_opa_says_the_same(opa: Path, tmp_path: Path) -> None:
    """Documents, verdicts and undefinedness are those of the real `opa`, for hundreds of documents."""
    asked, context = cases(), Context(0, None, Patterns())
    (tmp_path / "x.rego").write_text(_PROGRAM)
    (tmp_path / "input.json").write_text(json.dumps(asked))
    command: list[str | Path] = [
        opa,
        "eval",
        "-f",
        "json",
        "-d",
        tmp_path / "x.rego",
        "-i",
        tmp_path / "input.json",
    ]
    done = subprocess.run([*command, "data.x"], check=True, capture_output=True, timeout=100)
    theirs = json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
    for place, case in enumerate(asked):
        query, schema = case["query"], case["schema"]
        described = answer(context, "parse_schema", schema)
        ours = {
            "query": answer(context, "parse_query", query),
            "schema": described,
            "parsed": answer(context, "parse", query, schema),
            "verdict": [
                answer(context, "is_valid", query, schema),
                answer(context, "schema_is_valid", schema),
                answer(context, "parse_and_verify", query, schema)[0],
            ],
            "objects": described
            if described == "undefined"
            else answer(context, "schema_is_valid", described),
        }
        expected = {name: theirs[name].get(str(place), "undefined") for name in ours}
        assert expected == ours, case
