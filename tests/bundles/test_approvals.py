"""What people say of a revision: by whom, in which role, carried where the revision doesn't change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bundles import approvals, bundle, jws, signatures
from bundles.documents import canonical
from bundles.errors import BundleError
from tests.bundles.signing import KINDS, pair

if TYPE_CHECKING:
    from collections.abc import Callable

ALICE, BOB = pair(key_id="alice"), pair(key_id="bob")
PEOPLE = {"alice": ALICE.public, "bob": BOB.public}
SAID = {"revision": "r-1", "name": "alice", "role": "approver", "at_us": 7}


def _refused(token: str) -> bool:
    with pytest.raises(BundleError) as raised:
        approvals.read(token, PEOPLE)
    return raised.value.code == "bundle.signature"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ["author", "approver"])
def test_what_was_said_is_read(kind: str, role: approvals.Role) -> None:
    """With each algorithm and in each role."""
    key = pair(kind, "carol")
    token = approvals.approve("r-1", key.key, role, 7)
    said = approvals.read(token, {"carol": key.public})
    assert said == approvals.Approval("r-1", "carol", role, 7, key.public.fingerprint)
    assert jws.unverified_payload(token) == canonical({**SAID, "name": "carol", "role": role})


@pytest.mark.parametrize(
    "change",
    [
        {"name": "bob"},  # alice's key in bob's name
        {"name": None},
        {"role": "owner"},
        {"role": ["author"]},
        {"revision": None},
        {"at_us": "now"},
        {"at_us": True},
    ],
)
def test_words_that_are_none_are_refused(change: dict[str, Any]) -> None:
    """A genuine signature over something else."""
    token = jws.sign(canonical({**SAID, **change}), ALICE.key, approvals.KIND)
    assert _refused(token)


def test_words_of_others_are_refused() -> None:
    """Of a stranger, of somebody who calls himself alice, and of alice for another use."""
    assert _refused(approvals.approve("r-1", pair(key_id="mallory").key, "approver", 7))
    assert _refused(approvals.approve("r-1", pair(key_id="alice").key, "approver", 7))
    assert _refused(jws.sign(canonical(SAID), ALICE.key))
    assert _refused(jws.sign(canonical(SAID), ALICE.key, "other+jwt"))
    assert _refused(jws.sign(b"[]", ALICE.key, approvals.KIND))
    assert _refused("a.b.c")


def test_words_travel_in_the_manifest(files: dict[str, bytes]) -> None:
    """Set anew each time, taken out by none at all; the signature goes, as it was one of something else."""
    tokens = (
        approvals.approve("r-1", ALICE.key, "author", 7),
        approvals.approve("r-1", BOB.key, "approver", 8),
    )
    signed = signatures.signed(files, pair().key)
    carrying = approvals.carrying(signed, tokens)
    assert approvals.carried(carrying) == tokens
    assert signatures.NAME not in carrying
    assert bundle.from_files(carrying).revision == bundle.from_files(files).revision
    assert approvals.carrying(carrying, ()) == files
    assert "approvals" not in json.loads(approvals.carrying(carrying, ())[".manifest"])["metadata"]


@pytest.mark.parametrize(
    "attempt", [lambda: approvals.carried({}), lambda: approvals.carrying({}, ["a.b.c"])]
)
def test_words_need_a_manifest(attempt: Callable[[], object]) -> None:
    """A bundle without one is no bundle."""
    with pytest.raises(BundleError, match=r"bundle\.malformed"):
        attempt()


def test_too_many_words_are_refused(files: dict[str, bytes]) -> None:
    """Each one is verified, so their number is bounded."""
    with pytest.raises(BundleError, match="at most 64 approvals"):
        approvals.carrying(files, ["a.b.c"] * 65)
