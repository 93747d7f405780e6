"""From draft to active and back: what may be done, in which order, and what is recorded of it."""

from __future__ import annotations

import json

import pytest

from bundles import signatures
from bundles.files import read_archive
from bundles.store import moving, pointers
from bundles.store.approving import approve
from bundles.store.desk import Desk
from bundles.store.errors import StoreError
from bundles.store.lifecycle import TRANSITIONS, Action, State, after
from bundles.store.revisions import key_of, load
from tests.bundles.store import house
from tests.bundles.store.house import ALICE, BOB, CAROL, RELEASE, MemoryBlobs


def refused(code: str, act: object, *arguments: object) -> str:
    """The words with which something is refused."""
    with pytest.raises(StoreError) as raised:
        act(*arguments)  # type: ignore[operator]
    assert raised.value.code == code
    return raised.value.detail


def test_a_revision_goes_from_draft_to_retired() -> None:
    """The states follow each other as the table has them, with who and when."""
    desk, notes = house.desk()
    first, second = house.approved(desk, 1), house.approved(desk, 2)
    assert moving.shadow(desk, first, "bob") is True
    assert house.state(desk, first) is State.SHADOW
    moving.activate(desk, first, "bob")
    moving.activate(desk, second, "carol")

    record, _ = load(desk.blobs, first)
    assert [(str(e.action), str(e.after), e.by) for e in record.history] == [
        ("draft", "draft", "alice"),
        ("publish", "tested", "alice"),
        ("approve", "approved", "carol"),
        ("shadow", "shadow", "bob"),
        ("activate", "active", "bob"),
        ("supersede", "retired", "carol"),
    ]
    times = [entry.at_us for entry in record.history]
    assert times == sorted(times)
    assert [action for action, revision in notes.taken() if revision == first] == [
        "draft", "publish", "approve", "approve", "approve", "shadow", "activate", "supersede",
    ]  # fmt: skip


def test_the_active_file_is_what_gateways_follow() -> None:
    """`active.json` names the revision, since when, and the one before; the bundle carries its approvals."""
    desk, notes = house.desk()
    first, second = house.approved(desk, 1), house.approved(desk, 2)
    moving.activate(desk, first)
    moving.activate(desk, second)
    found = desk.blobs.read("active.json")
    assert found
    said = json.loads(found[0])
    assert (said["revision"], said["previous"], said["by"]) == (second, first, "operator")
    assert isinstance(said["since_us"], int)
    bundle = house.released(desk.blobs, second)
    assert bundle.revision == second
    assert len(bundle.manifest["metadata"]["approvals"]) == 3
    assert [step.digest for step in notes.steps if step.action is Action.ACTIVATE][-1] == bundle.digest


def test_rollback_goes_back_and_further_back() -> None:
    """One rollback undoes the last activation, a second one that before it, and never the first rollback."""
    desk, _ = house.desk()
    oldest, older, newest = (house.approved(desk, limit) for limit in (1, 2, 3))
    for revision in (oldest, older, newest):
        moving.activate(desk, revision)
    assert moving.rollback(desk, "bob") == older
    assert moving.rollback(desk, "bob") == oldest
    assert "before" in refused("store.state", moving.rollback, desk)
    assert house.state(desk, oldest) is State.ACTIVE
    assert moving.activate(desk, newest) is True


def test_nothing_to_roll_back_to() -> None:
    """Without an earlier activation a rollback says so."""
    desk, _ = house.desk()
    refused("store.state", moving.rollback, desk)


@pytest.mark.parametrize("state", ["draft", "tested"])
def test_only_approved_revisions_are_moved(state: str) -> None:
    """A draft and a tested revision can't be tried out or activated."""
    desk, _ = house.desk()
    if state == "draft":
        refused("store.untested", house.published, desk, 7, ALICE, house.FAILED)
        (revision,) = {key.split("/")[1] for key in desk.blobs.names("revisions/")}
    else:
        revision = house.published(desk)
    for act in (moving.activate, moving.shadow):
        assert state in refused("store.state", act, desk, revision)
    assert desk.blobs.read("active.json") is None


