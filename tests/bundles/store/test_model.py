"""The lifecycle against a simple model: any order of steps gives the states that the model says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bundles.store import moving, pointers
from bundles.store.approving import approve
from bundles.store.errors import StoreError
from bundles.store.lifecycle import State
from tests.bundles.store import house
from tests.bundles.store.house import ALICE, BOB, CAROL, DAVE

if TYPE_CHECKING:
    from collections.abc import Callable

    from bundles.store.desk import Desk
    from tests.bundles.signing import Pair

LIMITS = st.integers(1, 3)
PEOPLE = st.sampled_from([ALICE, BOB, CAROL, DAVE])


class Lifecycle(RuleBasedStateMachine):
    """Three revisions of Alice's. The model: a state and a set of approvers each, and what was active."""

    desk: Desk
    notes: house.Notes

    @initialize()
    def begin(self) -> None:
        """An empty store."""
        self.desk, self.notes = house.desk()
        self.revisions: dict[int, str] = {}
        self.states: dict[int, State] = {}
        self.approvers: dict[int, set[str]] = {}
        self.passed: set[int] = set()
        self.replaced: dict[int, int | None] = {}

    @rule(limit=LIMITS, passes=st.booleans())
    def publish(self, limit: int, passes: bool) -> None:  # noqa: FBT001 - hypothesis calls it so
        """A draft or a retired one can be published; it is tested when its tests pass."""
        report = house.PASSED if passes else house.FAILED
        known = self.states.get(limit)
        due = known in {None, State.DRAFT, State.RETIRED}
        self.attempt(passes or not due, lambda: house.published(self.desk, limit, report=report))
        for name in self.desk.blobs.names("revisions/"):
            revision = name.split("/")[1]
            if revision not in self.revisions.values():
                self.revisions[limit] = revision
        if due and passes:
            self.states[limit] = State.TESTED
            self.passed.add(limit)
        elif known is None:
            self.states[limit] = State.DRAFT
        self.approvers.setdefault(limit, set())

    @rule(limit=LIMITS, person=PEOPLE)
    def approve(self, limit: int, person: Pair) -> None:
        """Everybody but Alice approves, once each; two are enough."""
        if limit not in self.revisions:
            return
        possible = self.states[limit] in {State.TESTED, State.APPROVED, State.RETIRED} and person is not ALICE
        self.attempt(possible, lambda: approve(self.desk, self.revisions[limit], person.key))
        if possible:
            self.approvers[limit].add(person.key.id)
            if self.states[limit] is State.TESTED and len(self.approvers[limit]) >= 2:
                self.states[limit] = State.APPROVED

    @rule(limit=LIMITS)
    def shadow(self, limit: int) -> None:
        """One at a time is tried out."""
        if limit not in self.revisions:
            return
        possible = self.states[limit] is State.SHADOW or self.may(limit, State.APPROVED, State.RETIRED)
        self.attempt(possible, lambda: moving.shadow(self.desk, self.revisions[limit]))
        if possible and self.states[limit] is not State.SHADOW:
            self.leave(State.SHADOW, State.APPROVED)
            self.states[limit] = State.SHADOW

    @rule(limit=LIMITS)
    def activate(self, limit: int) -> None:
        """One at a time is active."""
        if limit not in self.revisions:
            return
        states = (State.APPROVED, State.RETIRED, State.SHADOW)
        possible = self.states[limit] is State.ACTIVE or self.may(limit, *states)
        self.attempt(possible, lambda: moving.activate(self.desk, self.revisions[limit]))
        if possible and self.states[limit] is not State.ACTIVE:
            self.replaced[limit] = self.leave(State.ACTIVE, State.RETIRED)
            self.states[limit] = State.ACTIVE

    @rule()
    def rollback(self) -> None:
        """Back to what the active one replaced, if that can still be put in force."""
        active = next((each for each, state in self.states.items() if state is State.ACTIVE), None)
        goal = None if active is None else self.replaced[active]
        possible = goal is not None and self.may(goal, State.RETIRED)
        self.attempt(possible, lambda: moving.rollback(self.desk))
        if possible and goal is not None:
            self.leave(State.ACTIVE, State.RETIRED)
            self.states[goal] = State.ACTIVE

    @rule(limit=LIMITS)
    def retire(self, limit: int) -> None:
        """Anything but the active one."""
        if limit not in self.revisions:
            return
        possible = self.states[limit] is not State.ACTIVE
        self.attempt(possible, lambda: moving.retire(self.desk, self.revisions[limit]))
        if possible:
            self.states[limit] = State.RETIRED

    @rule(limit=LIMITS)
    def lose_the_log(self, limit: int) -> None:
        """With the log down nothing moves."""
        if limit not in self.revisions or self.states[limit] is State.ACTIVE:
            return
        self.notes.is_down = True
        self.attempt(
            self.states[limit] is State.RETIRED, lambda: moving.retire(self.desk, self.revisions[limit])
        )
        self.notes.is_down = False

    @invariant()
    def states_agree(self) -> None:
        """Every revision is in the model's state, and what is active carries its approvals."""
        if not hasattr(self, "states"):
            return
        found = {limit: house.state(self.desk, revision) for limit, revision in self.revisions.items()}
        assert found == self.states
        active = pointers.read(self.desk.blobs, pointers.ACTIVE).revision
        if active is not None:
            bundle = house.released(self.desk.blobs, active)
            self.desk.trust.admit(bundle.files)

    def may(self, limit: int, *states: State) -> bool:
        """Whether a revision can be put in force from one of these states."""
        ready = limit in self.passed and len(self.approvers[limit]) >= 2
        return self.states[limit] in states and ready

    def leave(self, state: State, goal: State) -> int | None:
        """Who was in a state that only one can be in goes to another one."""
        left = next((each for each, present in self.states.items() if present is state), None)
        if left is not None:
            self.states[left] = goal
        return left

    def attempt(self, possible: bool, act: Callable[[], Any]) -> None:  # noqa: FBT001 - what is expected
        """Do it, and hold whether it was refused against the model."""
        try:
            act()
        except StoreError as error:
            assert not possible, error
        else:
            assert possible


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
