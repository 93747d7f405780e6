"""A compiled policy as typed, frozen nodes, and the strict reading of `plan.json`; runs nothing.

The statements and their fields are those of OPA's intermediate representation
(https://www.openpolicyagent.org/docs/ir). Whatever does not fit is refused with `PlanError`: nothing after
this module looks at raw JSON again. Longer than most modules because it lists every statement there is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

import orjson

from rego import numeric
from rego.errors import Location, PlanError

Local: TypeAlias = int
Operand: TypeAlias = int | str | bool  # a local's number, a constant string, a constant boolean

INPUT: Final = 0
DATA: Final = 1
RULE_PARAMS: Final = 2  # a rule asks the input and the data alone; a function's operands follow them

_MAX_LOCALS: Final = 1_000_000
_MAX_DEPTH: Final = 40  # blocks in blocks; Python's parser stops at 100 indentations
_LOOKUP_LEVELS: Final = 4  # how far a dynamic call that finds a function without a value jumps


@dataclass(frozen=True, slots=True)
class Statement:
    """What every statement has: the place in the Rego source that it was compiled from."""

    location: Location


@dataclass(frozen=True, slots=True)
class Block:
    """Statements that run in order until one is undefined."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ArrayAppend(Statement):
    """Append a value to an array."""

    value: Operand
    array: Local


@dataclass(frozen=True, slots=True)
class AssignInt(Statement):
    """Set a local to a whole number."""

    value: int
    target: Local


@dataclass(frozen=True, slots=True)
class AssignVar(Statement):
    """Set a local to a value."""

    source: Operand
    target: Local


@dataclass(frozen=True, slots=True)
class AssignVarOnce(Statement):
    """Set a local that has no other value; another value is a conflict."""

    source: Operand
    target: Local


@dataclass(frozen=True, slots=True)
class Nested(Statement):
    """Run blocks, one after the other, whether defined or not (`BlockStmt`)."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Break(Statement):
    """Leave this block and `index` blocks around it."""

    index: int


@dataclass(frozen=True, slots=True)
class CallDynamic(Statement):
    """Call the rule at a path known only at run time."""

    args: tuple[Local, ...]
    result: Local
    path: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Call(Statement):
    """Call a function of the plan or a builtin."""

    func: str
    args: tuple[Operand, ...]
    result: Local


@dataclass(frozen=True, slots=True)
class Dot(Statement):
    """Step into a value; undefined where there is no such key."""

    source: Operand
    key: Operand
    target: Local


@dataclass(frozen=True, slots=True)
class Equal(Statement):
    """Go on only where both are equal."""

    a: Operand
    b: Operand


@dataclass(frozen=True, slots=True)
class NotEqual(Statement):
    """Go on only where both differ."""

    a: Operand
    b: Operand


@dataclass(frozen=True, slots=True)
class IsArray(Statement):
    """Go on only with an array."""

    source: Operand


@dataclass(frozen=True, slots=True)
class IsObject(Statement):
    """Go on only with an object."""

    source: Operand


@dataclass(frozen=True, slots=True)
class IsSet(Statement):
    """Go on only with a set."""

    source: Operand


@dataclass(frozen=True, slots=True)
class IsDefined(Statement):
    """Go on only where the local has a value."""

    source: Local


@dataclass(frozen=True, slots=True)
class IsUndefined(Statement):
    """Go on only where the local has none."""

    source: Local


@dataclass(frozen=True, slots=True)
class Len(Statement):
    """Take the length of a value."""

    source: Operand
    target: Local


@dataclass(frozen=True, slots=True)
class MakeArray(Statement):
    """Make an empty array."""

    target: Local


@dataclass(frozen=True, slots=True)
class MakeNull(Statement):
    """Make null."""

    target: Local


@dataclass(frozen=True, slots=True)
class MakeNumberInt(Statement):
    """Make a whole number."""

    value: int
    target: Local


@dataclass(frozen=True, slots=True)
class MakeNumberRef(Statement):
    """Make the number that a constant string names."""

    value: numeric.Number
    target: Local


@dataclass(frozen=True, slots=True)
class MakeObject(Statement):
    """Make an empty object."""

    target: Local


@dataclass(frozen=True, slots=True)
class MakeSet(Statement):
    """Make an empty set."""

    target: Local


@dataclass(frozen=True, slots=True)
class Nop(Statement):
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Not(Statement):
    """Go on only where the block is undefined."""

    block: Block


@dataclass(frozen=True, slots=True)
class ObjectInsert(Statement):
    """Put a value under a key."""

    key: Operand
    value: Operand
    object: Local


@dataclass(frozen=True, slots=True)
class ObjectInsertOnce(Statement):
    """Put a value under a key that has no other value; another value is a conflict."""

    key: Operand
    value: Operand
    object: Local


@dataclass(frozen=True, slots=True)
class ObjectMerge(Statement):
    """Merge two objects recursively."""

    a: Local
    b: Local
    target: Local


@dataclass(frozen=True, slots=True)
class ResetLocal(Statement):
    """Take a local's value away."""

    target: Local