def test_repeating_a_step_changes_nothing() -> None:
    """Whoever isn't sure that it worked does it again: no second entry, no second record."""
    desk, notes = house.desk()
    revision = house.approved(desk)
    moving.shadow(desk, revision)
    assert moving.shadow(desk, revision) is False
    moving.activate(desk, revision)
    count = len(notes.steps)
    assert moving.activate(desk, revision) is False
    assert len(notes.steps) == count


def test_another_candidate_takes_the_place_of_the_one_tried_out() -> None:
    """One revision is tried out at a time; the one before stays approved."""
    desk, _ = house.desk()
    first, second = house.approved(desk, 1), house.approved(desk, 2)
    moving.shadow(desk, first)
    moving.shadow(desk, second)
    assert (house.state(desk, first), house.state(desk, second)) == (State.APPROVED, State.SHADOW)


def test_activation_ends_the_trial() -> None:
    """What decides is not evaluated a second time beside itself."""
    desk, _ = house.desk()
    revision = house.approved(desk)
    moving.shadow(desk, revision)
    moving.activate(desk, revision)
    assert pointers.read(desk.blobs, pointers.SHADOW).revision is None


def test_retiring_ends_a_trial_and_spares_the_active_one() -> None:
    """A revision can be taken out of the way from each state but `active`, and come back when approved."""
    desk, _ = house.desk()
    tried, active = house.approved(desk, 1), house.approved(desk, 2)
    moving.shadow(desk, tried)
    moving.activate(desk, active)
    assert "it is active" in refused("store.state", moving.retire, desk, active)
    assert moving.retire(desk, tried, "bob") is True
    assert moving.retire(desk, tried, "bob") is False
    assert house.state(desk, tried) is State.RETIRED
    assert load(desk.blobs, tried)[0].history[-1].action is Action.RETIRE
    assert moving.activate(desk, tried) is True


def test_a_retired_revision_without_approvals_stays_so() -> None:
    """`retired` is no way around approval."""
    desk, _ = house.desk()
    revision = house.published(desk)
    moving.retire(desk, revision)
    refused("store.approval", moving.activate, desk, revision)


def test_what_cannot_be_recorded_is_not_done() -> None:
    """With the log down nothing moves: no publication, approval, trial, activation or rollback."""
    desk, notes = house.desk()
    older, newer, idle = (house.approved(desk, limit) for limit in (1, 2, 3))
    tested = house.published(desk, 4)
    moving.activate(desk, older)
    moving.activate(desk, newer)
    assert isinstance(desk.blobs, MemoryBlobs)
    before = dict(desk.blobs.content)
    notes.is_down = True
    refused("store.journal", house.published, desk, 5)
    refused("store.journal", approve, desk, tested, BOB.key)
    refused("store.journal", moving.shadow, desk, idle)
    refused("store.journal", moving.activate, desk, idle)
    refused("store.journal", moving.rollback, desk)
    refused("store.journal", moving.retire, desk, idle)
    gone = {key for key in desk.blobs.content if before.get(key) != desk.blobs.content[key]}
    assert {key.rsplit("/", 1)[1] for key in gone} <= {"released.tar.gz", "bundle.tar.gz"}
    assert house.state(desk, newer) is State.ACTIVE


def test_the_loser_of_a_race_is_told_and_recorded_as_void() -> None:
    """Two operators activate at once: one wins, the other gets `store.conflict`, and so says the log."""
    desk, notes = house.desk()
    mine, theirs = house.approved(desk, 1), house.approved(desk, 2)
    assert isinstance(desk.blobs, MemoryBlobs)
    blobs = desk.blobs
    other = Desk(blobs, desk.trust, house.Notes(), desk.now_us)

    def intrude(key: str) -> None:
        if key == pointers.ACTIVE:
            blobs.before_write = lambda _: None
            moving.activate(other, theirs, "bob")

    blobs.before_write = intrude
    refused("store.conflict", moving.activate, desk, mine, "carol")
    assert (house.state(desk, mine), house.state(desk, theirs)) == (State.APPROVED, State.ACTIVE)
    assert [(step.void, step.reason_code) for step in notes.steps[-2:]] == [
        (False, None),
        (True, "store.conflict"),
    ]


def test_names_of_the_history_are_names_of_the_settings() -> None:
    """Free text doesn't get into the history and the log through `--as`."""
    desk, _ = house.desk()
    revision = house.approved(desk)
    refused("store.approval", moving.activate, desk, revision, "mallory <script>")


