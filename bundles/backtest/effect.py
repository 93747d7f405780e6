"""What a policy's answers come to once a gateway obeys them, and how two such effects differ.

Obligations are compared by what they do together, not by how they are written: two routes that leave the
same deployments in the same order are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one entrypoint answered.

    Args:
        entrypoint: which one.
        value: its value, a JSON value that nobody has checked.
        code: the engine's reason code where there is no value.
    """

    entrypoint: str
    value: object = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of a request.

    Args:
        allow: whether it is permitted.
        reasons: ids of what forbids it.
        terms: what is enforced, by kind, each as canonical JSON.
        whole: whether that is the last word; not where only admission could be asked.
    """

    allow: bool
    reasons: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    whole: bool = True

    @override
    def __str__(self) -> str:
        """In one line: `allow route=["a"]`, `deny access.not_granted`."""
        if self.allow:
            return " ".join(("allow", *(f"{kind}={value}" for kind, value in self.terms)))
        return " ".join(("deny", *self.reasons))


class Gateway(Protocol):
    """**Protocol:** how a gateway obeys.

    `max_steps` bounds one evaluation as it does there; `reads` are the paths of the question that `effect`
    looks at, besides the answers.
    """

    @property
    def max_steps(self) -> int:
        """Steps that one evaluation may take."""
        ...

    @property
    def reads(self) -> Sequence[Path]:
        """Paths of the question that `effect` depends on."""
        ...

    def effect(self, question: Mapping[str, object], answers: Sequence[Answer]) -> Effect:
        """What the answers come to, in the order in which they were asked for; never raises."""
        ...


class Change(StrEnum):
    """How a candidate's effect differs from the one before."""

    DENIED = "allow_to_deny"
    ALLOWED = "deny_to_allow"
    ADMITTED = "deny_to_admitted"  # past admission; what the request decision would be isn't known
    TERMS = "obligations"


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which two effects differ.

    Args:
        change: how.
        rules: reason ids of the denial that is new or gone; kinds of terms where those changed.
    """

    change: Change
    rules: tuple[str, ...]
    before: Effect
    after: Effect


def difference(before: Effect, after: Effect) -> Difference | None:
    """How two effects differ, None if nobody would notice; reasons of two denials are not compared."""
    if before.allow != after.allow:
        if before.allow:
            return Difference(Change.DENIED, after.reasons, before, after)
        change = Change.ALLOWED if after.whole else Change.ADMITTED
        return Difference(change, before.reasons, before, after)
    if before.terms == after.terms or not before.allow:
        return None
    kinds = {kind for kind, _ in {*before.terms} ^ {*after.terms}}
    return Difference(Change.TERMS, tuple(sorted(kinds)), before, after)
