"""What a check of policy sources finds: where, what, and how to mend it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend.

    Args:
        file: the file's path below the sources.
        row: the line, from 1.
        what: what is wrong, without a full stop.
        mend: what to do about it, likewise.
    """

    file: str
    row: int
    what: str
    mend: str

    @override
    def __str__(self) -> str:
        """One line, as editors read it."""
        return f"{self.file}:{self.row}: {self.what}: {self.mend}"

    def as_json(self) -> dict[str, str | int]:
        """The same as an object."""
        return asdict(self)