def test_the_release_key_signs_what_gateways_load() -> None:
    """With release keys in the settings the bundle is signed by one of them, or not activated."""
    desk, _ = house.desk(trust=house.trusted(keys={"release": RELEASE.public}, scope="write"))
    revision = house.approved(desk)
    assert "release" in refused("store.unsigned", moving.activate, desk, revision)
    refused("store.unsigned", moving.activate, desk, revision, None, BOB.key)
    assert moving.activate(desk, revision, None, RELEASE.key) is True
    found = desk.blobs.read(key_of(revision, "released.tar.gz"))
    assert found
    assert signatures.check(read_archive(found[0]), desk.trust.keys, "write") == "release"


def test_going_back_needs_no_key() -> None:
    """A rollback takes the bundle that was signed then: at night the key may be far away."""
    desk, _ = house.desk(trust=house.trusted(keys={"release": RELEASE.public}))
    older, newer = house.approved(desk, 1), house.approved(desk, 2)
    moving.activate(desk, older, None, RELEASE.key)
    moving.activate(desk, newer, None, RELEASE.key)
    assert moving.rollback(desk) == older


def test_nobody_goes_back_to_what_gateways_would_refuse() -> None:
    """Who left the settings has no say any more; another approval makes good for it."""
    people = dict(house.PEOPLE)
    desk, notes = house.desk()
    older, newer = house.approved(desk, 1), house.approved(desk, 2)
    moving.activate(desk, older)
    moving.activate(desk, newer)
    del people["carol"]
    later = Desk(desk.blobs, house.trusted(people=people), notes, desk.now_us)
    refused("store.approval", moving.rollback, later)
    approve(later, older, house.DAVE.key)
    assert moving.rollback(later) == older
    assert CAROL.key.id not in people


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("state", [None, *State])
def test_the_table_is_all_there_is(action: Action, state: State | None) -> None:
    """A step that the table doesn't have is refused, naming where it could start."""
    if (action, state) in TRANSITIONS:
        assert after(action, state) is TRANSITIONS[action, state]
    else:
        refused("store.state", after, action, state)


@pytest.mark.parametrize("pointer", [pointers.ACTIVE, pointers.SHADOW])
def test_what_is_in_force_can_be_signed_by_a_key_that_came_later(pointer: str) -> None:
    """Gateways that ask for a signature by now get one: recorded, and the pointer is replaced by itself."""
    desk, notes = house.desk()
    revision = house.approved(desk)
    move = moving.activate if pointer == pointers.ACTIVE else moving.shadow
    assert move(desk, revision) is True
    asking, _ = house.desk(desk.blobs, house.trusted(keys={"release": RELEASE.public}), notes)
    before, steps = desk.blobs.read(pointer), len(notes.steps)
    written: list[str] = []
    assert isinstance(desk.blobs, MemoryBlobs)
    desk.blobs.before_write = written.append

    assert move(asking, revision) is False
    assert move(asking, revision, "bob", RELEASE.key) is True
    found = desk.blobs.read(key_of(revision, "released.tar.gz"))
    assert found is not None
    assert signatures.check(read_archive(found[0]), {"release": RELEASE.public}) == "release"
    assert [(step.before, step.after, step.by) for step in notes.steps[steps:]] == [
        (house.state(desk, revision), house.state(desk, revision), "bob")
    ]
    assert (desk.blobs.read(pointer), written[-1]) == (before, pointer)
    assert move(asking, revision, "bob", RELEASE.key) is False
    assert (len(notes.steps), written[-1]) == (steps + 1, pointer)


def test_a_release_whose_pointer_was_not_replaced_is_finished() -> None:
    """Interrupted after the new signature: the same command has gateways look again."""
    desk, notes = house.desk()
    revision = house.approved(desk)
    moving.activate(desk, revision)
    asking, _ = house.desk(desk.blobs, house.trusted(keys={"release": RELEASE.public}), notes)
    assert isinstance(desk.blobs, MemoryBlobs)
    desk.blobs.fail_at = desk.blobs.writes + 1
    refused("store.unavailable", moving.activate, asking, revision, "bob", RELEASE.key)
    desk.blobs.fail_at = None
    written: list[str] = []
    desk.blobs.before_write = written.append

    moving.activate(asking, revision, "bob", RELEASE.key)
    assert written[-1] == pointers.ACTIVE
