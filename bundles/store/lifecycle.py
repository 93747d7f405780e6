"""The states of a revision and the steps between them, as one table; knows no file and no signature."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bundles.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Where a revision is on its way."""

    DRAFT = "draft"
    TESTED = "tested"
    APPROVED = "approved"
    SHADOW = "shadow"
    ACTIVE = "active"
    RETIRED = "retired"


class Action(StrEnum):
    """What moves it on: done by somebody, or by what somebody did to another revision."""

    DRAFT = "draft"
    PUBLISH = "publish"
    APPROVE = "approve"
    SHADOW = "shadow"
    WITHDRAW = "withdraw"  # another one is tried out instead
    ACTIVATE = "activate"
    ROLLBACK = "rollback"
    SUPERSEDE = "supersede"  # another one decides instead
    RETIRE = "retire"


TRANSITIONS: Final[Mapping[tuple[Action, State | None], State]] = {
    (Action.DRAFT, None): State.DRAFT,
    (Action.PUBLISH, State.DRAFT): State.TESTED,  # its tests passed and reach far enough
    (Action.PUBLISH, State.RETIRED): State.TESTED,  # taken up again
    (Action.APPROVE, State.TESTED): State.APPROVED,  # by as many as the gateway's settings ask for
    (Action.APPROVE, State.APPROVED): State.APPROVED,  # one more: the settings ask for more by now
    (Action.APPROVE, State.RETIRED): State.RETIRED,  # likewise, before going back to it
    (Action.SHADOW, State.APPROVED): State.SHADOW,
    (Action.SHADOW, State.RETIRED): State.SHADOW,
    (Action.WITHDRAW, State.SHADOW): State.APPROVED,
    (Action.ACTIVATE, State.APPROVED): State.ACTIVE,
    (Action.ACTIVATE, State.SHADOW): State.ACTIVE,
    (Action.ACTIVATE, State.RETIRED): State.ACTIVE,
    (Action.ROLLBACK, State.RETIRED): State.ACTIVE,
    (Action.SUPERSEDE, State.ACTIVE): State.RETIRED,
    (Action.RETIRE, State.DRAFT): State.RETIRED,
    (Action.RETIRE, State.TESTED): State.RETIRED,
    (Action.RETIRE, State.APPROVED): State.RETIRED,
    (Action.RETIRE, State.SHADOW): State.RETIRED,
}
"""Each step that exists; what isn't here can't be done. Signatures are asked for besides."""


def after(action: Action, before: State | None) -> State:
    """The state that a step leads to.

    Raises:
        StoreError: `store.state`, naming the states from which the step exists.
    """
    found = TRANSITIONS.get((action, before))
    if found is None:
        possible = [str(start) for step, start in TRANSITIONS if step is action]
        raise StoreError("store.state", f"{action} needs {' or '.join(possible)}; it is {before}")
    return found
