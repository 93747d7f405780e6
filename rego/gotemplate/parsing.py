"""A template's tokens as a tree for each template that it defines; what is wrong with it shows here.

Longer than most modules: one recursive descent, which is read from top to bottom.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rego.gotemplate.constants import character, number, unquoted
from rego.gotemplate.functions import ARITIES
from rego.gotemplate.lexing import Kind, TemplateError, Token, tokens
from rego.gotemplate.tree import (
    Action,
    Call,
    Chain,
    Constant,
    Control,
    Dot,
    Field,
    Function,
    Jump,
    Nil,
    Node,
    Operand,
    Pipeline,
    Text,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a template's own text is called; a `define` may take the name where the text is empty.
ROOT: Final = "template"
_FEW_DECLARATIONS: Final = 2


@dataclass(slots=True)
class _Scope:
    """What is known while the body of one template is parsed."""

    variables: list[str] = field(default_factory=lambda: ["$"])
    ranges: int = 0


def parse(template: str) -> Mapping[str, tuple[Node, ...]]:
    """Return the templates that a text holds, its own under the name `ROOT`.

    Raises:
        TemplateError: It is no template.
    """
    parser = _Parser(list(tokens(template)))
    parser.add(ROOT, parser.top())
    return parser.trees


def _is_empty(tree: tuple[Node, ...]) -> bool:
    return all(type(node) is Text and not node.text.strip() for node in tree)


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.place = 0
        self.scope = _Scope()
        self.trees: dict[str, tuple[Node, ...]] = {}

    # ── tokens ──────────────────────────────────────────────────────────────────────────────────

    def peek(self) -> Token:
        return self.tokens[self.place]

    def next(self) -> Token:
        token = self.tokens[self.place]
        self.place = min(self.place + 1, len(self.tokens) - 1)  # the end stays
        return token

    def skip_space(self) -> Token:
        """Return the next token that is no space; it is next then."""
        while self.peek().kind is Kind.SPACE:
            self.place += 1
        return self.peek()

    def next_solid(self) -> Token:
        self.skip_space()
        return self.next()

    def expect(self, kind: Kind) -> Token:
        token = self.next_solid()
        if token.kind is not kind:
            raise TemplateError(f"unexpected {token.text!r}")
        return token

    # ── bodies ──────────────────────────────────────────────────────────────────────────────────

    def add(self, name: str, tree: tuple[Node, ...]) -> None:
        """Keep a template; only an empty one may be there already, or come later."""
        if name not in self.trees or _is_empty(self.trees[name]):
            self.trees[name] = tree
        elif not _is_empty(tree):
            raise TemplateError(f"multiple definition of template {name!r}")

    def top(self) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while self.peek().kind is not Kind.END:
            start = self.place
            if self.next().kind is Kind.LEFT and self.next_solid() == Token(Kind.KEYWORD, "define"):
                name = unquoted(self.expect(Kind.STRING).text)
                self.expect(Kind.RIGHT)
                self.add(name, self.separate_body())
                continue
            self.place = start
            node = self.node()
            if isinstance(node, str):
                raise TemplateError(f"unexpected {node}")
            nodes.append(node)
        return tuple(nodes)

    def separate_body(self) -> tuple[Node, ...]:
        """Parse the body of a template of its own, which knows nothing of the variables around it."""
        outer, self.scope = self.scope, _Scope()
        nodes, end = self.body()
        self.scope = outer
        if end != "end":
            raise TemplateError(f"unexpected {end}")
        return nodes

    def body(self) -> tuple[tuple[Node, ...], str]:
        """Parse nodes up to an `end` or `else`; return which it is, too."""
        nodes: list[Node] = []
        while self.skip_space().kind is not Kind.END:
            node = self.node()
            if isinstance(node, str):
                return tuple(nodes), node
            nodes.append(node)
        raise TemplateError("unexpected EOF")

    def node(self) -> Node | str:
        token = self.next_solid()
        if token.kind is Kind.TEXT:
            return Text(token.text)
        if token.kind is not Kind.LEFT:
            raise TemplateError(f"unexpected {token.text!r}")
        token = self.skip_space()
        if token.kind is Kind.KEYWORD and token.text not in {"nil", "define"}:
            self.next()
            return self.control(token.text)
        return Action(self.pipeline("command", Kind.RIGHT))

    def control(self, keyword: str) -> Node | str:
        match keyword:
            case "if" | "with" | "range":
                return self.branches(keyword)
            case "end":
                self.expect(Kind.RIGHT)
                return keyword
            case "else":
                if self.skip_space() not in (Token(Kind.KEYWORD, "if"), Token(Kind.KEYWORD, "with")):
                    self.expect(Kind.RIGHT)
                return keyword
            case "break" | "continue":
                self.expect(Kind.RIGHT)
                if not self.scope.ranges:
                    raise TemplateError(f"{keyword} outside range")
                return Jump(keyword)
        name = unquoted(self.expect(Kind.STRING).text)
        if keyword == "template" and self.skip_space().kind is Kind.RIGHT:
            self.next()
            return Call(name, None)
        pipeline = self.pipeline(keyword, Kind.RIGHT)
        if keyword == "block":
            self.add(name, self.separate_body())
        return Call(name, pipeline)

    def branches(self, keyword: str) -> Control:
        known = len(self.scope.variables)
        pipeline = self.pipeline(keyword, Kind.RIGHT)
        self.scope.ranges += keyword == "range"
        body, end = self.body()
        self.scope.ranges -= keyword == "range"
        otherwise: tuple[Node, ...] | None = None
        if end == "else":
            if keyword != "range" and self.peek() == Token(Kind.KEYWORD, keyword):
                self.next()
                otherwise = (self.branches(keyword),)
            else:
                otherwise, end = self.body()
                if end != "end":
                    raise TemplateError(f"expected end; found {end}")
        del self.scope.variables[known:]
        return Control(keyword, pipeline, body, otherwise)

    # ── pipelines ───────────────────────────────────────────────────────────────────────────────

    def pipeline(self, context: str, end: Kind) -> Pipeline:
        variables, assigns = self.declarations(context)
        commands: list[tuple[Operand, ...]] = []
        while self.skip_space().kind is not end:
            commands.append(self.command())
        self.next()
        if not commands:
            raise TemplateError(f"missing value for {context}")
        if any(type(command[0]) in {Constant, Dot, Nil} for command in commands[1:]):
            raise TemplateError("non executable command in pipeline")
        return Pipeline(tuple(commands), tuple(variables), assigns)

    def declarations(self, context: str) -> tuple[list[str], bool]:
        variables: list[str] = []
        while self.skip_space().kind is Kind.VARIABLE:
            start = self.place
            name = self.next().text
            following = self.skip_space().kind
            if following not in {Kind.ASSIGN, Kind.DECLARE, Kind.COMMA}:
                self.place = start
                break
            self.next()
            variables.append(name)
            self.scope.variables.append(name)
            if following is not Kind.COMMA:
                return variables, following is Kind.ASSIGN
            if context != "range" or len(variables) >= _FEW_DECLARATIONS:
                raise TemplateError(f"too many declarations in {context}")
            if self.skip_space().kind not in {Kind.VARIABLE, Kind.RIGHT, Kind.RIGHT_PAREN}:
                raise TemplateError("range can only initialize variables")
        return variables, False

    def command(self) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while True:
            self.skip_space()
            operand = self.operand()
            if operand is not None:
                operands.append(operand)
            kind = self.next().kind
            if kind is Kind.SPACE:
                continue
            if kind in {Kind.RIGHT, Kind.RIGHT_PAREN}:
                self.place -= 1
            elif kind is not Kind.PIPE:
                raise TemplateError("unexpected token in operand")
            break
        if not operands:
            raise TemplateError("empty command")
        return tuple(operands)

    def operand(self) -> Operand | None:
        found = self.term()
        if found is None or self.peek().kind is not Kind.FIELD:
            return found
        names: list[str] = []
        while self.peek().kind is Kind.FIELD:
            names.append(self.next().text[1:])
        if isinstance(found, Field):
            return Field((*found.names, *names))
        if isinstance(found, Variable):
            return Variable(found.name, tuple(names))
        if isinstance(found, Constant | Dot | Nil):
            raise TemplateError("unexpected . after term")
        return Chain(found, tuple(names))

    def term(self) -> Operand | None:
        token = self.peek()
        made = self.simple_term(token)
        if made is not None:
            self.next()
        elif token.kind is Kind.LEFT_PAREN:
            self.next()
            return self.pipeline("parenthesized pipeline", Kind.RIGHT_PAREN)
        return made

    def simple_term(self, token: Token) -> Operand | None:  # noqa: C901, PLR0911 - one for each kind
        match token.kind:
            case Kind.IDENTIFIER:
                if token.text not in ARITIES:
                    raise TemplateError(f"function {token.text!r} not defined")
                return Function(token.text)
            case Kind.DOT:
                return Dot()
            case Kind.KEYWORD if token.text == "nil":
                return Nil()
            case Kind.VARIABLE:
                if token.text not in self.scope.variables:
                    raise TemplateError(f"undefined variable {token.text!r}")
                return Variable(token.text)
            case Kind.FIELD:
                return Field((token.text[1:],))
            case Kind.BOOL:
                return Constant(token.text == "true")
            case Kind.NUMBER:
                return Constant(number(token.text))
            case Kind.CHARACTER:
                return Constant(character(token.text))
            case Kind.STRING:
                return Constant(unquoted(token.text))
        return None
