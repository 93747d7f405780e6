"""The nodes of GraphQL documents, with gqlparser's names and shapes, and their form as Rego values.

A node's attributes are Go's fields in Python's spelling (`selection_set` is `SelectionSet`): OPA shows
policies gqlparser's own structures, so their names are part of what policies are written against.
Nodes can be changed, as gqlparser's can: validation writes down what it learns of a query's nodes.
Nothing changes the nodes of a schema once it is built, so that threads may share it.

Longer than most modules: it is one list of classes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from typing_extensions import override

from rego.graphql.errors import GraphQLError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Absent:
    """The type of `ABSENT`."""

    __slots__ = ()

    def __getattr__(self, name: str) -> NoReturn:
        raise GraphQLError("the document lacks a part that it needs")

    @override
    def __setattr__(self, name: str, value: object) -> None:
        raise GraphQLError("the document lacks a part that it needs")


#: Stands where an AST object lacks a node that a parsed document always has.
#: Whoever asks it for anything finds the document invalid; gqlparser would meet a null pointer.
ABSENT: Final[Any] = Absent()


@dataclass(slots=True, eq=False)
class Comment:
    """A comment, with its `#`."""

    value: str = ""


@dataclass(slots=True, eq=False)
class CommentGroup:
    """Comments that follow each other."""

    list: Sequence[Comment] = ()


# ── types, values and directives ────────────────────────────────────────────────────────────────


@dataclass(slots=True, eq=False)
class Type:
    """A reference to a type: to a named one, or to a list of others."""

    named_type: str = ""
    elem: Type | None = None
    non_null: bool = False

    def name(self) -> str:
        """Return the name of the type that lists are lists of."""
        inner = self
        while not inner.named_type:
            inner = ABSENT if inner.elem is None else inner.elem
        return inner.named_type

    def text(self) -> str:
        """Return it as GraphQL writes it."""
        written, inner, ends = "", self, ""
        while not inner.named_type:
            written, ends = written + "[", ("]!" if inner.non_null else "]") + ends
            inner = ABSENT if inner.elem is None else inner.elem
        return f"{written}{inner.named_type}{'!' if inner.non_null else ''}{ends}"


class Kind(IntEnum):
    """What a value is written as; gqlparser's numbers."""

    VARIABLE = 0
    INT = 1
    FLOAT = 2
    STRING = 3
    BLOCK = 4
    BOOLEAN = 5
    NULL = 6
    ENUM = 7
    LIST = 8
    OBJECT = 9


@dataclass(slots=True, eq=False)
class Value:
    """A value in a document; `raw` is its text, and a variable's name without `$`."""

    raw: str = ""
    children: Sequence[ChildValue] = ()
    kind: int = Kind.VARIABLE
    comment: CommentGroup | None = None
    definition: Definition | None = None
    variable_definition: VariableDefinition | None = None
    expected_type: Type | None = None
    expected_type_has_default: bool = False


@dataclass(slots=True, eq=False)
class ChildValue:
    """A member of a list, or a field of an input object."""

    name: str = ""
    value: Value = ABSENT
    comment: CommentGroup | None = None


@dataclass(slots=True, eq=False)
class Argument:
    """An argument of a field or directive."""

    name: str = ""
    value: Value = ABSENT
    comment: CommentGroup | None = None


@dataclass(slots=True, eq=False)
class Directive:
    """A use of a directive."""

    name: str = ""
    arguments: Sequence[Argument] = ()
    parent_definition: Definition | None = None
    definition: DirectiveDefinition | None = None
    location: str = ""


# ── queries ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True, eq=False)
class Field:
    """A field that a query asks for."""

    alias: str = ""
    name: str = ""
    arguments: Sequence[Argument] = ()
    directives: Sequence[Directive] = ()
    selection_set: Sequence[Selection] = ()
    comment: CommentGroup | None = None
    definition: FieldDefinition = ABSENT
    object_definition: Definition = ABSENT


@dataclass(slots=True, eq=False)
class FragmentSpread:
    """`...Name`."""

    name: str = ""
    directives: Sequence[Directive] = ()
    object_definition: Definition = ABSENT
    definition: FragmentDefinition = ABSENT
    comment: CommentGroup | None = None


@dataclass(slots=True, eq=False)
class InlineFragment:
    """`... on Type {}`."""

    type_condition: str = ""
    directives: Sequence[Directive] = ()
    selection_set: Sequence[Selection] = ()
    object_definition: Definition = ABSENT
    comment: CommentGroup | None = None


Selection: TypeAlias = Field | FragmentSpread | InlineFragment


@dataclass(slots=True, eq=False)
class VariableDefinition:
    """`$name: Type = default`."""

    variable: str = ""
    type: Type = ABSENT
    default_value: Value | None = None
    directives: Sequence[Directive] = ()
    comment: CommentGroup | None = None
    definition: Definition | None = None
    used: bool = False


@dataclass(slots=True, eq=False)
class FragmentDefinition:
    """`fragment Name on Type {}`."""

    name: str = ""
    variable_definition: Sequence[VariableDefinition] = ()
    type_condition: str = ""
    directives: Sequence[Directive] = ()
    selection_set: Sequence[Selection] = ()
    definition: Definition | None = None
    comment: CommentGroup | None = None


@dataclass(slots=True, eq=False)
class OperationDefinition:
    """A query, mutation or subscription."""

    operation: str = ""
    name: str = ""
    variable_definitions: Sequence[VariableDefinition] = ()
    directives: Sequence[Directive] = ()
    selection_set: Sequence[Selection] = ()
    comment: CommentGroup | None = None


@dataclass(slots=True, eq=False)
class QueryDocument:
    """What a client sends."""

    operations: Sequence[OperationDefinition] = ()
    fragments: Sequence[FragmentDefinition] = ()
    comment: CommentGroup | None = None


