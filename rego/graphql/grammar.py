"""What queries and schemas have in common: names, types, values, arguments and directives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from rego.graphql import tokens
from rego.graphql.ast import Argument, ChildValue, CommentGroup, Directive, Kind, Type, Value
from rego.graphql.limits import MAX_DEPTH, too_deep

if TYPE_CHECKING:
    from collections.abc import Callable

    from rego.graphql.errors import GraphQLError

_Node = TypeVar("_Node")
_SCALARS: Final = {
    tokens.INT: Kind.INT,
    tokens.FLOAT: Kind.FLOAT,
    tokens.STRING: Kind.STRING,
    tokens.BLOCK: Kind.BLOCK,
}
_WORDS: Final = {"true": Kind.BOOLEAN, "false": Kind.BOOLEAN, "null": Kind.NULL}


class Grammar:
    """A parser over one text's tokens, which reads what it is asked for or raises.

    Args:
        text: The document.
        limit: How many tokens it may have.
    """

    def __init__(self, text: str, limit: int) -> None:
        self._text = text
        self._tokens = tokens.tokens(text, limit)
        self._place = 0
        self._depth = 0
        self.token = self._tokens[0]
        """The next token: not read yet, and `END` when there is none."""

    # ── tokens ──────────────────────────────────────────────────────────────────────────────────

    def advance(self) -> tokens.Token:
        """Read the next token; not to be asked for after the end."""
        read = self.token
        self._place += 1
        self.token = self._tokens[self._place]
        return read

    def skip(self, kind: str) -> bool:
        """Read the next token if it is of a kind."""
        if self.token.kind != kind:
            return False
        self.advance()
        return True

    def expect(self, kind: str) -> tokens.Token:
        """Read the next token, which must be of a kind."""
        if self.token.kind != kind:
            raise self.refuse(f"Expected {kind}, found {self.token.kind}")
        return self.advance()

    def expect_keyword(self, word: str) -> tokens.Token:
        """Read the next token, which must be a certain name."""
        if self.token.kind != tokens.NAME or self.token.value != word:
            raise self.refuse(f'Expected "{word}", found {self._described()}')
        return self.advance()

    def name(self) -> str:
        """Read a name."""
        return self.expect(tokens.NAME).value

    def refuse(self, reason: str) -> GraphQLError:
        """Return the error for the next token."""
        return tokens.located(self._text, self.token.start, reason)

    def unexpected(self) -> GraphQLError:
        """Return the error for a next token that nothing begins with."""
        return self.refuse(f"Unexpected {self._described()}")

    def _described(self) -> str:
        return f'{self.token.kind} "{self.token.value}"' if self.token.value else self.token.kind

    # ── nesting ─────────────────────────────────────────────────────────────────────────────────

    def descend(self) -> None:
        """Account for a level of nesting; `ascend` ends it.

        Raises:
            EvaluationError: `eval_depth_exceeded`. The parser, and all who walk through what it made, are
                recursive.
        """
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise too_deep()

    def ascend(self) -> None:
        """End a level of nesting."""
        self._depth -= 1

    def some(self, opening: str, closing: str, read: Callable[[], _Node]) -> list[_Node]:
        """Read nothing, or what is between brackets, where there must be something."""
        return self.block(opening, closing, read)[0]

    def block(
        self, opening: str, closing: str, read: Callable[[], _Node]
    ) -> tuple[list[_Node], CommentGroup | None]:
        """Read as `some`, with the comments before the closing bracket."""
        found: list[_Node] = []
        if not self.skip(opening):
            return found, None
        while self.token.kind != closing:
            found.append(read())
        if not found:
            raise self.refuse(f"expected at least one definition, found {self.token.kind}")
        return found, self.advance().comments

    # ── the common parts ────────────────────────────────────────────────────────────────────────

    def type_reference(self) -> Type:
        """Read a type, with its list brackets and exclamation marks."""
        if self.skip("["):
            self.descend()
            made = Type(elem=self.type_reference())
            self.expect("]")
            self.ascend()
        else:
            made = Type(self.name())
        made.non_null = self.skip("!")
        return made

    def arguments(self, *, constant: bool) -> list[Argument]:
        """Read a field's or directive's arguments; constant ones have no variables in them."""
        return self.some("(", ")", lambda: self._argument(constant))

    def _argument(self, constant: bool) -> Argument:  # noqa: FBT001 - passed on, never written as a literal
        comment, name = self.token.comments, self.name()
        self.expect(":")
        return Argument(name, self.value(constant=constant), comment)

    def directives(self, *, constant: bool) -> list[Directive]:
        """Read any number of directives."""
        found = []
        while self.skip("@"):
            found.append(Directive(self.name(), self.arguments(constant=constant)))
        return found

    def value(self, *, constant: bool) -> Value:
        """Read a value; only lists and objects keep the comments before them."""
        token = self.token
        if token.kind == "[":
            return self._nested(constant, Kind.LIST, "]")
        if token.kind == "{":
            return self._nested(constant, Kind.OBJECT, "}")
        if token.kind == "$" and not constant:
            return Value(self.variable())
        if token.kind == tokens.NAME:
            kind = _WORDS.get(token.value, Kind.ENUM)
        elif token.kind in _SCALARS:
            kind = _SCALARS[token.kind]
        else:
            raise self.unexpected()
        return Value(self.advance().value, kind=kind)

    def _nested(self, constant: bool, kind: Kind, closing: str) -> Value:  # noqa: FBT001 - as above
        self.descend()
        comment, children = self.advance().comments, []
        while self.token.kind != closing:
            children.append(self._child(constant, kind))
        self.advance()
        self.ascend()
        return Value(children=children, kind=kind, comment=comment)

    def _child(self, constant: bool, kind: Kind) -> ChildValue:  # noqa: FBT001 - as above
        if kind == Kind.LIST:
            return ChildValue(value=self.value(constant=constant))
        comment, name = self.token.comments, self.name()
        self.expect(":")
        return ChildValue(name, self.value(constant=constant), comment)

    def variable(self) -> str:
        """Read a variable's name, with its `$`."""
        self.expect("$")
        return self.name()
