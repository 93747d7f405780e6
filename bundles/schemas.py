"""Holds a bundle's data against the JSON Schemas in its manifest; knows schemas, and no policy and no file.

The data says who may use what: a misspelt `max_tokens` is a limit that nobody applies.
So data that doesn't fit to the letter is refused, and so is a schema that might not be applied to the letter.
Schemas are draft-07 (https://json-schema.org/draft-07), the newest that `opa check --schema` reads,
and only that part of it that can't be ignored, reach out of the bundle or take for ever.
"""

from __future__ import annotations

import functools
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import re2
from jsonschema import Draft7Validator, validators
from jsonschema.exceptions import ValidationError
from referencing import Registry

from bundles.documents import canonical
from bundles.errors import BundleError
from bundles.formats import FORMATS
from bundles.wording import RULES, names, said, where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
MAX_CHOICES: Final = 256
MAX_FINDINGS: Final = 10
_MAX_ERRORS: Final = 100  # several may say the same: names that are missing are found one by one
_NOTES: Final = frozenset({"$comment", "$id", "title", "description"})
_PARTS: Final = frozenset({"properties", "additionalProperties", "propertyNames", "items"})


def check_data(data: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
    """Refuse data that doesn't fit, naming each place and the rule that is broken there, never a value.

    Args:
        data: the bundle's data, by its topmost names.
        schemas: the schema of each topmost name, as `check_schemas` let them pass.

    Raises:
        BundleError: `bundle.data_invalid`, with up to `MAX_FINDINGS` findings.
    """
    findings = sorted({f"{where(path)} {what}" for path, what in breaches(data, schemas)})
    if findings:
        more = ["and more"] if len(findings) > MAX_FINDINGS else []
        raise BundleError("bundle.data_invalid", "; ".join([*findings[:MAX_FINDINGS], *more]))


def breaches(data: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """The places where data doesn't fit, each with the rule that is broken there; no more than anybody reads.

    Raises:
        BundleError: `bundle.data_invalid`, when the data is nested too deeply to be looked at.
    """
    try:
        return list(islice(_breaches(data, schemas), _MAX_ERRORS))
    except RecursionError:
        raise BundleError("bundle.data_invalid", "data.json is nested too deeply") from None


def check_schemas(schemas: object) -> None:
    """Refuse schemas that could be misread, reach out of the bundle, or take for ever.

    Raises:
        BundleError: `bundle.malformed`.
    """
    if not isinstance(schemas, dict):
        raise BundleError("bundle.malformed", ".manifest has no schemas of the data: build the bundle again")
    try:
        if len(canonical(schemas)) > MAX_BYTES:
            raise BundleError("bundle.malformed", f".manifest has more than {MAX_BYTES} bytes of schemas")
        for name, schema in schemas.items():
            _check_schema(name, schema)
    except RecursionError:
        raise BundleError("bundle.malformed", ".manifest has a schema nested too deeply") from None


def _breaches(
    data: Mapping[str, Any], schemas: Mapping[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name in sorted(data.keys() | schemas.keys()):
        if name not in schemas:
            yield (name,), "has no schema; every table of the data needs one in the sources"
        elif name not in data:
            yield (name,), "is missing"
        else:
            for error in _validator(schemas[name]).iter_errors(data[name]):
                yield (name, *error.absolute_path), said(error)


# Which schemas may be carried.


def _check_schema(name: str, schema: object) -> None:
    if isinstance(schema, dict) and schema.get("$schema", DRAFT) != DRAFT:
        raise _unusable((name,), f"must name {DRAFT} as its $schema")
    waiting: list[tuple[tuple[str, ...], object]] = [((name,), _undrafted(schema))]
    while waiting:
        path, node = waiting.pop()
        if not isinstance(node, dict):
            raise _unusable(path, "is no JSON object")
        if len(path) > MAX_DEPTH:
            raise _unusable((name,), f"is nested deeper than {MAX_DEPTH}")
        # `$ref` fetches, goes round in circles, or doubles with each step. An unknown word is a limit that
        # nobody applies. A `$schema` below the top has the library take its own rules instead of these.
        if unknown := node.keys() - RULES.keys() - _PARTS - _NOTES:
            raise _unusable(path, f"has {names(unknown)}, which may not be used here")
        _check_words(path, node)
        waiting += _parts(path, node)
    for error in _validator(Draft7Validator.META_SCHEMA).iter_errors(_undrafted(schema)):
        raise _unusable((name, *map(str, error.absolute_path)), "is not what draft-07 allows")


def _check_words(path: tuple[str, ...], node: Mapping[str, Any]) -> None:
    choices, pattern = node.get("enum", []), node.get("pattern", "")
    nested = not isinstance(choices, list) or any(isinstance(choice, dict | list) for choice in choices)
    if nested or len(choices) > MAX_CHOICES:
        raise _unusable(path, f"must have at most {MAX_CHOICES} plain values in enum")
    if not isinstance(wanted := node.get("format", "glob"), str) or wanted not in FORMATS:
        raise _unusable(path, f"has a format that isn't known here (known: {names(FORMATS)})")
    try:
        _expression(str(pattern))
    except re2.error:
        raise _unusable(path, "has a pattern that RE2 can't read") from None


def _parts(path: tuple[str, ...], node: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], object]]:
    properties = node.get("properties", {})
    if not isinstance(properties, dict):
        raise _unusable(path, "must have an object of properties")
    for name, part in properties.items():
        yield (*path, name), part
    for word in _PARTS & node.keys() - {"properties"}:
        if word != "additionalProperties" or not isinstance(node[word], bool):
            yield (*path, word), node[word]


def _unusable(path: tuple[str, ...], why: str) -> BundleError:
    return BundleError("bundle.malformed", f".manifest: the schema of {where(path)} {why}")


# How they are applied: draft-07 as the library has it, but for what a hostile bundle could stall it with.


def _pattern(_applied: object, pattern: str, value: object, _schema: object) -> Iterator[ValidationError]:
    """RE2 instead of `re`, which a pattern such as `(a+)+$` keeps busy for years."""
    if isinstance(value, str) and _expression(pattern).search(value) is None:
        yield ValidationError("pattern")


def _format(_applied: object, wanted: str, value: object, _schema: object) -> Iterator[ValidationError]:
    known = FORMATS.get(wanted)  # the draft's own schema, which this is applied to as well, asks for others
    if known is not None and isinstance(value, str) and not known[0](value):
        yield ValidationError("format")


def _unique(_applied: object, wanted: object, value: object, _schema: object) -> Iterator[ValidationError]:
    """By spelling, in one pass: the library compares every two entries where it can't sort them."""
    if wanted and isinstance(value, list) and len(set(map(canonical, value))) < len(value):
        yield ValidationError("uniqueItems")


def _property_names(applied: Any, rules: object, value: object, _schema: object) -> Iterator[ValidationError]:
    """With the name at the end of the path; the library doesn't say which one is wrong."""
    if isinstance(value, dict):
        for name in value:
            yield from applied.descend(instance=name, schema=rules, path=name)


# To draft-07, 4096.0 is an integer; to whoever reads an obligation it is none.
_Validator: Any = validators.extend(  # type: ignore[no-untyped-call]  # the library's stubs don't type it
    Draft7Validator,
    {"pattern": _pattern, "format": _format, "uniqueItems": _unique, "propertyNames": _property_names},
    type_checker=Draft7Validator.TYPE_CHECKER.redefine("integer", lambda _checker, value: type(value) is int),
)


def _validator(schema: Mapping[str, Any]) -> Any:
    """A validator that fetches nothing: this registry knows the drafts and can't retrieve."""
    return _Validator(_undrafted(schema), registry=Registry())


def _undrafted(schema: Any) -> Any:
    """Without `$schema`, by which the library would choose its own validator."""
    return (
        {word: rule for word, rule in schema.items() if word != "$schema"}
        if isinstance(schema, dict)
        else schema
    )


@functools.lru_cache(maxsize=256)
def _expression(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
