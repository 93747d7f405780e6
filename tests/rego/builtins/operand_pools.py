"""What the agreement test throws at each builtin: apt operands, those at the edge, and hostile ones.

Operands travel to OPA and to us as one JSON text, so a number is spelled once for both.
JSON has no sets and no keys but strings: `{"$set": [...]}` and `{"$object": [[key, value], ...]}` stand for
them, and `DECODE` is the Rego that puts them back. Operands that are only listed stand in `operands.json`.

Longer than most modules: one table of all builtins, and the pools that it names.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from rego.gotime import LAYOUTS, formatted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import SearchStrategy

_LISTS: Final[Mapping[str, list[Any]]] = json.loads(
    Path(__file__).with_name("operands.json").read_text(encoding="utf-8")
)
#: Rego that reads `$set` and `$object` to a depth of four; v0 because some builtins are deprecated in v1.
DECODE: Final = "\n".join(
    [
        "import future.keywords",
        "d0(x) := x",
        *(
            f"""d{depth}(x) := {{d{depth - 1}(y) | some y in x["$set"]}} if is_array(x["$set"])
else := {{d{depth - 1}(k): d{depth - 1}(v) | some kv in x["$object"]; [k, v] := kv}} if is_array(x["$object"])
else := {{k: d{depth - 1}(v) | some k, v in x}} if is_object(x)
else := [d{depth - 1}(v) | some v in x] if is_array(x)
else := x"""
            for depth in range(1, 5)
        ),
    ]
)


def a_set(*members: Any) -> dict[str, Any]:
    """Write a set."""
    return {"$set": list(members)}


def an_object(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    """Write an object whose keys are no strings."""
    return {"$object": [list(pair) for pair in pairs]}


def _fixed(*values: Any) -> SearchStrategy[Any]:
    return st.sampled_from(values)


def _listed(name: str, *more: Any) -> SearchStrategy[Any]:
    """Draw from a list in `operands.json`, and from what is too long to stand there."""
    return st.sampled_from([*_LISTS[name], *more])


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────

_WHOLE: Final = _listed("whole")  # fmt: skip
_SPELLED: Final = _listed("spelled")  # fmt: skip
NUMBER: Final = st.one_of(
    _WHOLE,
    _SPELLED,
    st.integers(-50, 50),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1000, 1000).map(lambda number: round(number, 3)),
)
SMALL: Final = st.one_of(
    st.integers(-3, 12), _fixed(1.0, 2.0, 0.0, -0.0, -1.0, 1.5, 10**23, 2**63 - 1, -(2**63))
)
SHIFT: Final = st.one_of(st.integers(-2, 200), _fixed(1.0, 2.5, 64, 63, 65))
NEAR: Final = st.one_of(st.integers(-40, 120), _fixed(1.0, 3.0, 2.5, 10**23, 10**23 + 5, 2**63, 2**63 - 3))

# ── strings ─────────────────────────────────────────────────────────────────────────────────────

_WORDS: Final = _listed("words", "x" * 300)  # fmt: skip
_ALPHABET: Final = "abAB01 .,/-_éßİσς\u0301日😀\x00\n"
STRING: Final = st.one_of(
    _WORDS,
    st.text(_ALPHABET, max_size=8),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
LETTERS: Final = st.text("ab", max_size=5)
PART: Final = st.one_of(
    _fixed("", "a", "b", "ab", ".", ",", " ", "é", "\u0301", "😀", "aa", "\x00"), LETTERS, STRING
)
NUMERAL: Final = st.one_of(
    _listed("numeral"),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text("0123456789.eE+-x_", max_size=7),
)

# ── composites ──────────────────────────────────────────────────────────────────────────────────

SCALAR: Final = st.one_of(
    st.none(),
    st.booleans(),
    _fixed(0, 1, 2, -1, 1.0, 1.5, 0.1, 10**23),
    _fixed("", "a", "b", "é", "1", '"', "\n"),
)


def _nested(inner: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(_fixed("a", "b", "c", "", "0", "é"), inner, max_size=3),
        st.lists(inner, max_size=3).map(lambda members: a_set(*members)),
        st.lists(
            st.tuples(st.sampled_from([1, 2, True, None, "a", [1]]), inner),
            max_size=2,
            unique_by=lambda p: repr(p[0]),
        ).map(lambda pairs: an_object(*pairs)),
    )


ANY: Final = st.one_of(SCALAR, st.recursive(SCALAR, _nested, max_leaves=6), NUMBER, STRING)
ARRAY: Final = st.lists(ANY, max_size=4)
SET: Final = st.lists(ANY, max_size=4).map(lambda members: a_set(*members))
SMALL_SET: Final = st.lists(SCALAR, max_size=4).map(lambda members: a_set(*members))
SETS: Final = st.one_of(st.lists(SMALL_SET, max_size=3).map(lambda found: a_set(*found)), SET)
COLLECTION: Final = st.one_of(ARRAY, SET)
NUMBERS: Final = st.lists(NUMBER, max_size=5).flatmap(lambda found: _fixed(found, a_set(*found)))
BOOLEANS: Final = st.lists(st.booleans(), max_size=3).flatmap(lambda found: _fixed(found, a_set(*found)))
STRINGS: Final = st.lists(PART, max_size=4).flatmap(lambda found: _fixed(found, a_set(*found)))
ONE_OR_MANY: Final = st.one_of(PART, STRINGS)
_NAME: Final = _fixed("a", "b", "c", "0", "1", "a/b", "a~b", "", "é", "x y")
OBJECT: Final = st.one_of(
    st.dictionaries(_NAME, ANY, max_size=4),
    st.dictionaries(_NAME, st.dictionaries(_NAME, ANY, max_size=2), max_size=3),
    st.lists(st.tuples(SCALAR, SCALAR), max_size=3, unique_by=lambda p: repr(p[0])).map(
        lambda p: an_object(*p)
    ),
)
OBJECTS: Final = st.lists(OBJECT, max_size=4)
KEYS: Final = st.one_of(st.lists(st.one_of(_NAME, SCALAR), max_size=3), SMALL_SET, OBJECT)
PATH: Final = st.one_of(_NAME, SCALAR, st.lists(st.one_of(_NAME, SCALAR), max_size=3), ANY)
_POINTER: Final = st.one_of(
    _listed("pointer"),
    st.lists(
        st.one_of(_NAME, st.sampled_from([0, 1, 2, -1, 1.0, "-", "00", "01", "+1", "-1", True, None, [1]])),
        max_size=3,
    ),
    st.lists(st.one_of(_NAME, _fixed("-", "0", "1")), max_size=3).map(lambda parts: "/" + "/".join(parts)),
)
POINTERS: Final = st.lists(st.one_of(_POINTER, _POINTER, SCALAR), max_size=3).flatmap(
    lambda found: _fixed(found, a_set(*found))
)
DOCUMENT: Final = st.one_of(
    _listed("document"),
    OBJECT,
    ANY,
)
_OPERATION: Final = st.fixed_dictionaries(
    {
        "op": st.one_of(
            _fixed(
                "add", "remove", "replace", "move", "copy", "test", "add", "remove", "replace", "move", "copy"
            ),
            _fixed("ADD", "", 1, None),
        ),
        "path": st.one_of(_POINTER, _POINTER, _POINTER, SCALAR),
    },
    optional={"value": st.one_of(SCALAR, ANY), "from": st.one_of(_POINTER, SCALAR)},
)
OPERATIONS: Final = st.one_of(
    st.lists(_OPERATION, min_size=1, max_size=3), st.lists(st.one_of(_OPERATION, OBJECT, SCALAR), max_size=3)
)
_NODE: Final = _fixed("a", "b", "c", "d", 1, None, [1])
GRAPH: Final = st.one_of(
    st.dictionaries(
        _fixed("a", "b", "c", "d"),
        st.one_of(
            st.lists(_NODE, max_size=3),
            st.lists(_NODE, max_size=3).map(lambda n: a_set(*n)),
            st.none(),
            st.just("a"),
        ),
        max_size=4,
    ),
    OBJECT,
)
NODES: Final = st.lists(_NODE, max_size=3).flatmap(lambda found: _fixed(found, a_set(*found)))

# ── texts with a syntax ─────────────────────────────────────────────────────────────────────────

BASE64: Final = st.one_of(
    _listed("base64"),
    st.text("YQWJjZ=-_+/\n", max_size=9),
    STRING,
)
HEX: Final = st.one_of(
    _fixed("", "61", "6", "6g", "FF", "c3a9", "C3A9", "ff00", " 61", "0x61"),
    st.text("0123456789abcdefAFg", max_size=6),
)
JSON: Final = st.one_of(
    _listed("json", "[" * 200 + "]" * 200, "[" * 11000 + "]" * 11000),
    st.text('[]{}",:0123eE.-+ truefalsnx\\', max_size=8),
    STRING,
)
OPTIONS: Final = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "prefix": _fixed("", ">", "é ", 1),
            "indent": _fixed("", " ", "  ", "--", None),
            "pretty": st.one_of(st.booleans(), st.just(1)),
        },
    ),
    OBJECT,
    _fixed({"x": 1}, an_object((1, 2))),
)
QUERY: Final = st.one_of(
    _listed("query"),
    st.text("ab=&;%2 0+é~", max_size=8),
    STRING,
)
TEXTS_OBJECT: Final = st.one_of(
    st.dictionaries(PART, st.one_of(PART, STRINGS, SCALAR), max_size=3),
    st.dictionaries(PART, ONE_OR_MANY, max_size=3),
    OBJECT,
)
REGEX: Final = st.one_of(
    _listed("regex"),
    st.text("ab*+?.|()[]^$\\dwb{}1,", max_size=7),
    STRING,
)
SUBJECT: Final = st.one_of(
    _listed("subject"),
    st.text("abAB1 \n.é", max_size=8),
    STRING,
)
EXPANSION: Final = st.one_of(
    _listed("expansion"),
    st.text("$0123{}nx_", max_size=6),
)
TEMPLATE: Final = st.one_of(
    _listed("template"),
    st.text("<>ab.*|", max_size=7),
)
DELIMITER: Final = st.one_of(_fixed("<", ">", "<", ">", "{", "}", "a", "", "ab", "é", "\x00", "b"), STRING)
GLOB: Final = st.one_of(
    _listed("glob"),
    st.text("ab*?[]{},!-\\.", max_size=7),
    STRING,
)
SEPARATORS: Final = st.one_of(
    st.none(),
    st.just([]),
    st.lists(_fixed(".", "/", ":", "a", "é", "-", "]", "^", "\\"), max_size=3),
    _fixed([""], [".."], ["e\u0301"], ["a", 1]),
)
GLOB_SUBJECT: Final = st.one_of(
    _listed("glob_subject"),
    st.text("abc./-,]é", max_size=7),
    STRING,
)
CIDR: Final = st.one_of(
    _listed("cidr"),
    st.builds("{}.{}.{}.{}/{}".format, *[st.integers(0, 12)] * 4, st.integers(24, 33)),
    st.builds("{}.{}.{}.{}".format, *[st.integers(0, 260)] * 4),
    st.builds("2001:db8::{:x}/{}".format, st.integers(0, 300), st.integers(118, 129)),
)
CIDRS: Final = st.one_of(
    st.lists(CIDR, max_size=4).flatmap(lambda found: _fixed(found, a_set(*found))),
    st.lists(
        st.builds("10.0.{}.{}/{}".format, st.integers(0, 3), st.integers(0, 255), st.integers(22, 32)),
        max_size=6,
    ),
    st.lists(st.builds("2001:db8::{:x}/{}".format, st.integers(0, 64), st.integers(120, 128)), max_size=5),
)
MATCHABLE: Final = st.one_of(
    CIDR,
    CIDRS,
    st.lists(st.lists(st.one_of(CIDR, SCALAR), max_size=2), max_size=2),
    st.dictionaries(_NAME, st.one_of(CIDR, st.lists(CIDR, max_size=2)), max_size=2),
)
TIMESTAMP: Final = st.one_of(
    _listed("timestamp"),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 2 * 10**18),
)
ZONE: Final = _listed("zone")  # fmt: skip
LAYOUT: Final = st.one_of(
    _listed("layout"),
    st.lists(_listed("layout_more"), max_size=7).map("".join),
)
MOMENT: Final = st.one_of(
    TIMESTAMP,
    st.tuples(TIMESTAMP).map(list),
    st.tuples(TIMESTAMP, ZONE).map(list),
    st.tuples(TIMESTAMP, ZONE, LAYOUT).map(list),
    st.tuples(TIMESTAMP, ZONE, LAYOUT, SCALAR).map(list),
    _fixed([], ["a"], [0, 1], [0, "UTC", 1], [None], [0, None], {}),
)
DATE_TEXT: Final = st.one_of(
    _listed("date_text"),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
)
LAYOUT_TEXT: Final = st.one_of(
    _listed("layout_text"),
    DATE_TEXT,
    STRING,
)
DURATION: Final = st.one_of(
    _listed("duration"),
    st.lists(
        st.tuples(
            st.floats(0, 300).map(lambda n: str(round(n, 3))) | st.integers(0, 999).map(str),
            _fixed("ns", "us", "ms", "s", "m", "h", "d", "w", "y"),
        ),
        min_size=1,
        max_size=3,
    ).map(lambda parts: "".join(a + b for a, b in parts)),
    st.text("0123.dhmsyw+-µun", max_size=6),
)
_AMOUNT: Final = st.one_of(
    _listed("amount"),
    st.floats(0, 10**6).map(lambda number: str(round(number, 4))),
    st.text("0123456789.eE+-_", max_size=6),
)
_UNIT: Final = _listed("unit")  # fmt: skip
UNITS: Final = st.one_of(
    st.builds("{}{}".format, _AMOUNT, _UNIT),
    _listed("units"),
    STRING,
)
SEMVER: Final = st.one_of(
    _listed("semver"),
    st.builds("{}.{}.{}".format, *[st.integers(0, 3)] * 3),
    st.builds(
        "1.0.0-{}".format,
        st.lists(_fixed("a", "b", "1", "2", "10", "0", "-", "A1", "rc"), min_size=1, max_size=3).map(
            ".".join
        ),
    ),
)
_RAW_UUID: Final = st.uuids().map(str)
UUID: Final = st.one_of(
    _RAW_UUID,
    _listed("uuid"),
    st.builds(
        lambda base, version, variant: base[:14] + version + base[15:19] + variant + base[20:],
        _RAW_UUID,
        _fixed(*"0123456789f"),
        _fixed(*"0123456789abcdef"),
    ),
    _RAW_UUID.map(lambda text: "{" + text + "}"),
    st.text("0123456789abcdef-", min_size=32, max_size=38),
)

# ── sprintf ─────────────────────────────────────────────────────────────────────────────────────

_FLAGS: Final = st.text("+-# 0", max_size=2)
_WIDTH: Final = _fixed("", "", "", "1", "5", "12", "0", "*", "-5", "[1]*", "[2]*", "1000001", "100")
_PRECISION: Final = _fixed("", "", "", ".", ".0", ".1", ".2", ".5", ".20", ".*", ".[1]*", ".-1", ".1000001")
_INDEX: Final = _fixed(
    "", "", "", "", "[1]", "[2]", "[3]", "[0]", "[", "[]", "[x]", "[-1]", "[1", "[9999999999]", "[ 1]"
)
_VERB: Final = _fixed(*"vvvvdddsssqqxXobOcUeEfFgGtTpwz%!é\n", "", "[1]d")
FORMAT: Final = st.one_of(
    st.builds("%{}{}{}{}{}".format, _FLAGS, _WIDTH, _PRECISION, _INDEX, _VERB),
    st.lists(
        st.one_of(
            st.builds("%{}{}{}{}".format, _FLAGS, _WIDTH, _PRECISION, _VERB),
            _fixed("a", "é", " ", "%v", "%d", "%s", "%%", "%"),
        ),
        max_size=4,
    ).map("".join),
    _listed("format"),
)
VALUE: Final = st.one_of(
    NUMBER,
    NUMBER,
    STRING,
    SCALAR,
    ANY,
    st.integers(-200, 70000),
    _listed("value"),
)
VALUES: Final = st.lists(VALUE, max_size=3)
PARTS: Final = st.lists(
    st.one_of(SCALAR, NUMBER, STRING, st.one_of(SCALAR, ANY).map(a_set), st.just(a_set()), ANY),
    max_size=4,
)
BASE: Final = _fixed(2, 8, 10, 16, 2, 8, 10, 16, 3, 0, 2.0, 16.0, "2")

#: The pools of each builtin's operands, in order.
OPERANDS: Final[Mapping[str, tuple[SearchStrategy[Any], ...]]] = {
    **dict.fromkeys(("plus", "minus", "mul", "div", "rem"), (NUMBER, NUMBER)),
    **dict.fromkeys(("abs", "round", "ceil", "floor"), (NUMBER,)),
    **dict.fromkeys(("bits.and", "bits.or", "bits.xor"), (NUMBER, NUMBER)),
    **dict.fromkeys(("bits.lsh", "bits.rsh"), (NUMBER, SHIFT)),
    "bits.negate": (NUMBER,),
    "numbers.range": (NEAR, NEAR),
    "numbers.range_step": (NEAR, NEAR, SMALL),
    "format_int": (NUMBER, BASE),
    "to_number": (st.one_of(NUMERAL, NUMERAL, NUMERAL, NUMBER, SCALAR),),
    "count": (st.one_of(COLLECTION, OBJECT, STRING),),
    **dict.fromkeys(("sum", "product"), (NUMBERS,)),
    **dict.fromkeys(("max", "min", "sort"), (st.one_of(COLLECTION, NUMBERS, STRINGS),)),
    **dict.fromkeys(("all", "any"), (st.one_of(BOOLEANS, COLLECTION),)),
    **dict.fromkeys(
        ("type_name", "is_number", "is_string", "is_boolean", "is_array", "is_object", "is_set", "is_null"),
        (ANY,),
    ),
    **dict.fromkeys(
        ("cast_array", "cast_set", "cast_string", "cast_boolean", "cast_object", "cast_null"),
        (st.one_of(ANY, COLLECTION),),
    ),
    **dict.fromkeys(
        ("equal", "neq", "lt", "lte", "gt", "gte"),
        (st.one_of(ANY, SCALAR, NUMBER), st.one_of(ANY, SCALAR, NUMBER)),
    ),
    "internal.member_2": (st.one_of(SCALAR, ANY), st.one_of(COLLECTION, OBJECT)),
    "internal.member_3": (st.one_of(SCALAR, SMALL), st.one_of(SCALAR, ANY), st.one_of(COLLECTION, OBJECT)),
    "array.concat": (ARRAY, ARRAY),
    "array.flatten": (ARRAY,),
    "array.reverse": (ARRAY,),
    "array.slice": (ARRAY, SMALL, SMALL),
    **dict.fromkeys(("and", "or", "set_diff"), (st.one_of(SMALL_SET, SET), st.one_of(SMALL_SET, SET))),
    **dict.fromkeys(("intersection", "union"), (SETS,)),
    "object.get": (OBJECT, PATH, SCALAR),
    "object.keys": (OBJECT,),
    **dict.fromkeys(("object.remove", "object.filter"), (OBJECT, KEYS)),
    "object.union": (OBJECT, OBJECT),
    "object.union_n": (OBJECTS,),
    "object.subset": (st.one_of(OBJECT, ARRAY, SMALL_SET), st.one_of(OBJECT, ARRAY, SMALL_SET)),
    "walk": (ANY,),
    **dict.fromkeys(("graph.reachable", "graph.reachable_paths"), (GRAPH, NODES)),
    **dict.fromkeys(("crypto.md5", "crypto.sha1", "crypto.sha256"), (STRING,)),
    **dict.fromkeys(
        (
            "crypto.hmac.md5",
            "crypto.hmac.sha1",
            "crypto.hmac.sha256",
            "crypto.hmac.sha512",
            "crypto.hmac.equal",
        ),
        (STRING, STRING),
    ),
    **dict.fromkeys(("json.filter", "json.remove"), (DOCUMENT, POINTERS)),
    "json.patch": (DOCUMENT, OPERATIONS),
    "json.marshal": (ANY,),
    "json.marshal_with_options": (ANY, OPTIONS),
    **dict.fromkeys(("json.unmarshal", "json.is_valid"), (JSON,)),
    **dict.fromkeys(
        ("base64.encode", "base64url.encode", "base64url.encode_no_pad", "hex.encode"), (STRING,)
    ),
    **dict.fromkeys(("base64.decode", "base64.is_valid", "base64url.decode"), (BASE64,)),
    "hex.decode": (HEX,),
    "urlquery.encode": (STRING,),
    **dict.fromkeys(("urlquery.decode", "urlquery.decode_object"), (QUERY,)),
    "urlquery.encode_object": (TEXTS_OBJECT,),
    "glob.match": (GLOB, SEPARATORS, GLOB_SUBJECT),
    "glob.quote_meta": (GLOB,),
    "regex.is_valid": (REGEX,),
    **dict.fromkeys(("regex.match", "re_match", "regex.split"), (REGEX, SUBJECT)),
    **dict.fromkeys(("regex.find_n", "regex.find_all_string_submatch_n"), (REGEX, SUBJECT, SMALL)),
    "regex.replace": (SUBJECT, REGEX, EXPANSION),
    "regex.template_match": (TEMPLATE, SUBJECT, DELIMITER, DELIMITER),
    **dict.fromkeys(("net.cidr_contains", "net.cidr_intersects", "net.cidr_overlap"), (CIDR, CIDR)),
    "net.cidr_contains_matches": (MATCHABLE, MATCHABLE),
    "net.cidr_expand": (
        st.one_of(st.builds("10.0.0.{}/{}".format, st.integers(0, 255), st.integers(22, 32)), CIDR),
    ),
    "net.cidr_is_valid": (CIDR,),
    "net.cidr_merge": (CIDRS,),
    "sprintf": (FORMAT, VALUES),
    "internal.template_string": (PARTS,),
    "trace": (STRING,),
    **dict.fromkeys(
        ("startswith", "endswith", "contains", "indexof", "indexof_n", "strings.count"),
        (st.one_of(STRING, LETTERS), PART),
    ),
    **dict.fromkeys(("lower", "upper", "trim_space", "strings.reverse"), (STRING,)),
    "split": (st.one_of(STRING, LETTERS), PART),
    "strings.split_n": (st.one_of(STRING, LETTERS), PART, SMALL),
    "concat": (PART, STRINGS),
    "replace": (st.one_of(STRING, LETTERS), PART, PART),
    "strings.replace_n": (
        st.one_of(
            st.dictionaries(PART, PART, max_size=3), st.dictionaries(LETTERS, PART, max_size=4), OBJECT
        ),
        st.one_of(STRING, LETTERS),
    ),
    **dict.fromkeys(
        ("trim", "trim_left", "trim_right", "trim_prefix", "trim_suffix"), (st.one_of(STRING, LETTERS), PART)
    ),
    "substring": (STRING, SMALL, SMALL),
    **dict.fromkeys(("strings.any_prefix_match", "strings.any_suffix_match"), (ONE_OR_MANY, ONE_OR_MANY)),
    **dict.fromkeys(("time.format", "time.date", "time.clock", "time.weekday"), (MOMENT,)),
    "time.add_date": (
        MOMENT,
        *[st.one_of(st.integers(-40, 40), SMALL, st.integers(-300, 300), _fixed(10**9, -(10**9)))] * 3,
    ),
    "time.diff": (MOMENT, MOMENT),
    "time.parse_ns": (LAYOUT, LAYOUT_TEXT),
    "time.parse_rfc3339_ns": (DATE_TEXT,),
    "time.parse_duration_ns": (DURATION,),
    "units.parse": (UNITS,),
    "units.parse_bytes": (UNITS,),
    "semver.is_valid": (SEMVER,),
    "semver.compare": (SEMVER, SEMVER),
    "uuid.parse": (UUID,),
}

#: Builtins that are written as operators.
_OPERATORS: Final = {"and": "&", "or": "|"}


def call(name: str, arity: int) -> str:
    """Write a call of a builtin with the operands of `input.args`."""
    given = [f"d4(input.args[{place}])" for place in range(arity)]
    if name in _OPERATORS:
        return f"{given[0]} {_OPERATORS[name]} {given[1]}"
    if name == "walk":
        return f"[step | walk({given[0]}, step)]"
    return f"{name}({', '.join(given)})"


def _timestamps_as_text(layout: str) -> SearchStrategy[list[str]]:
    """Draw a text that fits a layout, or nearly: one character of it may be another."""
    full = LAYOUTS.get(layout, layout)
    moment = st.datetimes(datetime(1678, 1, 1), datetime(2261, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds of the strategy
    text = moment.map(lambda when: formatted(full, when, when.microsecond * 1000))
    near = st.tuples(text, st.integers(0, 40), _fixed(*"019: -+TZa.,")).map(
        lambda found: found[0][: found[1]] + found[2] + found[0][found[1] + 1 :]
    )
    return st.one_of(text, text, near).map(lambda written: [layout, written])


#: Operands that mean something only together, for builtins where the pools rarely meet.
TOGETHER: Final[Mapping[str, SearchStrategy[list[Any]]]] = {
    "time.parse_ns": LAYOUT.flatmap(_timestamps_as_text),
    "time.parse_rfc3339_ns": _timestamps_as_text("RFC3339").map(lambda found: found[1:]),
}
# Ranges and shifts that OPA would never finish, or not survive.
_LONGEST_RANGE: Final = 5000
_FEW_ADDRESSES: Final = re.compile(r"\A(?![^/]*:).*/(?:2[2-9]|3)|/12[0-9]\Z|\A[^/]*\Z")


def _is_bounded(name: str, given: list[Any]) -> bool:
    numbers = [value for value in given if isinstance(value, int | float)]
    if name.startswith("numbers.range") and len(numbers) > 1:
        return abs(numbers[0] - numbers[1]) < _LONGEST_RANGE
    if name.startswith("bits.") and len(numbers) > 1:
        return numbers[1] < _LONGEST_RANGE
    if name == "net.cidr_merge":  # of a network of IPv4 in IPv6 clothes OPA makes garbage, or panics
        return "::ffff:" not in json.dumps(given).lower()
    if name == "net.cidr_expand" and isinstance(given[0], str):
        return _FEW_ADDRESSES.search(given[0]) is not None
    return True


def operands(name: str) -> SearchStrategy[list[Any]]:
    """Return a builtin's operands: apt ones mostly, and in one case of eight one of any type."""
    apt = st.tuples(*[st.one_of(*[pool] * 7, ANY) for pool in OPERANDS[name]]).map(list)
    made = st.one_of(apt, TOGETHER[name]) if name in TOGETHER else apt
    return made.filter(lambda given: _is_bounded(name, given))
