"""Which calls of builtins take steps off the budget; knows no builtin's meaning.

A step is a round of a loop or a call: the budget does not see what one call of a builtin works through.
What makes collections is charged by their size, wherever it stands: they stay in memory.
Whatever else is called in a loop is charged by the size of what it looks at.
"""

from __future__ import annotations

from typing import Final

#: Builtins whose answer may be a larger collection than a policy would write.
MAKING: Final = frozenset(
    {
        "and", "array.concat", "array.flatten", "array.reverse", "array.slice", "cast_array",
        "cast_set", "graph.reachable", "graph.reachable_paths", "intersection", "json.filter",
        "json.patch", "json.remove", "json.unmarshal", "minus", "net.cidr_contains_matches",
        "net.cidr_expand", "net.cidr_merge", "numbers.range", "numbers.range_step", "object.filter",
        "object.keys", "object.remove", "object.union", "object.union_n", "or",
        "regex.find_all_string_submatch_n", "regex.find_n", "regex.split", "sort", "split", "union",
        "walk", "yaml.unmarshal",
    }
)  # fmt: skip
#: Builtins whose work does not grow with their operands, or hardly.
LIGHT: Final = frozenset(
    {
        "abs", "ceil", "count", "endswith", "equal", "floor", "gt", "gte", "internal.print", "is_array",
        "is_boolean", "is_null", "is_number", "is_object", "is_set", "is_string", "lt", "lte", "neq", "plus",
        "round", "startswith", "time.now_ns", "type_name",
    }
)  # fmt: skip
