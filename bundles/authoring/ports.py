"""What the commands for authors need of the program around them; says what, never how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bundles.bundle import Bundle


class Question(TypedDict):
    """A question that was asked once, as the log kept it."""

    document: dict[str, Any]
    """What the policy saw as `input`."""
    path: str
    """The entry point, such as `gateway/request/decision`."""
    revision: str
    """The revision of the bundle that decided."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of the log, with what led to it.

    Args:
        id: the decision's id.
        t_us: when it was logged, microseconds since 1970 UTC.
        action: `allow` or `deny`.
        reason: its reason code.
        rules: what the record says of the rules that fired: `file:row,row` each, or a rule's id.
    """

    id: str
    t_us: int
    action: str
    reason: str
    rules: tuple[str, ...]


class House(Protocol):
    """**Protocol:** the configured house, as the commands for authors see it."""

    def opa(self) -> Path | None:
        """The `opa` that is configured; None leaves the search to the command."""
        ...

    def bundle(self, name: str) -> Bundle:
        """The bundle of a revision, or at a path.

        Raises:
            BundleError: there is none, or it can't be used.
        """
        ...

    def active_bundle(self) -> Bundle:
        """The bundle that the configured gateway decides with.

        Raises:
            BundleError: it can't be used.
        """
        ...

    def question(self, decision_id: str) -> Question | None:
        """The question that a decision answered; None where the log has not kept it.

        Raises:
            BundleError: the log keeps no questions, or can't be read.
        """
        ...

    def decisions(self) -> Iterator[Decided]:
        """The decisions of the log, newest first.

        Raises:
            BundleError: there is no log, or it can't be read.
        """
        ...
