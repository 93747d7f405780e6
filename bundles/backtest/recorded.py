"""What a backtest reads: decisions as somebody recorded them, each with the question it answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Recorded(Protocol):
    """**Protocol:** one recorded decision.

    `question` is the JSON that the entrypoint `path` was asked, exactly as it was asked, or None; then
    `missing` says why: `erased`, `absent`, `altered` (it isn't what was asked), or `unasked` (no policy was).
    """

    @property
    def id(self) -> str:
        """Id of the decision."""
        ...

    @property
    def t_us(self) -> int:
        """When it was recorded, microseconds UTC."""
        ...

    @property
    def team(self) -> str | None:
        """Team of the subject."""
        ...

    @property
    def model(self) -> str | None:
        """The model asked for."""
        ...

    @property
    def action(self) -> str:
        """What became of the request: `allow` or `deny`."""
        ...

    @property
    def reason_code(self) -> str:
        """Why."""
        ...

    @property
    def path(self) -> str:
        """The entrypoint that was asked last."""
        ...

    @property
    def revision(self) -> str | None:
        """Revision of the bundle that answered."""
        ...

    @property
    def question(self) -> bytes | None:
        """What it was asked."""
        ...

    @property
    def missing(self) -> str:
        """Why there is no question; empty when there is one."""
        ...


class Recording(Protocol):
    """**Protocol:** recorded decisions, read once from front to back.

    `damaged` and `torn` name places that could not be read; both are complete when the reading is.
    """

    total_bytes: int
    read_bytes: int

    @property
    def damaged(self) -> Sequence[str]:
        """Places that hold what could not be read."""
        ...

    @property
    def torn(self) -> Sequence[str]:
        """Places that are being written, or were when the process ended."""
        ...

    def __iter__(self) -> Iterator[Recorded]:
        """Each decision."""
        ...
