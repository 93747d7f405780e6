"""The words by which usage is charged, as a record may hold them: short, of a fixed alphabet, few.

What a client declares comes from outside and stands in the log for ever: without these bounds a prompt, or
somebody's mail address, could be written there as a tag.
"""

import re
from collections.abc import Iterable

from audit.errors import RecordRefused

MOST_TAGS = 8
MOST_KEYS = 64
KEY_CHARS = 256
"""The most characters of a ledger's key; a policy names it."""
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}", re.ASCII)
"""What a cost centre, a tag or the name of a price list looks like."""


def word(text: object) -> str | None:
    """Return a word as it is; None of none.

    Raises:
        RecordRefused: `record.value`: it is none. It is never cut to fit.
    """
    if text is None or (isinstance(text, str) and WORD.fullmatch(text)):
        return text
    raise RecordRefused("record.value", f"a word of usage has the form {WORD.pattern}")


def tags(declared: Iterable[str]) -> list[str]:
    """Return the tags that a client declared, each once, in their order.

    Raises:
        RecordRefused: `record.value`: one is no word, or there are more than `MOST_TAGS`.
    """
    found = list(dict.fromkeys(text for each in declared if (text := word(each)) is not None))
    if len(found) > MOST_TAGS:
        raise RecordRefused("record.value", f"more than {MOST_TAGS} tags")
    return found


def keys(applied: Iterable[str]) -> list[str]:
    """Return the ledger's keys that applied, each once, in their order.

    Raises:
        RecordRefused: `record.value`: one is too long or empty, or there are more than `MOST_KEYS`.
    """
    found = list(dict.fromkeys(applied))
    if len(found) > MOST_KEYS or not all(0 < len(each) <= KEY_CHARS for each in found):
        raise RecordRefused("record.value", f"at most {MOST_KEYS} keys of at most {KEY_CHARS} characters")
    return found
