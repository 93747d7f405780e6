"""How many tokens a prompt may have, before anybody who knows has counted them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.content import chat

if TYPE_CHECKING:
    from collections.abc import Mapping

# English prose is near four bytes a token in the current encodings; other text has fewer.
_BYTES_PER_TOKEN = 4


class Estimate(NamedTuple):
    """A number of tokens.

    Args:
        expected: as likely too many as too few.
        upper: hardly ever exceeded.
    """

    expected: int
    upper: int


def prompt(body: Mapping[str, object]) -> Estimate:
    """Return the size of a chat's prompt."""
    size = sum(len(text.encode()) for text in chat.texts(body))
    return Estimate(-(-size // _BYTES_PER_TOKEN), -(-size // 2) + 16)


def reply(body: bytes) -> int:
    """Return the size of a whole reply of which nobody said how many tokens it has."""
    return -(-len(body) // _BYTES_PER_TOKEN)
