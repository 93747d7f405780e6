"""Whoever can write the store's files can't have a policy decide: nothing there is believed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bundles import approvals, archive, jws
from bundles.documents import canonical
from bundles.store import moving
from bundles.store.approving import approve
from bundles.store.errors import StoreError
from bundles.store.lifecycle import State
from bundles.store.releasing import stored
from bundles.store.revisions import key_of
from tests.bundles.signing import pair
from tests.bundles.store import house
from tests.bundles.store.house import ALICE, BOB, CAROL, RELEASE, MemoryBlobs

if TYPE_CHECKING:
    from bundles.store.desk import Desk
    from bundles.trust import Trust


def make(trust: Trust | None = None) -> tuple[MemoryBlobs, Desk, str]:
    """A desk, and a tested revision with one approval."""
    blobs = MemoryBlobs()
    desk, _ = house.desk(blobs, trust)
    return blobs, desk, house.approved(desk, by=(BOB,))


def believe(blobs: MemoryBlobs, revision: str) -> None:
    """Write `approved` into a revision's state by hand."""
    key = key_of(revision, "state.json")
    said = json.loads(blobs.content[key])
    said["state"] = "approved"
    said["history"].append({**said["history"][-1], "action": "approve", "from": "tested", "to": "approved"})
    blobs.content[key] = json.dumps(said).encode()


def check_refused(desk: Desk, revision: str, code: str = "store.approval") -> None:
    """Neither an activation nor a trial comes of it."""
    for act in (moving.activate, moving.shadow):
        with pytest.raises(StoreError) as raised:
            act(desk, revision)
        assert raised.value.code == code
    assert desk.blobs.read("active.json") is None


def test_a_state_is_not_believed() -> None:
    """`approved` without the signatures doesn't lead to an activation."""
    blobs, desk, revision = make()
    believe(blobs, revision)
    assert house.state(desk, revision) is State.APPROVED
    check_refused(desk, revision)


def word(revision: str, by: jws.PrivateKey, **changes: object) -> bytes:
    """An approval with single values changed."""
    said = {"revision": revision, "role": "approver", "name": by.id, "at_us": 1} | changes
    return jws.sign(canonical(said), by, approvals.KIND).encode()


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(lambda rev: word(rev, pair(key_id="carol").key), id="another key by her name"),
        pytest.param(lambda rev: word("r-" + "0" * 64, CAROL.key), id="for another revision"),
        pytest.param(lambda rev: word(rev, CAROL.key, role="author"), id="said as author"),
        pytest.param(lambda rev: word(rev, CAROL.key, name="dave"), id="in another's name"),
        pytest.param(lambda rev: word(rev, CAROL.key, at_us="now"), id="without a time"),
        pytest.param(lambda rev: word(rev, BOB.key), id="the same person twice"),
        pytest.param(lambda rev: word(rev, ALICE.key), id="the author"),
        pytest.param(lambda rev: word(rev, pair(key_id="mallory").key), id="nobody of the settings"),
        pytest.param(lambda rev: jws.sign(b"{}", CAROL.key, "JWT").encode(), id="a token of another kind"),
        pytest.param(lambda rev: b"\xff", id="no token"),
        pytest.param(lambda rev: b"", id="nothing"),
    ],
)
def test_a_forged_approval_counts_for_nothing(forged: object) -> None:
    """What isn't said by another trusted person, of this revision, as an approval, isn't counted."""
    blobs, desk, revision = make()
    believe(blobs, revision)
    for name in ("carol", "dave"):
        blobs.content[key_of(revision, f"approvals/{name}.jws")] = forged(revision)  # type: ignore[operator]
    check_refused(desk, revision)