@dataclass(frozen=True, slots=True)
class ResultSetAdd(Statement):
    """Add an answer to the plan's answers."""

    value: Local


@dataclass(frozen=True, slots=True)
class ReturnLocal(Statement):
    """Return a local's value from a function."""

    source: Local


@dataclass(frozen=True, slots=True)
class Scan(Statement):
    """Run a block for each key and value of a collection."""

    source: Local
    key: Local
    value: Local
    block: Block


@dataclass(frozen=True, slots=True)
class SetAdd(Statement):
    """Add a value to a set."""

    value: Operand
    set: Local


@dataclass(frozen=True, slots=True)
class With(Statement):
    """Run a block with (a part of) a local replaced."""

    local: Local
    path: tuple[str, ...]
    value: Operand
    block: Block


STATEMENTS: Final[Mapping[str, type[Statement]]] = {
    "ArrayAppendStmt": ArrayAppend, "AssignIntStmt": AssignInt, "AssignVarStmt": AssignVar,
    "AssignVarOnceStmt": AssignVarOnce, "BlockStmt": Nested, "BreakStmt": Break,
    "CallDynamicStmt": CallDynamic, "CallStmt": Call, "DotStmt": Dot, "EqualStmt": Equal,
    "IsArrayStmt": IsArray, "IsDefinedStmt": IsDefined, "IsObjectStmt": IsObject, "IsSetStmt": IsSet,
    "IsUndefinedStmt": IsUndefined, "LenStmt": Len, "MakeArrayStmt": MakeArray, "MakeNullStmt": MakeNull,
    "MakeNumberIntStmt": MakeNumberInt, "MakeNumberRefStmt": MakeNumberRef,
    "MakeObjectStmt": MakeObject, "MakeSetStmt": MakeSet, "NopStmt": Nop, "NotEqualStmt": NotEqual,
    "NotStmt": Not, "ObjectInsertOnceStmt": ObjectInsertOnce, "ObjectInsertStmt": ObjectInsert,
    "ObjectMergeStmt": ObjectMerge, "ResetLocalStmt": ResetLocal, "ResultSetAddStmt": ResultSetAdd,
    "ReturnLocalStmt": ReturnLocal, "ScanStmt": Scan, "SetAddStmt": SetAdd, "WithStmt": With,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Function:
    """A rule or function of the policy; `path` is empty where it cannot be called dynamically."""

    name: str
    params: tuple[Local, ...]
    result: Local
    blocks: tuple[Block, ...]
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entrypoint:
    """A query that the plan was built to answer."""

    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Builtin:
    """A builtin that the plan calls; `void` where it gives no value."""

    name: str
    arity: int | None
    void: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole compiled policy; nothing in it can be changed."""

    entrypoints: tuple[Entrypoint, ...]
    functions: tuple[Function, ...]
    builtins: Mapping[str, Builtin]


def may_mean(pattern: tuple[Operand, ...], path: tuple[str, ...]) -> bool:
    """Tell whether the path of a dynamic call may turn out to be a function's.

    Args:
        pattern: The steps of the call: constants, and locals that may hold anything.
        path: The function's path; empty where it cannot be called so.
    """
    steps = zip(pattern, path, strict=False)
    return len(pattern) == len(path) > 0 and all(
        type(asked) is not str or asked == step for asked, step in steps
    )


def parse(document: bytes | Mapping[str, Any]) -> Plan:
    """Read a plan.

    Args:
        document: `plan.json` as `opa build -t plan` writes it, as bytes or already parsed.

    Raises:
        PlanError: `plan.malformed` where it is no plan; `plan.too_deep` where blocks nest beyond reason.
    """
    if isinstance(document, bytes):
        document = _read(document)
    if not isinstance(document, Mapping):
        raise _malformed("a plan is an object")
    _require_parts(document)
    return _Reader(document["static"]).plan(document)


def _read(document: bytes) -> Any:
    """Return what a JSON text says: mostly at once, and what that parser refuses as Python reads it."""
    with suppress(ValueError):
        return orjson.loads(document)
    try:
        return json.loads(document)
    except (ValueError, RecursionError) as error:
        raise PlanError("plan.malformed", "plan.json is not JSON") from error


def _require_parts(document: Mapping[str, Any]) -> None:
    """Refuse what is another document: OPA writes these parts even where there is nothing in them."""
    for part in ("static", "plans", "funcs"):
        if not isinstance(document.get(part), Mapping):
            raise _malformed(f"a plan has an object {part!r}")
    if "plans" not in document["plans"]:
        raise _malformed("a plan has plans.plans")


def _malformed(message: str) -> PlanError:
    return PlanError("plan.malformed", message)


_T = TypeVar("_T")


def _object(value: Any) -> Mapping[str, Any]:
    if type(value) is dict:
        return value
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _malformed("an object was expected")
    return value


def _list(value: Any) -> list[Any]:
    if value is None:  # Go writes an empty list as null
        return []
    if type(value) is not list:
        raise _malformed("a list was expected")
    return value


def _each(value: Any, read: Callable[[Any], _T]) -> tuple[_T, ...]:
    return tuple(read(item) for item in _list(value))


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _malformed("a string was expected")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise _malformed("a whole number of 64 bits was expected")
    return value


def _natural(value: Any) -> int:
    if _whole(value) < 0:
        raise _malformed("a number of zero or more was expected")
    return int(value)


def _local(value: Any) -> Local:
    if type(value) is not int or not 0 <= value <= _MAX_LOCALS:
        raise _malformed("a local is a whole number, and not too large")
    return value


class _Reader:
    """Reads one document; holds its constants and how deep in blocks it is."""

    def __init__(self, static: Mapping[str, Any]) -> None:
        self.strings = _each(static.get("strings"), lambda item: _text(_object(item).get("value")))
        self.files = _each(static.get("files"), lambda item: _text(_object(item).get("value")))
        self.builtins = {found.name: found for found in _each(static.get("builtin_funcs"), _builtin)}
        self.depth = 0
        self.locations: dict[tuple[Any, Any, Any], Location] = {}
        self.known_readers: dict[type[Statement], Callable[[Mapping[str, Any]], Statement]] = {}
        self.readers: Mapping[str, Callable[[Any], Any]] = {
            "Local": _local,
            "Operand": self.operand,
            "Block": self.block,
            "int": _whole,
            "tuple[Block, ...]": lambda value: _each(value, self.block),
            "tuple[Local, ...]": lambda value: _each(value, _local),
            "tuple[Operand, ...]": lambda value: _each(value, self.operand),
            "tuple[str, ...]": lambda value: _each(value, self.string),
            "str": _text,
        }

    def plan(self, document: Mapping[str, Any]) -> Plan:
        entrypoints = _each(document["plans"]["plans"], self.entrypoint)
        functions = _each(document["funcs"].get("funcs"), self.function)
        for kind in (entrypoints, functions):
            if len({item.name for item in kind}) != len(kind):
                raise _malformed("two entrypoints or two functions have one name")
        return Plan(entrypoints, functions, MappingProxyType(self.builtins))

    def entrypoint(self, raw: Any) -> Entrypoint:
        fields_ = _object(raw)
        return Entrypoint(_text(fields_.get("name")), _each(fields_.get("blocks"), self.block))

    def function(self, raw: Any) -> Function:
        fields_ = _object(raw)
        params = _each(fields_.get("params"), _local)
        if len(params) < 2 or len(set(params)) != len(params):  # noqa: PLR2004 - input and data
            raise _malformed("a function takes the input, the data and then distinct locals")
        return Function(
            _text(fields_.get("name")),
            params,
            _local(fields_.get("return")),
            _each(fields_.get("blocks"), self.block),
            _each(fields_.get("path"), _text),
        )

    def block(self, raw: Any) -> Block:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise PlanError("plan.too_deep", f"blocks nest deeper than {_MAX_DEPTH}")
        try:
            return Block(tuple(map(self.statement, _list(_object(raw).get("stmts")))))
        finally:
            self.depth -= 1

    def statement(self, raw: Any) -> Statement:
        tagged = raw if type(raw) is dict else _object(raw)
        name, given = tagged.get("type"), tagged.get("stmt")
        kind = STATEMENTS.get(name) if type(name) is str else None
        if kind is None:
            raise _malformed("an unknown type of statement")
        if type(given) is not dict:
            given = _object(given)
        read = self.known_readers.get(kind) or self.reader(kind)
        return read(given)

    def reader(self, kind: type[Statement]) -> Callable[[Mapping[str, Any]], Statement]:
        """Return what reads one type of statement."""
        if kind is MakeNumberRef:
            read: Callable[[Mapping[str, Any]], Statement] = self.number
        else:
            parts = [(field.name, self.readers[str(field.type)]) for field in fields(kind)[1:]]
            read = _reading(kind, self.location, parts)
        if kind is Break or kind is CallDynamic:
            self.known_readers[kind] = lambda given: self.checked(read(given))
        else:
            self.known_readers[kind] = read
        return self.known_readers[kind]

    def checked(self, made: Statement) -> Statement:
        if isinstance(made, Break) and not 0 <= made.index < self.depth:
            raise _malformed("a break leaves more blocks than there are")
        if isinstance(made, CallDynamic) and self.depth < _LOOKUP_LEVELS:
            raise _malformed("a dynamic call stands in fewer blocks than it may leave")
        return made

    def number(self, given: Mapping[str, Any]) -> MakeNumberRef:
        text = self.string(given.get("index", given.get("Index")))
        try:
            value = numeric.parse(text)
        except ValueError as error:
            raise _malformed("a number's constant is not a number") from error
        return MakeNumberRef(self.location(given), value, _local(given.get("target")))

    def location(self, given: Mapping[str, Any]) -> Location:
        get = given.get
        place = (get("file", 0), get("row", 0), get("col", 0))
        try:
            found = self.locations.get(place)
        except TypeError:  # a list for a number
            raise _malformed("a whole number of 64 bits was expected") from None
        return self.place(place) if found is None else found

    def place(self, place: tuple[Any, Any, Any]) -> Location:
        file, row, col = map(_natural, place)
        name = self.files[file] if file < len(self.files) else ""
        found = self.locations[place] = Location(name, row, col)
        return found

    def string(self, raw: Any) -> str:
        if type(raw) is not int or not 0 <= raw < len(self.strings):
            raise _malformed("a constant string's number is out of range")
        return self.strings[raw]

    def operand(self, raw: Any) -> Operand:
        # The most frequent part of a plan: it is asked tens of thousands of times.
        tagged = raw if type(raw) is dict else _object(raw)
        value, kind = tagged.get("value"), tagged.get("type")
        if kind == "local":
            if type(value) is int and 0 <= value <= _MAX_LOCALS:
                return value
            return _local(value)
        if kind == "string_index":
            return self.string(value)
        if kind == "bool" and type(value) is bool:
            return value
        raise _malformed("an unknown type of operand")


def _reading(
    kind: Any,
    location: Callable[[Mapping[str, Any]], Location],
    parts: list[tuple[str, Callable[[Any], Any]]],
) -> Callable[[Mapping[str, Any]], Any]:
    """Return what reads a type of statement; written out for the usual numbers of parts, which is faster."""
    if len(parts) == 1:
        ((a, read_a),) = parts
        return lambda given: kind(location(given), read_a(given.get(a)))
    if len(parts) == 2:  # noqa: PLR2004 - a source and a target, mostly
        (a, read_a), (b, read_b) = parts
        return lambda given: kind(location(given), read_a(given.get(a)), read_b(given.get(b)))
    if len(parts) == 3:  # noqa: PLR2004 - a key, too
        (a, read_a), (b, read_b), (c, read_c) = parts
        return lambda given: kind(
            location(given), read_a(given.get(a)), read_b(given.get(b)), read_c(given.get(c))
        )
    return lambda given: kind(location(given), *[read(given.get(name)) for name, read in parts])


def _builtin(raw: Any) -> Builtin:
    given = _object(raw)
    declared = _object(given.get("decl"))
    # A variadic builtin is only ever called with the arguments that the call itself gives.
    arity = None if declared.get("variadic") is not None else len(_list(declared.get("args")))
    return Builtin(_text(given.get("name")), arity, declared.get("result") is None)
