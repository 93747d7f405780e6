"""A document as a schema that documents can be validated against, or why it is none.

Longer than most modules: which of several faults is named depends on the order of the checks,
so they stand in gojsonschema's order, one keyword after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rego import gourl
from rego.builtins.patterns import automaton
from rego.errors import BuiltinError
from rego.gojsonschema import references
from rego.gojsonschema.wording import SchemaError, comparable, exact, is_number

if TYPE_CHECKING:
    from fractions import Fraction

_TYPES: Final = ("array", "boolean", "integer", "number", "null", "object", "string")
_HYBRID: Final = 100  # no draft named: every keyword counts, and the limits may be of either kind
_DRAFT_4: Final = 4
_DRAFT_6: Final = 6
_DRAFT_7: Final = 7
_SCHEMA: Final = "Valid Schema"
_MAX_SCHEMAS: Final = 100_000
_MAX_INT64: Final = 2**63 - 1


@dataclass(slots=True)
class Schema:
    """A schema, or one within another.

    It may contain itself, so it is built bit by bit and not frozen; once compiled, nobody changes it.
    """

    name: str
    draft: int = _HYBRID
    place: gourl.URL = field(default_factory=gourl.URL)
    passes: bool | None = None
    target: Schema | None = None
    types: list[str] = field(default_factory=list)
    properties: list[Schema] = field(default_factory=list)
    additional_properties: Schema | bool | None = None
    pattern_properties: list[tuple[Any, Schema]] = field(default_factory=list)
    property_names: Schema | None = None
    dependencies: dict[str, list[str] | Schema] = field(default_factory=dict)
    items: list[Schema] = field(default_factory=list)
    every_item: bool = False
    additional_items: Schema | bool | None = None
    multiple_of: Fraction | None = None
    limits: dict[str, Fraction] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    pattern: Any = None
    pattern_text: str = ""
    format: str = ""
    required: list[str] = field(default_factory=list)
    unique_items: bool = False
    contains: Schema | None = None
    const: str | None = None
    enum: list[str] | None = None
    one_of: list[Schema] = field(default_factory=list)
    any_of: list[Schema] = field(default_factory=list)
    all_of: list[Schema] = field(default_factory=list)
    negated: Schema | None = None
    condition: Schema | None = None
    consequence: Schema | None = None
    alternative: Schema | None = None


def compiled(document: Any) -> Schema:
    """Compile a schema.

    Args:
        document: The schema as plain JSON; its references are made absolute in place.

    Raises:
        SchemaError: It is none.
    """
    pool = references.Pool(document)
    draft = pool.root.draft or _HYBRID
    return _Compiler(pool).compile(document, Schema("(Root)", draft), is_root=True)


class _Compiler:
    def __init__(self, pool: references.Pool) -> None:
        self.pool = pool
        self.targets: dict[str, Schema] = {}
        self.made = 0

    def inner(self, document: Any, parent: Schema, name: str) -> Schema:
        """Compile a schema within another."""
        return self.compile(document, Schema(name, parent.draft, parent.place))

    def compile(self, document: Any, schema: Schema, *, is_root: bool = False) -> Schema:
        self.made += 1
        if self.made > _MAX_SCHEMAS:
            raise SchemaError("the schema is too large")
        if schema.draft >= _DRAFT_6 and type(document) is bool:
            schema.passes = document
            return schema
        if type(document) is not dict:
            raise SchemaError(f"Expected: {_SCHEMA}, given: Invalid JSON")
        self.identify(document, schema, is_root=is_root)
        self.define(document, schema)
        for key in ("title", "description"):
            _string(document, key)
        reference = _string(document, "$ref")
        if reference is not None and not self.refer(references.parse(reference), schema):
            return schema
        _add_types(document, schema)
        self.add_properties(document, schema)
        self.add_items(document, schema)
        _add_limits(document, schema)
        _add_text_rules(document, schema)
        _add_sizes(document, schema)
        if "contains" in document and schema.draft >= _DRAFT_6:
            schema.contains = self.inner(document["contains"], schema, "contains")
        _add_choices(document, schema)
        self.add_branches(document, schema)
        return schema

    def identify(self, document: dict[str, Any], schema: Schema, *, is_root: bool) -> None:
        old = schema.draft == _DRAFT_4 or (schema.draft == _HYBRID and "id" in document)
        name = _string(document, "id" if old else "$id")
        if name is not None:
            own = references.parse(name)
            schema.place = own if is_root else references.join(schema.place, name)

    def define(self, document: dict[str, Any], schema: Schema) -> None:
        if "definitions" not in document:
            return
        found = document["definitions"]
        if type(found) is not dict:
            raise _wrong_type("Array Of Schemas", "definitions")
        for name in sorted(found):
            if type(found[name]) not in {bool, dict}:
                raise _wrong_type("Array Of Schemas", "definitions")
            self.inner(found[name], schema, "definitions")

    def refer(self, reference: gourl.URL, schema: Schema) -> bool:
        """Note where a schema's reference leads; tell whether that was known already.

        Where it was not, gojsonschema does not look at the keywords beside the reference.
        """
        name = references.written(reference)
        known = self.targets.get(name)
        if known is not None:
            schema.target = known
            return True
        target = self.targets[name] = Schema("$ref", schema.draft, reference)
        found = self.pool.find(reference)
        target.draft = found.draft or schema.draft
        if type(found.content) not in {bool, dict}:
            raise SchemaError(f"{_SCHEMA} must be of type object")
        self.compile(found.content, target)
        schema.target = target
        return False

    def add_properties(self, document: dict[str, Any], schema: Schema) -> None:
        found = document.get("properties", {})
        if type(found) is not dict:
            raise SchemaError("Properties must be of type object")
        schema.properties = [self.inner(found[name], schema, name) for name in sorted(found)]
        schema.additional_properties = self.rest(document, schema, "additionalProperties")
        patterns = document.get("patternProperties", {})
        if type(patterns) is not dict:
            raise _wrong_type(_SCHEMA, "patternProperties")
        for pattern in sorted(patterns):
            made = _automaton(pattern, f"Invalid regex pattern '{pattern}'")
            schema.pattern_properties.append((made, self.inner(patterns[pattern], schema, pattern)))
        if "propertyNames" in document and schema.draft >= _DRAFT_6:
            if type(document["propertyNames"]) not in {bool, dict}:
                raise _wrong_type(_SCHEMA, "patternProperties")
            schema.property_names = self.inner(document["propertyNames"], schema, "propertyNames")
        self.add_dependencies(document.get("dependencies", {}), schema)

    def rest(self, document: dict[str, Any], schema: Schema, key: str) -> Schema | bool | None:
        """Compile what is left over where `properties` or `items` name nothing."""
        found = document.get(key, True)
        if type(found) is bool:
            return found if key in document else None
        if type(found) is not dict:
            raise _wrong_type(f"boolean/{_SCHEMA}", key)
        return self.inner(found, schema, key)

    def add_dependencies(self, found: Any, schema: Schema) -> None:
        if type(found) is not dict:
            raise SchemaError("dependencies must be of type object")
        for name in sorted(found):
            needed = found[name]
            if type(needed) in {bool, dict}:
                schema.dependencies[name] = self.inner(needed, schema, name)
            elif type(needed) is list and all(type(item) is str for item in needed):
                schema.dependencies[name] = needed
            else:
                raise SchemaError("Dependency must be of type Schema Or Array Of Strings")

    def add_items(self, document: dict[str, Any], schema: Schema) -> None:
        found = document.get("items", [])
        schema.every_item = type(found) is not list
        for item in [found] if schema.every_item else found:
            if type(item) not in {bool, dict}:
                raise _wrong_type(f"{_SCHEMA}/Array Of Schemas", "items")
            schema.items.append(self.inner(item, schema, "items"))
        schema.additional_items = self.rest(document, schema, "additionalItems")

    def add_branches(self, document: dict[str, Any], schema: Schema) -> None:
        for key, branches in (
            ("oneOf", schema.one_of), ("anyOf", schema.any_of), ("allOf", schema.all_of)
        ):  # fmt: skip
            branches += [self.inner(item, schema, key) for item in _array(document, key) or []]
        schema.negated = self.branch(document, schema, "not")
        if schema.draft >= _DRAFT_7:
            schema.condition = self.branch(document, schema, "if")
            schema.consequence = self.branch(document, schema, "then")
            schema.alternative = self.branch(document, schema, "else")

    def branch(self, document: dict[str, Any], schema: Schema, key: str) -> Schema | None:
        if key not in document:
            return None
        if type(document[key]) not in {bool, dict}:
            raise SchemaError(f"{key} must be of an object")
        return self.inner(document[key], schema, key)


def _add_types(document: dict[str, Any], schema: Schema) -> None:
    found = document.get("type", [])
    for name in [found] if type(found) is str else found if type(found) is list else [None]:
        if type(name) is not str:
            raise _wrong_type("type", "string/Array Of Strings")
        if name not in _TYPES:
            raise SchemaError(
                f"has a primitive type that is NOT VALID -- given: /{name}/ "
                f"Expected valid values are:[{' '.join(_TYPES)}]"
            )
        if name in schema.types:
            raise SchemaError(f"{name} type is duplicated")
        schema.types.append(name)


def _add_limits(document: dict[str, Any], schema: Schema) -> None:
    if "multipleOf" in document:
        if not is_number(document["multipleOf"]):
            raise _wrong_type("Number", "multipleOf")
        schema.multiple_of = exact(document["multipleOf"])
        if schema.multiple_of <= 0:
            raise SchemaError("multipleOf must be strictly greater than 0")
    for key, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if key in document:
            if not is_number(document[key]):
                raise SchemaError(f"{key} must be of a Number")
            schema.limits[key] = exact(document[key])
        if exclusive in document:
            _add_exclusive(document[exclusive], schema, key, exclusive)


def _add_exclusive(found: Any, schema: Schema, key: str, exclusive: str) -> None:
    """Note an exclusive limit: draft 4 has a flag beside the limit, later ones the limit itself."""
    if type(found) is bool and schema.draft in {_DRAFT_4, _HYBRID}:
        if key not in schema.limits:
            raise SchemaError(f"{exclusive} cannot be used without {key}")
        if found:
            schema.limits[exclusive] = schema.limits.pop(key)
    elif is_number(found) and schema.draft != _DRAFT_4:
        schema.limits[exclusive] = exact(found)
    else:
        wanted = {_DRAFT_4: "boolean", _HYBRID: "boolean/number"}.get(schema.draft, "number")
        raise _wrong_type(wanted, exclusive)


def _add_text_rules(document: dict[str, Any], schema: Schema) -> None:
    _add_size(document, schema, "minLength")
    _add_size(document, schema, "maxLength")
    _require_order(schema, "minLength", "maxLength")
    pattern = _string(document, "pattern")
    if pattern is not None:
        schema.pattern = _automaton(pattern, "pattern must be a valid regex")
        schema.pattern_text = pattern
    schema.format = _string(document, "format") or ""


def _add_sizes(document: dict[str, Any], schema: Schema) -> None:
    _add_size(document, schema, "minProperties")
    _add_size(document, schema, "maxProperties")
    _require_order(schema, "minProperties", "maxProperties")
    for name in _array(document, "required") or []:
        if type(name) is not str:
            raise _wrong_type("string", "required")
        if name in schema.required:
            raise SchemaError("required items must be unique")
        schema.required.append(name)
    _add_size(document, schema, "minItems")
    _add_size(document, schema, "maxItems")
    unique = document.get("uniqueItems", False)
    if type(unique) is not bool:
        raise SchemaError("uniqueItems must be of a boolean")
    schema.unique_items = unique


def _add_size(document: dict[str, Any], schema: Schema, key: str) -> None:
    if key not in document:
        return
    found = document[key]
    if type(found) is not int or abs(found) > _MAX_INT64:
        raise SchemaError(f"{key} must be of an integer")
    if found < 0:
        raise SchemaError(f"{key} must be greater than or equal to 0")
    schema.sizes[key] = found


def _require_order(schema: Schema, low: str, high: str) -> None:
    if low in schema.sizes and high in schema.sizes and schema.sizes[low] > schema.sizes[high]:
        raise SchemaError(f"{low} cannot be greater than {high}")


def _add_choices(document: dict[str, Any], schema: Schema) -> None:
    if "const" in document and schema.draft >= _DRAFT_6:
        schema.const = comparable(document["const"])
    found = _array(document, "enum")
    if found is not None:
        schema.enum = []
        for item in map(comparable, found):
            if item in schema.enum:
                raise SchemaError("enum items must be unique")
            schema.enum.append(item)


def _automaton(pattern: str, fault: str) -> Any:
    try:
        return automaton(pattern)
    except BuiltinError as error:
        raise SchemaError(fault) from error


def _string(document: dict[str, Any], key: str) -> str | None:
    found = document.get(key, "")
    if type(found) is not str:
        raise _wrong_type("string", key)
    return found if key in document else None


def _array(document: dict[str, Any], key: str) -> list[Any] | None:
    found = document.get(key, [])
    if type(found) is not list:
        raise SchemaError(f"{key} must be of an array")
    return found if key in document else None


def _wrong_type(expected: str, given: str) -> SchemaError:
    return SchemaError(f"Invalid type. Expected: {expected}, given: {given}")