# ── schemas ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(eq=False)
class ArgumentDefinition:
    """An argument that a field or directive takes."""

    description: str = ""
    name: str = ""
    default_value: Value | None = None
    type: Type = ABSENT
    directives: Sequence[Directive] = ()
    before_description_comment: CommentGroup | None = None
    after_description_comment: CommentGroup | None = None


@dataclass(eq=False)
class FieldDefinition:
    """A field of a type; only an object's takes arguments, only an input object's has a default."""

    description: str = ""
    name: str = ""
    arguments: Sequence[ArgumentDefinition] = ()
    default_value: Value | None = None
    type: Type = ABSENT
    directives: Sequence[Directive] = ()
    before_description_comment: CommentGroup | None = None
    after_description_comment: CommentGroup | None = None

    @cached_property
    def arguments_by_name(self) -> Mapping[str, ArgumentDefinition]:
        """The arguments; of two with one name the first."""
        return _by_name(self.arguments)


@dataclass(eq=False)
class EnumValueDefinition:
    """A value of an enum."""

    description: str = ""
    name: str = ""
    directives: Sequence[Directive] = ()
    before_description_comment: CommentGroup | None = None
    after_description_comment: CommentGroup | None = None


@dataclass(eq=False)
class DirectiveDefinition:
    """A directive that a schema defines."""

    description: str = ""
    name: str = ""
    arguments: Sequence[ArgumentDefinition] = ()
    locations: Sequence[str] = ()
    is_repeatable: bool = False
    before_description_comment: CommentGroup | None = None
    after_description_comment: CommentGroup | None = None

    @cached_property
    def arguments_by_name(self) -> Mapping[str, ArgumentDefinition]:
        """The arguments; of two with one name the first."""
        return _by_name(self.arguments)


SCALAR: Final = "SCALAR"
OBJECT: Final = "OBJECT"
INTERFACE: Final = "INTERFACE"
UNION: Final = "UNION"
ENUM: Final = "ENUM"
INPUT_OBJECT: Final = "INPUT_OBJECT"


@dataclass(eq=False)
class Definition:
    """A type, of whatever kind, or an extension of one."""

    kind: str = ""
    description: str = ""
    name: str = ""
    directives: Sequence[Directive] = ()
    interfaces: Sequence[str] = ()
    fields: Sequence[FieldDefinition] = ()
    types: Sequence[str] = ()
    enum_values: Sequence[EnumValueDefinition] = ()
    built_in: bool = False
    before_description_comment: CommentGroup | None = None
    after_description_comment: CommentGroup | None = None
    end_of_definition_comment: CommentGroup | None = None

    @cached_property
    def fields_by_name(self) -> Mapping[str, FieldDefinition]:
        """The fields; of two with one name the first."""
        return _by_name(self.fields)

    @cached_property
    def value_names(self) -> frozenset[str]:
        """The names of an enum's values."""
        return frozenset(value.name for value in self.enum_values)

    @property
    def is_leaf(self) -> bool:
        """Whether a field of this type has no fields of its own."""
        return self.kind in {ENUM, SCALAR}

    @property
    def is_composite(self) -> bool:
        """Whether a fragment can be on this type."""
        return self.kind in {OBJECT, INTERFACE, UNION}

    @property
    def is_input(self) -> bool:
        """Whether an argument or variable can have this type."""
        return self.kind in {SCALAR, ENUM, INPUT_OBJECT}


def _by_name(nodes: Sequence[Any]) -> dict[str, Any]:
    return {node.name: node for node in reversed(nodes)}


@dataclass(slots=True, eq=False)
class OperationTypeDefinition:
    """`query: Type`."""

    operation: str = ""
    type: str = ""
    comment: CommentGroup | None = None


@dataclass(slots=True, eq=False)
class SchemaDefinition:
    """`schema {}` or an extension of it."""

    description: str = ""
    directives: Sequence[Directive] = ()
    operation_types: Sequence[OperationTypeDefinition] = ()
    before_description_comment: CommentGroup | None = None
    after_description_comment: CommentGroup | None = None
    end_of_definition_comment: CommentGroup | None = None


@dataclass(slots=True, eq=False)
class SchemaDocument:
    """What a schema's text says, in kinds of statements."""

    schema: Sequence[SchemaDefinition] = ()
    schema_extension: Sequence[SchemaDefinition] = ()
    directives: Sequence[DirectiveDefinition] = ()
    definitions: Sequence[Definition] = ()
    extensions: Sequence[Definition] = ()
    comment: CommentGroup | None = None


# ── as Rego values ──────────────────────────────────────────────────────────────────────────────


@cache
def go_names(kind: type) -> tuple[tuple[str, str], ...]:
    """Return a node's attributes, each with Go's name for it."""
    return tuple(
        (field.name, "".join(word.capitalize() for word in field.name.split("_"))) for field in fields(kind)
    )


def value_of(node: Any) -> dict[str, Any]:
    """Return a node as OPA shows it: null and what is empty is left out, positions, too."""
    found: dict[str, Any] = {}
    structure: Any = type(node)
    for attribute, name in go_names(structure):
        part = getattr(node, attribute)
        kind = type(part)
        if kind is str or kind is bool:
            found[name] = part
        elif kind is list or kind is tuple:
            if members := [made for item in part if (made := _member(item)) != {}]:
                found[name] = members
        elif isinstance(part, int):
            found[name] = int(part)
        elif part is not None and part is not ABSENT and (made := value_of(part)):
            found[name] = made
    return found


def _member(item: Any) -> Any:
    if type(item) is str:
        return item
    return {} if item is ABSENT else value_of(item)
