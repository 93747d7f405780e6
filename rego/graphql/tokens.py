"""GraphQL's tokens as gqlparser's lexer reads them; knows no grammar."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from rego.graphql.ast import Comment, CommentGroup
from rego.graphql.errors import GraphQLError
from rego.graphql.limits import too_many_tokens

NAME: Final = "Name"
INT: Final = "Int"
FLOAT: Final = "Float"
STRING: Final = "String"
BLOCK: Final = "BlockString"
END: Final = "<EOF>"

# Quantifiers are possessive: no text makes the pattern try again.
_TOKEN: Final = re.compile(
    r"""[\t ,\n\r\ufeff]*+(?:
    (?P<name>[_A-Za-z][_0-9A-Za-z]*+)
    |(?P<punctuator>[!$&():=@\[\]{}|]|\.\.\.)
    |(?P<comment>\#[^\x00-\x08\x0a-\x1f]*+)
    |(?P<string>"(?!"")(?:[^"\\\x00-\x08\x0a-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+")
    |"{3}(?P<block>(?:[^"\\\x00-\x08\x0b\x0c\x0e-\x1f]++|\\"{3}|\\|"{1,2}(?!"))*+"{3,}+)
    |(?P<number>-?(?:0(?![0-9])|[1-9][0-9]*+)(?:\.[0-9]++|(?!\.))(?:[eE][+-]?[0-9]++|(?![eE])))
    |(?P<end>\Z))""",
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(?:u(....)|(.))")
_ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NEWLINE: Final = re.compile(r"\r\n|\r|\n")
_SPACE: Final = re.compile(r"[\t ,\n\r\ufeff]*+")


class Token(NamedTuple):
    """One token.

    Args:
        kind: One of the constants of this module, or the punctuator itself.
        value: What it says; empty for punctuators.
        start: Its offset in the text, in characters.
        comments: The comments right before it, or None.
    """

    kind: str
    value: str
    start: int
    comments: CommentGroup | None


def tokens(text: str, limit: int) -> list[Token]:
    """Return a text's tokens, the last of which is `END`.

    Raises:
        GraphQLError: Something in it is no token.
        EvaluationError: There are more than `limit` tokens and comments.
    """
    found: list[Token] = []
    comments: list[Comment] = []
    place, count = 0, 0
    match = _TOKEN.match
    while True:
        token = match(text, place)
        if token is None:
            raise _no_token(text, place)
        count += 1
        if count > limit:
            raise too_many_tokens()
        place = token.end()
        group = token.lastgroup
        start, value = token.start(str(group)), token[str(group)]
        if group == "comment":
            comments.append(Comment(value))
            continue
        kind, value = _meaning(str(group), value)
        found.append(Token(kind, value, start, CommentGroup(comments) if comments else None))
        if group == "end":
            return found
        if comments:
            comments = []


def _meaning(group: str, written: str) -> tuple[str, str]:
    """Return a token's kind and value from how it is written."""
    match group:
        case "name":
            return NAME, written
        case "punctuator":
            return written, ""
        case "string":
            return STRING, _string(written[1:-1])
        case "number":
            return INT if written.lstrip("-").isdigit() else FLOAT, written
        case "block":
            return BLOCK, _block(written[:-3])
        case _:
            return END, ""


def _string(written: str) -> str:
    return _ESCAPE.sub(_unescaped, written) if "\\" in written else written


def _unescaped(escape: re.Match[str]) -> str:
    digits, letter = escape.groups()
    if digits is None:
        return _ESCAPED.get(letter, letter)
    character = chr(int(digits, 16))
    # Go writes half of a surrogate pair as the replacement character.
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character


def _block(written: str) -> str:
    """Return the value of a block string: less its common indentation and its first and last blank lines."""
    lines = _NEWLINE.sub("\n", written.replace('\\"""', '"""')).split("\n")
    indents = [len(line) - len(bare) for line in lines if (bare := line.lstrip("\t "))]
    # gqlparser counts the first line in and doesn't cut it.
    common = min(indents, default=0)
    lines[1:] = [line[common:] for line in lines[1:]]
    filled = [place for place, line in enumerate(lines) if line.strip("\t ")]
    return "\n".join(lines[filled[0] : filled[-1] + 1]) if filled else ""


def _no_token(text: str, place: int) -> GraphQLError:
    spaces = _SPACE.match(text, place)
    place = spaces.end() if spaces else place
    character = text[place]
    if character == '"':
        reason = "Unterminated string, or an invalid character or escape in it"
    elif character == "-" or "0" <= character <= "9":
        reason = "Invalid number"
    else:
        reason = f'Cannot parse the unexpected character "{character}"'
    return located(text, place, reason)


def located(text: str, place: int, reason: str) -> GraphQLError:
    """Return an error with the line and column of an offset, both counted from 1."""
    before = _NEWLINE.split(text[:place])
    return GraphQLError(f"{reason} in GraphQL string at location {len(before)}:{len(before[-1]) + 1}")
