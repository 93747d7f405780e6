"""A document against a schema: what is wrong with it, in gojsonschema's words and order.

Where Go goes through an object in no particular order, the order here is that of the names:
equal documents have equal answers.
Of branches that all fail, the one explains the failure that came furthest; hence the score of each result.

Longer than most modules: the keywords call each other, and their order is that of the answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from rego.errors import EvaluationError
from rego.gojsonschema.formats import fits
from rego.gojsonschema.wording import bound, comparable, exact, is_number, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rego.gojsonschema.compiling import Schema

_MAX_CHECKS: Final = 500_000
_ROOT: Final = "(Root)"
_JSON_TYPES: Final = {type(None): "null", bool: "boolean", str: "string", list: "array", dict: "object"}
_LIMITS: Final = (
    ("maximum", "number_lte", "Must be less than or equal to"),
    ("exclusiveMaximum", "number_lt", "Must be less than"),
    ("minimum", "number_gte", "Must be greater than or equal to"),
    ("exclusiveMinimum", "number_gt", "Must be greater than"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a document.

    Args:
        kind: Its stable name.
        field: Where, as names and places with dots between; `(Root)` for the document itself.
        description: What, in words.
    """

    kind: str
    field: str
    description: str


@dataclass(slots=True)
class _Result:
    faults: list[Fault] = field(default_factory=list)
    score: int = 0

    def add(self, kind: str, place: str, description: str) -> None:
        self.faults.append(Fault(kind, place.removeprefix(_ROOT + "."), description))
        self.score -= 2  # so that a check that fails counts minus one

    def merge(self, other: _Result) -> None:
        self.faults += other.faults
        self.score += other.score


def faults(schema: Schema, document: Any) -> list[Fault]:
    """Return what is wrong with a document, plain JSON; nothing where it is valid.

    Raises:
        EvaluationError: `eval_budget_exceeded`: the schema asks for more work than a policy may cause.
        SchemaError: A number in the document is none that gojsonschema can compute with.
    """
    return _Validator().check(schema, document, _ROOT).faults


def _furthest(results: Iterable[_Result]) -> _Result | None:
    best: _Result | None = None
    for result in results:
        if best is None or result.score > best.score:
            best = result
    return best