def test_the_author_cannot_be_exchanged() -> None:
    """Alice can't pass her work off as Carol's to approve it herself: the author is part of the revision."""
    blobs, desk, revision = make()
    believe(blobs, revision)
    blobs.content[key_of(revision, "approvals/carol.jws")] = word(revision, CAROL.key, role="author")
    blobs.content[key_of(revision, "approvals/alice.jws")] = word(revision, ALICE.key)
    check_refused(desk, revision)
    with pytest.raises(StoreError, match="others must approve"):
        approve(desk, revision, ALICE.key)


def test_one_key_under_two_names_is_one_person() -> None:
    """Two names of the settings with one key approve once, and an author's second name not at all."""
    double = pair(key_id="bob")
    second = jws.PrivateKey.parse(double.private_pem, "carol")
    people = {**house.PEOPLE, "bob": double.public, "carol": second.public()}
    desk, _ = house.desk(trust=house.trusted(people=people))
    revision = house.published(desk)
    approve(desk, revision, double.key)
    with pytest.raises(StoreError, match="also the key of"):
        approve(desk, revision, second)
    alias = jws.PrivateKey.parse(ALICE.private_pem, "dave")
    own, _ = house.desk(trust=house.trusted(people={**house.PEOPLE, "dave": alias.public()}))
    with pytest.raises(StoreError, match="also the key of"):
        approve(own, house.published(own), alias)


def test_a_policy_cannot_be_exchanged() -> None:
    """Another bundle under an approved revision's name is found out."""
    blobs, desk, revision = make()
    approve(desk, revision, CAROL.key)
    other = house.published(desk, 8)
    blobs.content[key_of(revision, "bundle.tar.gz")] = blobs.content[key_of(other, "bundle.tar.gz")]
    check_refused(desk, revision, "store.damaged")
    changed = {**stored(desk.blobs, other).files, "data.json": b'{"house": {"limit": 1}}'}
    blobs.content[key_of(revision, "bundle.tar.gz")] = archive.pack(changed)
    check_refused(desk, revision, "store.damaged")


def test_a_released_bundle_is_not_believed_either() -> None:
    """What lies there under the name of a signed bundle is verified before it is put in force again."""
    blobs, desk, revision = make(house.trusted(keys={"release": RELEASE.public}))
    approve(desk, revision, CAROL.key)
    blobs.content[key_of(revision, "released.tar.gz")] = archive.pack(
        approvals.carrying(stored(desk.blobs, revision).files, [word(revision, BOB.key).decode()])
    )
    check_refused(desk, revision, "store.unsigned")


def test_tests_are_asked_for_again() -> None:
    """A report that is gone, failed or inherited from nowhere lets nothing through."""
    blobs, desk, revision = make()
    approve(desk, revision, CAROL.key)
    blobs.content[key_of(revision, "report.json")] = house.FAILED.content()
    check_refused(desk, revision, "store.untested")
    del blobs.content[key_of(revision, "report.json")]
    check_refused(desk, revision, "store.untested")


@pytest.mark.parametrize("name", ["active.json", "shadow.json"])
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"revision": 7}', b"\xff"])
def test_a_broken_pointer_is_said(name: str, content: bytes) -> None:
    """Nothing is guessed from a pointer that can't be read."""
    blobs, desk, revision = make()
    approve(desk, revision, CAROL.key)
    blobs.content[name] = content
    with pytest.raises(StoreError) as raised:
        moving.activate(desk, revision)
    assert raised.value.code == "store.damaged"


@pytest.mark.parametrize(
    "change",
    [
        {"revision": "r-" + "0" * 64},
        {"state": "approved"},
        {"state": "blessed"},
        {"history": []},
        {"history": [{}]},
        {"author": 7},
    ],
)
def test_a_broken_record_is_said(change: dict[str, object]) -> None:
    """A record that contradicts itself is refused with its name."""
    blobs, desk, revision = make()
    key = key_of(revision, "state.json")
    blobs.content[key] = json.dumps({**json.loads(blobs.content[key]), **change}).encode()
    with pytest.raises(StoreError) as raised:
        approve(desk, revision, CAROL.key)
    assert raised.value.code == "store.damaged"
