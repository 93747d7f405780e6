"""Go's regular expressions on RE2's automata, where the two differ; both match in linear time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import re2

from rego import utf8

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ESCAPE: Final = re.compile(r"\\Q.*?(?:\\E|\Z)|\\[pP]\{(?P<name>[^}]*)\}|\\.", re.DOTALL)
_SEPARATORS: Final = str.maketrans("", "", "_- ")
_NAME: Final = re.compile(r"\(\?P?<([^>=!]*)>")
#: Long names of Unicode's categories, without the separators that do not count; RE2 knows the short ones.
_CATEGORIES: Final[Mapping[str, str]] = {
    "closepunctuation": "Pe", "combiningmark": "M", "connectorpunctuation": "Pc", "control": "Cc",
    "cntrl": "Cc", "currencysymbol": "Sc", "dashpunctuation": "Pd", "decimalnumber": "Nd", "digit": "Nd",
    "enclosingmark": "Me", "finalpunctuation": "Pf", "format": "Cf", "initialpunctuation": "Pi",
    "letter": "L", "letternumber": "Nl", "lineseparator": "Zl", "lowercaseletter": "Ll", "mark": "M",
    "mathsymbol": "Sm", "modifierletter": "Lm", "modifiersymbol": "Sk", "nonspacingmark": "Mn",
    "number": "N", "openpunctuation": "Ps", "other": "C", "otherletter": "Lo", "othernumber": "No",
    "otherpunctuation": "Po", "othersymbol": "So", "paragraphseparator": "Zp", "privateuse": "Co",
    "punctuation": "P", "punct": "P", "separator": "Z", "spaceseparator": "Zs", "spacingmark": "Mc",
    "surrogate": "Cs", "symbol": "S", "titlecaseletter": "Lt", "uppercaseletter": "Lu",
}  # fmt: skip


class PatternError(ValueError):
    """A text that is no pattern in Go."""


def compiled(pattern: str) -> Any:
    """Return what has the methods `search` and `finditer` of a compiled pattern.

    Raises:
        PatternError: The text is no pattern, or one whose automaton would be too large.
    """
    pattern = utf8.shown(pattern)
    if "\\" in pattern:
        pattern = _ESCAPE.sub(_for_re2, pattern)
    if not pattern.isascii() and any(not name.isascii() for name in _NAME.findall(pattern)):
        raise PatternError("invalid named capture")
    options = re2.Options()
    options.log_errors = False
    try:
        made = re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise PatternError(said.decode(errors="replace") if isinstance(said, bytes) else str(said)) from error
    return _Characters(made) if "\\B" in pattern else made


def _for_re2(escape: re.Match[str]) -> str:
    """Return an escape as RE2 writes it."""
    if escape.group() == "\\C":  # in RE2 it is a byte
        raise PatternError("invalid escape sequence: `\\C`")
    if escape["name"] is None:
        return escape.group()
    name = escape["name"].removeprefix("^")
    short = _CATEGORIES.get(name.translate(_SEPARATORS).lower(), name)
    return f"{escape.group()[:3]}{'^' if name != escape['name'] else ''}{short}}}"


@dataclass(frozen=True, slots=True)
class _Characters:
    r"""A pattern with `\B`, which RE2 also finds between two bytes of one character, and Go does not."""

    made: Any

    def search(self, source: str) -> Any:
        """Return the first match, or None."""
        return next(self.finditer(source), None)

    def finditer(self, source: str) -> Iterator[Any]:
        """Yield the matches that begin and end between characters."""
        if source.isascii():
            yield from self.made.finditer(source)
            return
        raw = source.encode()
        begins = [byte & 0xC0 != 0x80 for byte in raw] + [True]  # noqa: PLR2004 - a byte within a character
        places = [0, *accumulate(begins)]
        for match in self.made.finditer(raw):
            if begins[match.start()] and begins[match.end()]:
                yield _Match(match, places)


@dataclass(frozen=True, slots=True)
class _Match:
    """A match in bytes, shown as one in characters; `places` has each byte's place among the characters."""

    match: Any
    places: Sequence[int]

    def start(self) -> int:
        """Return where it begins."""
        return int(self.places[self.match.start()])

    def end(self) -> int:
        """Return where it ends."""
        return int(self.places[self.match.end()])

    def group(self, name: int | str = 0) -> str | None:
        """Return a group's text, or None; IndexError where there is no such group."""
        found = self.match.group(name)
        return None if found is None else found.decode()

    def groups(self) -> tuple[str | None, ...]:
        """Return all groups but the whole match."""
        return tuple(None if part is None else part.decode() for part in self.match.groups())