class _Validator:
    def __init__(self) -> None:
        self.checks = 0

    def check(self, schema: Schema, node: Any, place: str) -> _Result:
        result = _Result()
        self.validate(schema, node, result, place)
        return result

    def validate(self, schema: Schema, node: Any, result: _Result, place: str) -> None:
        self.checks += 1
        if self.checks > _MAX_CHECKS:
            raise EvaluationError("eval_budget_exceeded", "a JSON schema asks for too much work")
        if schema.passes is not None:
            if not schema.passes:
                result.add("false", place, "False always fails validation")
            return
        if schema.target is not None:
            self.validate(schema.target, node, result, place)
            return
        if _is_wrong_type(schema.types, node, result, place):
            return
        self.branches(schema, node, result, place)
        self.content(schema, node, result, place)
        result.score += 1

    def content(self, schema: Schema, node: Any, result: _Result, place: str) -> None:
        kind = type(node)
        if kind is list:
            self.array(schema, node, result, place)
        elif kind is dict:
            self.object(schema, node, result, place)
        elif is_number(node):
            _check_number(schema, node, result, place)
        _check_any(schema, node, result, place)
        if kind is str:
            _check_string(schema, node, result, place)
        elif kind is dict:
            for inner in schema.properties:
                if inner.name in node:
                    self.validate(inner, node[inner.name], result, f"{place}.{inner.name}")

    def branches(self, schema: Schema, node: Any, result: _Result, place: str) -> None:
        if schema.any_of:
            self.any_of(schema, node, result, place)
        if schema.one_of:
            self.one_of(schema, node, result, place)
        if schema.all_of:
            found = [self.check(branch, node, place) for branch in schema.all_of]
            for one in found:
                result.merge(one)
            if any(one.faults for one in found):
                result.add("number_all_of", place, "Must validate all the schemas (allOf)")
        if schema.negated is not None and not self.check(schema.negated, node, place).faults:
            result.add("number_not", place, "Must not validate the schema (not)")
        if schema.dependencies and type(node) is dict:
            self.dependencies(schema, node, result, place)
        if schema.condition is not None:
            self.condition(schema, node, result, place)
        result.score += 1

    def any_of(self, schema: Schema, node: Any, result: _Result, place: str) -> None:
        found: list[_Result] = []
        for branch in schema.any_of:
            one = self.check(branch, node, place)
            if not one.faults:
                return
            found.append(one)
        result.add("number_any_of", place, "Must validate at least one schema (anyOf)")
        best = _furthest(found)
        if best is not None:
            result.merge(best)

    def one_of(self, schema: Schema, node: Any, result: _Result, place: str) -> None:
        found = [self.check(branch, node, place) for branch in schema.one_of]
        valid = sum(not one.faults for one in found)
        if valid == 1:
            return
        result.add("number_one_of", place, "Must validate one and only one schema (oneOf)")
        best = None if valid else _furthest(found)
        if best is not None:
            result.merge(best)

    def dependencies(self, schema: Schema, node: dict[str, Any], result: _Result, place: str) -> None:
        for name in sorted(node.keys() & schema.dependencies.keys()):
            needed = schema.dependencies[name]
            if not isinstance(needed, list):
                self.validate(needed, node, result, place)
                continue
            for other in needed:
                if other not in node:
                    result.add("missing_dependency", place, f"Has a dependency on {other}")

    def condition(self, schema: Schema, node: Any, result: _Result, place: str) -> None:
        assert schema.condition is not None  # noqa: S101 - whoever calls has looked
        holds = not self.check(schema.condition, node, place).faults
        branch = schema.consequence if holds else schema.alternative
        if branch is None:
            return
        found = self.check(branch, node, place)
        if found.faults:
            name, was = ("then", "valid") if holds else ("else", "not valid")
            result.add(f"condition_{name}", place, f'Must validate "{name}" as "if" was {was}')
            result.merge(found)

    def array(self, schema: Schema, node: list[Any], result: _Result, place: str) -> None:
        items = repeat(schema.items[0]) if schema.every_item else schema.items
        for number, (inner, item) in enumerate(zip(items, node, strict=False)):
            result.merge(self.check(inner, item, f"{place}.{number}"))
        if not schema.every_item and 0 < len(schema.items) < len(node):
            self.additional_items(schema, node, result, place)
        sizes = schema.sizes
        if len(node) < sizes.get("minItems", 0):
            result.add("array_min_items", place, f"Array must have at least {sizes['minItems']} items")
        if len(node) > sizes.get("maxItems", len(node)):
            result.add("array_max_items", place, f"Array must have at most {sizes['maxItems']} items")
        if schema.unique_items:
            _check_unique(node, result, place)
        if schema.contains is not None:
            self.contains(schema.contains, node, result, place)
        result.score += 1

    def additional_items(self, schema: Schema, node: list[Any], result: _Result, place: str) -> None:
        rest = schema.additional_items
        if rest is False:
            result.add("array_no_additional_items", place, "No additional items allowed on array")
        elif rest is not None and rest is not True:
            for number in range(len(schema.items), len(node)):
                result.merge(self.check(rest, node[number], f"{place}.{number}"))

    def contains(self, wanted: Schema, node: list[Any], result: _Result, place: str) -> None:
        found: list[_Result] = []
        for number, item in enumerate(node):
            one = self.check(wanted, item, f"{place}.{number}")
            if not one.faults:
                return
            found.append(one)
        result.add("contains", place, "At least one of the items must match")
        best = _furthest(found)
        if best is not None:
            result.merge(best)

    def object(self, schema: Schema, node: dict[str, Any], result: _Result, place: str) -> None:
        sizes = schema.sizes
        if len(node) < sizes.get("minProperties", 0):
            least = sizes["minProperties"]
            result.add("array_min_properties", place, f"Must have at least {least} properties")
        if len(node) > sizes.get("maxProperties", len(node)):
            most = sizes["maxProperties"]
            result.add("array_max_properties", place, f"Must have at most {most} properties")
        for name in schema.required:
            if name in node:
                result.score += 1
            else:
                result.add("required", place, f"{name} is required")
        rest = schema.additional_properties
        if schema.pattern_properties or (rest is not None and rest is not True):
            self.other_properties(schema, node, result, place)
        if schema.property_names is not None:
            for name in sorted(node):
                found = self.check(schema.property_names, name, place)
                if found.faults:
                    result.add("invalid_property_name", place, f'Property name of "{name}" does not match')
                    result.merge(found)
        result.score += 1

    def other_properties(self, schema: Schema, node: dict[str, Any], result: _Result, place: str) -> None:
        named = {inner.name for inner in schema.properties}
        rest = schema.additional_properties
        for name in sorted(node):
            matching = [inner for pattern, inner in schema.pattern_properties if pattern.search(name)]
            for inner in matching:
                result.merge(self.check(inner, node[name], f"{place}.{name}"))
            result.score += bool(matching)
            if matching or name in named or rest is None or rest is True:
                continue
            if rest is False:
                result.add(
                    "additional_property_not_allowed", place, f"Additional property {name} is not allowed"
                )
            else:
                result.merge(self.check(rest, node[name], f"{place}.{name}"))


