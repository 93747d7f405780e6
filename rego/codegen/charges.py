"""What calls of builtins take off the step budget; knows no builtin's meaning.

A step is a round of a loop or a call: of itself the budget does not see what one call of a builtin does.
So what makes values is charged by their size, wherever it stands, because they stay in memory;
whatever is called in a loop is charged by the size of what it looks at;
and some calls have a price of their own.
A step stands for about a tenth of a microsecond.
"""

from __future__ import annotations

from typing import Final

#: Builtins whose answer may be larger than a policy would write.
MAKING: Final = frozenset(
    {
        "and", "array.concat", "array.flatten", "array.reverse", "array.slice", "base64.decode",
        "base64.encode", "base64url.encode", "base64url.encode_no_pad", "cast_array", "cast_set", "concat",
        "format_int", "graph.reachable", "graph.reachable_paths", "hex.encode", "internal.template_string",
        "intersection", "json.filter", "json.marshal", "json.marshal_with_options", "json.patch",
        "json.remove", "json.unmarshal", "minus", "net.cidr_contains_matches", "net.cidr_expand",
        "net.cidr_merge", "numbers.range", "numbers.range_step", "object.filter", "object.keys",
        "object.remove", "object.union", "object.union_n", "or", "regex.find_all_string_submatch_n",
        "regex.find_n", "regex.replace", "regex.split", "replace", "sort", "split", "sprintf",
        "strings.render_template", "strings.replace_n", "strings.reverse", "union", "urlquery.encode",
        "urlquery.encode_object", "walk", "yaml.marshal", "yaml.unmarshal",
    }
)  # fmt: skip
#: Builtins whose work does not grow with their operands, or hardly.
LIGHT: Final = frozenset(
    {
        "abs", "ceil", "count", "endswith", "floor", "internal.print", "is_array", "is_boolean", "is_null",
        "is_number", "is_object", "is_set", "is_string", "plus", "round", "startswith", "time.now_ns",
        "type_name",
    }
)  # fmt: skip
#: Builtins that are done at the first difference, so that a scalar on one side makes them light.
COMPARING: Final = frozenset({"equal", "gt", "gte", "lt", "lte", "neq"})
#: What one call costs whatever its operands are, in steps, where that is a good deal more than a call.
PRICES: Final = {
    **dict.fromkeys(("io.jwt.encode_sign", "io.jwt.encode_sign_raw"), 10_000),
    **dict.fromkeys((f"io.jwt.verify_{name}" for name in ("rs256", "rs384", "rs512")), 2_000),
    **dict.fromkeys((f"io.jwt.verify_{name}" for name in ("ps256", "ps384", "ps512")), 2_000),
    **dict.fromkeys((f"io.jwt.verify_{name}" for name in ("es256", "es384", "es512", "eddsa")), 2_000),
    **dict.fromkeys((f"io.jwt.verify_{name}" for name in ("hs256", "hs384", "hs512")), 100),
    "io.jwt.decode": 200,
    "io.jwt.decode_verify": 3_000,
    "crypto.parse_private_keys": 5_000,
    "crypto.x509.parse_and_verify_certificates": 5_000,
    "crypto.x509.parse_and_verify_certificates_with_options": 5_000,
    "crypto.x509.parse_certificate_request": 2_000,
    "crypto.x509.parse_certificates": 2_000,
    "crypto.x509.parse_keypair": 5_000,
    "crypto.x509.parse_rsa_private_key": 5_000,
    **dict.fromkeys((f"graphql.{name}" for name in ("is_valid", "parse", "parse_and_verify")), 1_000),
    **dict.fromkeys(
        (f"graphql.{name}" for name in ("parse_query", "parse_schema", "schema_is_valid")), 1_000
    ),
    **dict.fromkeys(("json.match_schema", "json.verify_schema", "strings.render_template"), 1_000),
    **dict.fromkeys(("yaml.is_valid", "yaml.marshal", "yaml.unmarshal"), 1_000),
    "providers.aws.sign_req": 500,
    **dict.fromkeys(("time.add_date", "time.clock", "time.date", "time.diff", "time.format"), 50),
    **dict.fromkeys(("time.parse_ns", "time.parse_rfc3339_ns", "time.weekday"), 100),
}
#: What any other call in a loop costs that is more than an expression.
CALL_PRICE: Final = 4
#: Builtins that compile a pattern, by its place: it has a price of its own where it is not constant.
PATTERNS: Final = {
    "glob.match": 0, "regex.find_all_string_submatch_n": 0, "regex.find_n": 0, "regex.is_valid": 0,
    "regex.match": 0, "regex.replace": 1, "regex.split": 0, "regex.template_match": 0,
}  # fmt: skip
#: Builtins that take many times as long for each part of what they look at.
SLOW: Final = frozenset({"json.match_schema", "json.verify_schema", "yaml.marshal", "yaml.unmarshal"})
SLOWNESS: Final = 32
