"""Schemas, in GraphQL's definition language: from text to a `SchemaDocument`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rego.graphql import tokens
from rego.graphql.ast import (
    ENUM,
    INPUT_OBJECT,
    INTERFACE,
    OBJECT,
    SCALAR,
    UNION,
    ArgumentDefinition,
    Definition,
    DirectiveDefinition,
    EnumValueDefinition,
    FieldDefinition,
    OperationTypeDefinition,
    SchemaDefinition,
    SchemaDocument,
)
from rego.graphql.grammar import Grammar
from rego.graphql.limits import MAX_SCHEMA_TOKENS

if TYPE_CHECKING:
    from rego.graphql.ast import CommentGroup
    from rego.graphql.tokens import Token

_KINDS: Final = {
    "scalar": SCALAR,
    "type": OBJECT,
    "interface": INTERFACE,
    "union": UNION,
    "enum": ENUM,
    "input": INPUT_OBJECT,
}
_LOCATIONS: Final = frozenset(
    (
        *("QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "VARIABLE_DEFINITION"),
        *("FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"),
        *("SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE", "UNION"),
        *("ENUM", "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION"),
    )
)


def parse_schema(text: str) -> SchemaDocument:
    """Return the document that a text is; whether it makes a schema is another question.

    Raises:
        GraphQLError: It is none.
        EvaluationError: It is larger or nests deeper than `rego.graphql.limits` allows.
    """
    return _SchemaGrammar(text, MAX_SCHEMA_TOKENS).document()


class _SchemaGrammar(Grammar):
    def document(self) -> SchemaDocument:
        schema: list[SchemaDefinition] = []
        directives: list[DirectiveDefinition] = []
        definitions: list[Definition] = []
        extended: tuple[list[SchemaDefinition], list[Definition]] = ([], [])
        while self.token.kind != tokens.END:
            description = self._description()
            word = self.token.value
            if self.token.kind != tokens.NAME:
                raise self.unexpected()
            if word in _KINDS:
                definitions.append(self._definition(description))
            elif word == "schema":
                schema.append(self._schema(description))
            elif word == "directive":
                directives.append(self._directive(description))
            elif word == "extend" and not (description and description.value):
                self._extension(*extended)
            else:
                raise self.unexpected()
        return SchemaDocument(schema, extended[0], directives, definitions, extended[1], self.token.comments)

    def _description(self) -> Token | None:
        return self.advance() if self.token.kind in {tokens.STRING, tokens.BLOCK} else None

    # ── definitions ─────────────────────────────────────────────────────────────────────────────

    def _definition(self, description: Token | None) -> Definition:
        made = Definition(after_description_comment=self.token.comments)
        if description is not None:
            made.description, made.before_description_comment = description.value, description.comments
        self._body(made, extends=False)
        return made

    def _body(self, made: Definition, *, extends: bool) -> None:
        """Read a definition, or an extension's, from its keyword on."""
        made.kind = _KINDS[self.advance().value]
        made.name = self.name()
        if made.kind == OBJECT or (made.kind == INTERFACE and not extends):
            made.interfaces = self._interfaces()
        made.directives = self.directives(constant=not (extends and made.kind == INPUT_OBJECT))
        if made.kind == UNION:
            made.types = self._member_types()
        elif made.kind == ENUM:
            made.enum_values, made.end_of_definition_comment = self.block("{", "}", self._enum_value)
        elif made.kind == INPUT_OBJECT:
            made.fields, made.end_of_definition_comment = self.block("{", "}", self._input_field)
        elif made.kind != SCALAR:
            made.fields, made.end_of_definition_comment = self.block("{", "}", self._field)

    def _interfaces(self) -> list[str]:
        if self.token.value != "implements":  # gqlparser takes the string for the keyword, too
            return []
        self.advance()
        return self._separated("&")

    def _member_types(self) -> list[str]:
        return self._separated("|") if self.skip("=") else []

    def _separated(self, separator: str) -> list[str]:
        self.skip(separator)
        found = [self.name()]
        while self.skip(separator):
            found.append(self.name())
        return found

    def _field(self) -> FieldDefinition:
        made = FieldDefinition()
        self._describe(made)
        made.name = self.name()
        made.arguments = self.some("(", ")", self._argument_definition)
        self.expect(":")
        made.type = self.type_reference()
        made.directives = self.directives(constant=True)
        return made

    def _input_field(self) -> FieldDefinition:
        made = FieldDefinition()
        self._input_value(made)
        return made

    def _argument_definition(self) -> ArgumentDefinition:
        made = ArgumentDefinition()
        self._input_value(made)
        return made

    def _input_value(self, made: FieldDefinition | ArgumentDefinition) -> None:
        self._describe(made)
        made.name = self.name()
        self.expect(":")
        made.type = self.type_reference()
        if self.skip("="):
            made.default_value = self.value(constant=True)
        made.directives = self.directives(constant=True)

    def _enum_value(self) -> EnumValueDefinition:
        made = EnumValueDefinition()
        self._describe(made)
        made.name = self.name()
        made.directives = self.directives(constant=True)
        return made

    def _describe(self, made: FieldDefinition | ArgumentDefinition | EnumValueDefinition) -> None:
        """Read a description; of an empty one even the comments are forgotten."""
        description = self._description()
        if description is not None and description.value:
            made.description, made.before_description_comment = description.value, description.comments
        made.after_description_comment = self.token.comments

    # ── the schema itself, and directives ───────────────────────────────────────────────────────

    def _schema(self, description: Token | None) -> SchemaDefinition:
        made = SchemaDefinition()
        if description is not None:
            made.description, made.before_description_comment = description.value, description.comments
        made.after_description_comment = self.advance().comments
        self._schema_body(made)
        return made

    def _schema_body(self, made: SchemaDefinition) -> None:
        made.directives = self.directives(constant=True)
        made.operation_types, made.end_of_definition_comment = self.block("{", "}", self._operation_type)

    def _operation_type(self) -> OperationTypeDefinition:
        # gqlparser takes a string for the keyword, too.
        if self.token.value not in {"query", "mutation", "subscription"}:
            raise self.unexpected()
        operation = self.advance()
        self.expect(":")
        return OperationTypeDefinition(operation.value, self.name(), operation.comments)

    def _directive(self, description: Token | None) -> DirectiveDefinition:
        made = DirectiveDefinition(after_description_comment=self.advance().comments)
        if description is not None:
            made.description, made.before_description_comment = description.value, description.comments
        self.expect("@")
        made.name = self.name()
        made.arguments = self.some("(", ")", self._argument_definition)
        if self.token.kind == tokens.NAME and self.token.value == "repeatable":
            made.is_repeatable = True
            self.advance()
        self.expect_keyword("on")
        made.locations = self._separated("|")
        if not _LOCATIONS.issuperset(made.locations):
            raise self.refuse("Unexpected directive location")
        return made

    # ── extensions ──────────────────────────────────────────────────────────────────────────────

    def _extension(self, schemas: list[SchemaDefinition], definitions: list[Definition]) -> None:
        comments: CommentGroup | None = self.advance().comments
        if self.token.kind != tokens.NAME:
            raise self.unexpected()
        if self.token.value == "schema":
            self.advance()
            schema = SchemaDefinition(after_description_comment=comments)
            self._schema_body(schema)
            if not (schema.directives or schema.operation_types):
                raise self.unexpected()
            schemas.append(schema)
        elif self.token.value in _KINDS:
            made = Definition(after_description_comment=comments)
            self._body(made, extends=True)
            if not (made.directives or made.interfaces or made.fields or made.types or made.enum_values):
                raise self.unexpected()
            definitions.append(made)
        else:
            raise self.unexpected()