def _is_wrong_type(types: list[str], node: Any, result: _Result, place: str) -> bool:
    number = is_number(node)
    kind = ("integer" if is_whole(node) else "number") if number else _JSON_TYPES[type(node)]
    if not types or kind in types or (number and "number" in types):
        return False
    wanted = f"[{','.join(types)}]" if len(types) > 1 else types[0]
    result.add("invalid_type", place, f"Invalid type. Expected: {wanted}, given: {kind}")
    return True


def _check_unique(node: list[Any], result: _Result, place: str) -> None:
    seen: dict[str, int] = {}
    for number, text in enumerate(map(comparable, node)):
        if text in seen:
            result.add("unique", place, f"array items[{seen[text]},{number}] must be unique")
        seen[text] = number


def _check_any(schema: Schema, node: Any, result: _Result, place: str) -> None:
    where = place.removeprefix(_ROOT + ".")
    if schema.const is not None and comparable(node) != schema.const:
        result.add("const", place, f"{where} does not match: {schema.const}")
    if schema.enum is not None and comparable(node) not in schema.enum:
        allowed = ", ".join(schema.enum)
        result.add("enum", place, f"{where} must be one of the following: {allowed}")
    if schema.format and type(node) is str and not fits(schema.format, node):
        result.add("format", place, f"Does not match format '{schema.format}'")
    result.score += 1


def _check_string(schema: Schema, node: str, result: _Result, place: str) -> None:
    sizes = schema.sizes
    if len(node) < sizes.get("minLength", 0):
        least = sizes["minLength"]
        result.add("string_gte", place, f"String length must be greater than or equal to {least}")
    if len(node) > sizes.get("maxLength", len(node)):
        result.add("string_lte", place, f"String length must be less than or equal to {sizes['maxLength']}")
    if schema.pattern is not None and not schema.pattern.search(node):
        result.add("pattern", place, f"Does not match pattern '{schema.pattern_text}'")
    result.score += 1


def _check_number(schema: Schema, node: Any, result: _Result, place: str) -> None:
    if schema.multiple_of is not None or schema.limits:
        value = exact(node)
        if schema.multiple_of is not None and value % schema.multiple_of:
            result.add("multiple_of", place, f"Must be a multiple of {bound(schema.multiple_of)}")
        breaks = {
            "maximum": value.__gt__,
            "exclusiveMaximum": value.__ge__,
            "minimum": value.__lt__,
            "exclusiveMinimum": value.__le__,
        }
        for key, kind, words in _LIMITS:
            if key in schema.limits and breaks[key](schema.limits[key]):
                result.add(kind, place, f"{words} {bound(schema.limits[key])}")
    result.score += 1
