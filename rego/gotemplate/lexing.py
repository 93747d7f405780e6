"""A template's text as tokens; what stands outside of `{{` and `}}` is one token each time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEFT: Final = "{{"
_RIGHT: Final = "}}"
_SPACE: Final = " \t\r\n"
_NUMBER: Final = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_QUOTED: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_CHARACTER: Final = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")
_RAW: Final = re.compile(r"`[^`]*`")
_TERMINATORS: Final = frozenset(_SPACE + ".,|:)(")
KEYWORDS: Final = frozenset(
    {"block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with"}
)


class TemplateError(Exception):
    """A template that is none, or that cannot be executed with these data."""


class Kind(Enum):
    """What a token is."""

    ASSIGN = auto()
    BOOL = auto()
    CHARACTER = auto()
    COMMA = auto()
    DECLARE = auto()
    DOT = auto()
    END = auto()
    FIELD = auto()
    IDENTIFIER = auto()
    KEYWORD = auto()
    LEFT = auto()
    LEFT_PAREN = auto()
    NUMBER = auto()
    OTHER = auto()
    PIPE = auto()
    RIGHT = auto()
    RIGHT_PAREN = auto()
    SPACE = auto()
    STRING = auto()
    TEXT = auto()
    VARIABLE = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a template's text.

    Args:
        kind: What it is.
        text: The part itself.
    """

    kind: Kind
    text: str


def tokens(template: str) -> Iterator[Token]:
    """Yield a template's tokens; the last one is of the kind `END`.

    Raises:
        TemplateError: A part of it is no token.
    """
    place = 0
    while True:
        start = template.find(_LEFT, place)
        if start < 0:
            if place < len(template):
                yield Token(Kind.TEXT, template[place:])
            yield Token(Kind.END, "")
            return
        inside = start + len(_LEFT)
        trimmed = template[inside : inside + 1] == "-" and template[inside + 1 : inside + 2] in set(_SPACE)
        text = template[place:start]
        text = text.rstrip(_SPACE) if trimmed else text
        if text:
            yield Token(Kind.TEXT, text)
        inside += 2 * trimmed
        if template.startswith("/*", inside):
            place = _after_comment(template, inside)
            continue
        yield Token(Kind.LEFT, _LEFT)
        action = _Action(template, inside)
        yield from action.tokens()
        place = action.place


def _after_comment(template: str, start: int) -> int:
    end = template.find("*/", start + 2)
    if end < 0:
        raise TemplateError("unclosed comment")
    end += 2
    size = _right_delimiter(template, end)
    if not size:
        raise TemplateError("comment ends before closing delimiter")
    return _after_right(template, end, size)


def _right_delimiter(template: str, place: int) -> int:
    """Return the length of the delimiter that stands here, with its trim marker; 0 where none does."""
    if template.startswith(_RIGHT, place):
        return len(_RIGHT)
    char = template[place : place + 1]
    return 2 + len(_RIGHT) if char and char in _SPACE and template.startswith("-" + _RIGHT, place + 1) else 0


def _after_right(template: str, place: int, size: int) -> int:
    place += size
    if size > len(_RIGHT):
        while template[place : place + 1] in set(_SPACE):
            place += 1
    return place


class _Action:
    """What stands between two delimiters."""

    def __init__(self, template: str, place: int) -> None:
        self.template = template
        self.place = place
        self.depth = 0

    def tokens(self) -> Iterator[Token]:
        while True:
            size = _right_delimiter(self.template, self.place)
            if size:
                if self.depth:
                    raise TemplateError("unclosed left paren")
                self.place = _after_right(self.template, self.place, size)
                yield Token(Kind.RIGHT, _RIGHT)
                return
            if self.place >= len(self.template):
                raise TemplateError("unclosed action")
            yield self.token(self.template[self.place])

    def token(self, char: str) -> Token:  # noqa: PLR0911 - one for each kind
        if char in _SPACE:
            return self.space()
        if char == '"':
            return self.match(Kind.STRING, _QUOTED)
        if char == "`":
            return self.match(Kind.STRING, _RAW)
        if char == "'":
            return self.match(Kind.CHARACTER, _CHARACTER)
        if char == "$":
            return self.name(Kind.VARIABLE)
        following = self.template[self.place + 1 : self.place + 2]
        if char in "+-0123456789" or (char == "." and following in set("0123456789")):
            return self.number()
        if char == ".":
            return self.name(Kind.FIELD)
        if _is_alphanumeric(char):
            return self.word()
        return self.sign(char, following)

    def sign(self, char: str, following: str) -> Token:
        if char == ":":
            if following != "=":
                raise TemplateError("expected :=")
            return self.take(Kind.DECLARE, 2)
        if char in "()":
            self.depth += 1 if char == "(" else -1
            if self.depth < 0:
                raise TemplateError("unexpected right paren")
            return self.take(Kind.LEFT_PAREN if char == "(" else Kind.RIGHT_PAREN, 1)
        kinds = {"=": Kind.ASSIGN, "|": Kind.PIPE, ",": Kind.COMMA}
        if char not in kinds and not "!" <= char <= "~":
            raise TemplateError("unrecognized character in action")
        return self.take(kinds.get(char, Kind.OTHER), 1)

    def take(self, kind: Kind, size: int) -> Token:
        self.place += size
        return Token(kind, self.template[self.place - size : self.place])

    def match(self, kind: Kind, pattern: re.Pattern[str]) -> Token:
        found = pattern.match(self.template, self.place)
        if found is None:
            raise TemplateError("unterminated string or character constant")
        return self.take(kind, len(found.group()))

    def space(self) -> Token:
        """Take space; the last one may belong to a delimiter with a trim marker."""
        size = 1
        while self.template[self.place + size : self.place + size + 1] in set(_SPACE):
            size += 1
        if size > 1 and _right_delimiter(self.template, self.place + size - 1):
            size -= 1
        return self.take(Kind.SPACE, size)

    def number(self) -> Token:
        size = self.digits(self.place)
        sign = self.template[self.place + size : self.place + size + 1]
        if sign and sign in "+-":
            size += self.digits(self.place + size)
            if self.template[self.place + size - 1] != "i":
                raise TemplateError("bad number syntax")
        return self.take(Kind.NUMBER, size)

    def digits(self, place: int) -> int:
        found = _NUMBER.match(self.template, place)
        end = place if found is None else found.end()
        if _is_alphanumeric(self.template[end : end + 1]):
            raise TemplateError("bad number syntax")
        return end - place

    def word(self) -> Token:
        size = self.alphanumerics(0)
        word = self.template[self.place : self.place + size]
        if word in KEYWORDS:
            return self.take(Kind.KEYWORD, size)
        return self.take(Kind.BOOL if word in {"true", "false"} else Kind.IDENTIFIER, size)

    def name(self, kind: Kind) -> Token:
        """Take a variable or a field; a dot alone is the cursor."""
        size = self.alphanumerics(1)
        return self.take(Kind.DOT if size == 1 and kind is Kind.FIELD else kind, size)

    def alphanumerics(self, size: int) -> int:
        while _is_alphanumeric(self.template[self.place + size : self.place + size + 1]):
            size += 1
        end = self.place + size
        following = self.template[end : end + 1]
        if following and following not in _TERMINATORS and not self.template.startswith(_RIGHT, end):
            raise TemplateError("bad character in a name")
        return size


def _is_alphanumeric(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()
