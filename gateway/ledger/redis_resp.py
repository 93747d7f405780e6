"""The wire, as far as the ledger speaks it: commands, and answers of one line or one string (RESP 2)."""

from __future__ import annotations

MAX_REPLY_BYTES = 16 * 1024 * 1024
MAX_LINE_BYTES = 64 * 1024

BULK, NUMBER, STATUS, ERROR = b"$:+-"
"""How an answer begins."""


def next_answer(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Find the next answer: its kind, and where its text begins and ends; None if it isn't there in full.

    Raises:
        ValueError: it is none that a script or WAIT gives.
    """
    end = data.find(b"\r\n", at)
    if end < 0:
        if len(data) - at > MAX_LINE_BYTES:
            raise ValueError("a line without an end")
        return None
    kind, first = data[at], at + 1
    if kind != BULK:
        if kind not in (NUMBER, STATUS, ERROR):
            raise ValueError("an answer of another kind")
        return kind, first, end
    size = int(data[first:end])
    if not 0 <= size <= MAX_REPLY_BYTES:
        raise ValueError("an answer of no length, or too long")
    first, last = end + 2, end + 2 + size
    return (kind, first, last) if len(data) >= last + 2 else None


def bulk(text: bytes) -> bytes:
    """One argument as Redis reads it."""
    return b"$%d\r\n%b\r\n" % (len(text), text)


def resp(*arguments: bytes) -> bytes:
    """A whole command as Redis reads it."""
    return b"*%d\r\n%b" % (len(arguments), b"".join(map(bulk, arguments)))
