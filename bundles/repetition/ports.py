"""What is repeated, where its bundles are found, and how a gateway would have recorded an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bundles.backtest.effect import Gateway
from bundles.backtest.recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bundles.backtest.effect import Answer
    from bundles.bundle import Bundle

    Library = Callable[[str, str], Bundle | None]
    """Finds a bundle by (revision, digest), either of which may be empty; None where there is none."""


class Decided(Recorded, Protocol):
    """**Protocol:** one recorded decision, with what the policy said."""

    @property
    def engine(self) -> str:
        """Who evaluated the policy: `embedded`, `opa`."""
        ...

    @property
    def bundle(self) -> str | None:
        """Digest of the bundle, `sha256:...`; None where the engine tells none."""
        ...

    @property
    def reasons(self) -> Sequence[Mapping[str, Any]] | None:
        """Why, as {id, controls}; None in a record that has none."""
        ...

    @property
    def obligations(self) -> Sequence[Any]:
        """What the policy asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """A decision as a gateway records it.

    Args:
        action: `allow` or `deny`.
        reason_code: why.
        reasons: as {id, controls}.
        obligations: in the form of records.
    """

    action: str
    reason_code: str
    reasons: Sequence[Mapping[str, Any]]
    obligations: Sequence[Any]


class Scribe(Gateway, Protocol):
    """**Protocol:** how a gateway obeys, and what it writes down."""

    def said(self, question: Mapping[str, object], answers: Sequence[Answer]) -> Said:
        """What would stand in the record, of answers in the order in which they were asked for."""
        ...
