"""Mail addresses as Go's `net/mail` parses one (RFC 5322, with names, comments and groups)."""

from __future__ import annotations

import base64
import binascii
import re
from ipaddress import ip_address
from typing import Final

_SPACE: Final = " \t"
_SPECIAL: Final = frozenset('()<>[]:;@\\,"')
_ENCODED: Final = re.compile(r"=\?([^?]+)\?([bBqQ])\?([^?]*)\?=")
_QUOTED_PRINTABLE: Final = re.compile(r"(?:=[0-9a-fA-F]{2}|[ -<>-~\t\r\n])*")
_CHARSETS: Final = frozenset({"utf-8", "us-ascii", "iso-8859-1"})


class _NoAddressError(ValueError):
    """The text is not one address."""


def is_address(text: str) -> bool:
    """Tell whether a text is exactly one address, with or without a name."""
    try:
        parser = _Parser(text)
        count = parser.address(groups=True)
        parser.skip_comments()
    except _NoAddressError:
        return False
    return not parser.rest and count == 1


def _is_visible(char: str) -> bool:
    return char >= "!" and char != "\x7f"


class _Parser:
    def __init__(self, text: str) -> None:
        self.rest = text

    def skip_space(self) -> None:
        self.rest = self.rest.lstrip(_SPACE)

    def consume(self, char: str) -> bool:
        if not self.rest.startswith(char):
            return False
        self.rest = self.rest[1:]
        return True

    def expect(self, char: str) -> None:
        if not self.consume(char):
            raise _NoAddressError

    def address(self, *, groups: bool) -> int:
        """Consume an address or a group; return of how many addresses it was."""
        self.skip_space()
        if not self.rest:
            raise _NoAddressError
        start = self.rest
        try:
            self.plain_address()
        except _NoAddressError:
            self.rest = start
        else:
            self.skip_space()
            if self.rest.startswith("("):
                self.name_comment()
            return 1
        if not self.rest.startswith("<"):
            self.phrase()
        self.skip_space()
        if groups and self.consume(":"):
            return self.group()
        self.expect("<")
        self.plain_address()
        self.expect(">")
        return 1

    def group(self) -> int:
        self.skip_space()
        count = 0
        if not self.consume(";"):
            while True:
                self.skip_space()
                count += self.address(groups=False)
                self.skip_comments()
                if self.consume(";"):
                    break
                self.expect(",")
        self.skip_comments()
        return count

    def plain_address(self) -> None:
        self.skip_space()
        if self.rest.startswith('"'):
            if not self.quoted():
                raise _NoAddressError
        else:
            self.dotted_atom()
        self.expect("@")
        self.skip_space()
        if self.rest.startswith("["):
            self.literal()
        else:
            self.dotted_atom()

    def phrase(self) -> None:
        """Consume words until one is none; at least one has to be."""
        words = 0
        while True:
            if words:
                self.skip_comments()
            self.skip_space()
            if not self.rest:
                return
            try:
                self.word()
            except _NoAddressError:
                if not words:
                    raise
                return
            words += 1

    def word(self) -> None:
        if self.rest.startswith('"'):
            self.quoted()
        else:
            _require_charset(self.atom())

    def atom(self) -> str:
        size = 0
        for char in self.rest:
            if char in _SPECIAL or not _is_visible(char):
                break
            size += 1
        if not size:
            raise _NoAddressError
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def dotted_atom(self) -> None:
        if "" in self.atom().split("."):
            raise _NoAddressError

    def quoted(self) -> str:
        found: list[str] = []
        escaped = False
        for place, char in enumerate(self.rest[1:], 1):
            if not escaped and char == '"':
                self.rest = self.rest[place + 1 :]
                return "".join(found)
            if not escaped and char == "\\":
                escaped = True
                continue
            if not _is_visible(char) and char not in _SPACE:
                raise _NoAddressError
            found.append(char)
            escaped = False
        raise _NoAddressError

    def literal(self) -> None:
        inner, bracket, rest = self.rest[1:].partition("]")
        if not bracket or "%" in inner:
            raise _NoAddressError
        try:
            ip_address(inner)
        except ValueError as error:
            raise _NoAddressError from error
        self.rest = rest

    def name_comment(self) -> None:
        self.expect("(")
        for word in re.split(r"[ \t]+", self.comment()):
            _require_charset(word)

    def skip_comments(self) -> None:
        self.skip_space()
        while self.consume("("):
            self.comment()
            self.skip_space()

    def comment(self) -> str:
        """Consume a comment whose parenthesis is consumed already."""
        depth, place = 1, 0
        found: list[str] = []
        while place < len(self.rest):
            char = self.rest[place]
            if char == "\\" and place + 1 < len(self.rest):
                place += 1
                char = self.rest[place]
            elif char in "()":
                depth += 1 if char == "(" else -1
            place += 1
            if not depth:
                self.rest = self.rest[place:]
                return "".join(found)
            found.append(char)
        raise _NoAddressError


def _require_charset(word: str) -> None:
    """Refuse a word that is encoded (RFC 2047) in a character set that Go does not know."""
    match = _ENCODED.fullmatch(word)
    if match is None or match[1].lower() in _CHARSETS:
        return
    quoted = match[2] in "qQ"
    if _QUOTED_PRINTABLE.fullmatch(match[3]) if quoted else _is_base64(match[3]):  # else it counts as it is
        raise _NoAddressError


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
