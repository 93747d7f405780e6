"""Queries, mutations and subscriptions: from text to a `QueryDocument`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rego.graphql import tokens
from rego.graphql.ast import (
    Field,
    FragmentDefinition,
    FragmentSpread,
    InlineFragment,
    OperationDefinition,
    QueryDocument,
    VariableDefinition,
)
from rego.graphql.grammar import Grammar
from rego.graphql.limits import MAX_QUERY_TOKENS

if TYPE_CHECKING:
    from rego.graphql.ast import Selection


def parse_query(text: str) -> QueryDocument:
    """Return the document that a text is.

    Raises:
        GraphQLError: It is none.
        EvaluationError: It is larger or nests deeper than `rego.graphql.limits` allows.
    """
    return _QueryGrammar(text, MAX_QUERY_TOKENS).document()


class _QueryGrammar(Grammar):
    def document(self) -> QueryDocument:
        operations, fragments = [], []
        while self.token.kind != tokens.END:
            if self.token.kind == "{":
                # gqlparser forgets the comments before an operation that has no keyword.
                operations.append(OperationDefinition("query", selection_set=self._selection_set()))
            elif self.token.kind != tokens.NAME:
                raise self.unexpected()
            elif self.token.value in {"query", "mutation", "subscription"}:
                operations.append(self._operation())
            elif self.token.value == "fragment":
                fragments.append(self._fragment())
            else:
                raise self.unexpected()
        return QueryDocument(operations, fragments)

    def _operation(self) -> OperationDefinition:
        keyword = self.advance()
        made = OperationDefinition(keyword.value, comment=keyword.comments)
        if self.token.kind == tokens.NAME:
            made.name = self.name()
        made.variable_definitions = self.some("(", ")", self._variable_definition)
        made.directives = self.directives(constant=False)
        made.selection_set = self._selection_set()
        return made

    def _variable_definition(self) -> VariableDefinition:
        made = VariableDefinition(comment=self.token.comments)
        made.variable = self.variable()
        self.expect(":")
        made.type = self.type_reference()
        if self.skip("="):
            made.default_value = self.value(constant=True)
        made.directives = self.directives(constant=False)
        return made

    def _fragment(self) -> FragmentDefinition:
        made = FragmentDefinition(comment=self.advance().comments)
        made.name = self._fragment_name()
        made.variable_definition = self.some("(", ")", self._variable_definition)
        self.expect_keyword("on")
        made.type_condition = self.name()
        made.directives = self.directives(constant=False)
        made.selection_set = self._selection_set()
        return made

    def _fragment_name(self) -> str:
        if self.token.value == "on":
            raise self.unexpected()
        return self.name()

    def _selection_set(self) -> list[Selection]:
        if self.token.kind != "{":
            raise self.refuse(f"Expected {{, found {self.token.kind}")
        self.descend()
        found = self.some("{", "}", self._selection)
        self.ascend()
        return found

    def _selection(self) -> Selection:
        if self.token.kind == "...":
            return self._spread()
        made = Field(comment=self.token.comments)
        made.alias = made.name = self.name()
        if self.skip(":"):
            made.name = self.name()
        made.arguments = self.arguments(constant=False)
        made.directives = self.directives(constant=False)
        if self.token.kind == "{":
            made.selection_set = self._selection_set()
        return made

    def _spread(self) -> FragmentSpread | InlineFragment:
        comment = self.advance().comments
        if self.token.kind == tokens.NAME and self.token.value != "on":
            return FragmentSpread(self.name(), self.directives(constant=False), comment=comment)
        made = InlineFragment(comment=comment)
        if self.token.value == "on":  # gqlparser takes the string "on" for the keyword, too
            self.advance()
            made.type_condition = self.name()
        made.directives = self.directives(constant=False)
        made.selection_set = self._selection_set()
        return made
