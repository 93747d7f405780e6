"""Reads ground Rego terms, as some inputs of OPA's conformance suite are written; knows no variable.

A term is JSON, and beyond it: sets (`{1, 2}`, `set()`), objects whose keys are any terms,
a comma after a last member, strings between backquotes and comments
(https://www.openpolicyagent.org/docs/policy-reference#grammar).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from rego import numeric
from rego.values import RegoSet, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rego.values import Value

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_TOKEN: Final = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*")|(?P<raw>`[^`]*`)|(?P<number>-?[0-9][0-9.eE+-]*)|(?P<word>[a-z]+)|[][{}(),:]"""
)
_WORDS: Final = {"null": None, "true": True, "false": False}


def parse(text: str) -> Value:
    """Return the value of a ground term.

    Raises:
        ValueError: The text is no such term, or gives an object one key twice.
    """
    parser = _Parser(text)
    value = parser.term()
    if parser.token:
        raise ValueError(f"{parser.token!r} stands behind the term")
    return value


class _Parser:
    """One token ahead in a text; `token` is empty at its end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.token = ""
        self.kind: str | None = None
        self.advance()

    def advance(self) -> str:
        """Step to the next token, and return the one that was ahead."""
        passed = self.token
        start = self.blank_end(self.place)
        found = _TOKEN.match(self.text, start)
        if found is None and start < len(self.text):
            raise ValueError(f"no token begins at character {start}")
        self.token, self.kind = (found.group(), found.lastgroup) if found else ("", None)
        self.place = found.end() if found else start
        return passed

    def blank_end(self, place: int) -> int:
        blank = _BLANK.match(self.text, place)
        return blank.end() if blank else place

    def expect(self, token: str) -> None:
        if self.token != token:
            raise ValueError(f"{token!r} should stand where {self.token!r} does")
        self.advance()

    def term(self) -> Value:
        """Return the value of the term that begins here."""
        kind, token = self.kind, self.advance()
        if kind == "string":
            return json.loads(token)
        if kind == "raw":
            return token[1:-1]
        if kind == "number":
            return numeric.parse(token)
        if kind == "word":
            return self.word(token)
        if token == "[":
            items: list[Value] = []
            self.members("]", lambda: items.append(self.term()))
            return items
        if token == "{":
            return self.braced()
        raise ValueError(f"no term begins with {token!r}")

    def word(self, token: str) -> Value:
        if token == "set":
            self.expect("(")
            self.expect(")")
            return RegoSet()
        if token not in _WORDS:
            raise ValueError(f"{token!r} is no ground term")
        return _WORDS[token]

    def braced(self) -> Value:
        """Return a set or an object; its first member says which. `{}` is an object."""
        if self.token == "}":
            self.advance()
            return {}
        first = self.term()
        if self.token == ":":
            return self.object(first)
        made = RegoSet([first])
        if self.token == ",":
            self.advance()
            self.members("}", lambda: made.add(self.term()))
        else:
            self.expect("}")
        return made

    def object(self, key: Value) -> dict[Any, Value]:
        made: dict[Any, Value] = {}
        self.put(made, key)
        if self.token == ",":
            self.advance()
            self.members("}", lambda: self.put(made, self.term()))
        else:
            self.expect("}")
        return made

    def put(self, made: dict[Any, Value], key: Value) -> None:
        self.expect(":")
        name = key_of(key)
        if name in made:
            raise ValueError(f"the key {key!r} stands twice")
        made[name] = self.term()

    def members(self, end: str, read: Callable[[], None]) -> None:
        """Read members up to a bracket; the last may have a comma behind it."""
        while self.token != end:
            read()
            if self.token != end:
                self.expect(",")
        self.advance()
