"""Cuts a byte stream into server-sent events, whatever way the network cut it; knows no JSON and no provider.

After the WHATWG HTML standard, section 9.2 (server-sent events): lines end with LF, CRLF or CR, an empty line
ends an event, a line that starts with a colon is a comment, one space after a field's colon is not data.
"""

from typing import NamedTuple

from adapters.transport import TooLarge

_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event: its name (empty where it has none) and its data lines, joined by LF."""

    name: bytes
    data: bytes


class Splitter:
    """Collects bytes until an event is whole. Linear in what it is fed, however small the pieces are.

    Args:
        limit_bytes: The longest event it takes; a guard against an upstream that never ends one.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._tail = bytearray()
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read.

        Returns:
            The blocks of the events that it completes, without the empty lines between them, LF line ends.

        Raises:
            TooLarge: The event under way exceeds the limit.
        """
        if self._after_cr or b"\r" in data:
            data = self._unify(data)
        tail = self._tail
        if tail and data:
            # The boundary may lie across the cut; what is in the tail has been searched before.
            if not (tail.endswith(b"\n") and data.startswith(b"\n")) and b"\n\n" not in data:
                tail += data
                self._check_limit()
                return []
            data = bytes(tail) + data
            tail.clear()
        *blocks, rest = data.split(b"\n\n")
        tail += rest
        self._check_limit()
        return [block for block in blocks if block]

    def rest(self) -> bytes:
        """What is left of an event that the stream's end cut short; empty after a clean end."""
        return bytes(self._tail.strip(b"\n"))

    def _check_limit(self) -> None:
        if len(self._tail) > self._limit_bytes:
            raise TooLarge

    def _unify(self, data: bytes) -> bytes:
        """Turn CRLF and CR into LF; a CR at the cut counts at once and a LF after it is then dropped."""
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if data.endswith(b"\r"):
            self._after_cr = True
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def parse(block: bytes) -> Event | None:
    """Read one block; None where it has no data (comments, `retry:`, `id:`)."""
    if block.startswith(b"data: ") and b"\n" not in block:
        return Event(b"", block[6:])
    name = b""
    data: list[bytes] = []
    for line in block.removeprefix(_BOM).split(b"\n"):
        field, colon, value = line.partition(b":")
        value = value.removeprefix(b" ") if colon else b""
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    return Event(name, b"\n".join(data)) if data else None
