"""A policy team for tests of the store: its people, small candidates, a store in memory, a journal."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from bundles import manifest as manifests
from bundles.bundle import from_files
from bundles.files import read_archive
from bundles.store import pointers, publishing
from bundles.store.approving import approve
from bundles.store.desk import Desk, state_of
from bundles.store.errors import StoreError
from bundles.store.report import Report
from bundles.store.revisions import key_of, load
from bundles.trust import Trust
from tests.bundles.signing import Pair, pair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bundles.bundle import Bundle
    from bundles.store.blobs import Blobs
    from bundles.store.journal import Transition
    from bundles.store.lifecycle import State

ALICE, BOB, CAROL, DAVE = (pair(key_id=name) for name in ("alice", "bob", "carol", "dave"))
RELEASE = pair(key_id="release")
PASSED = Report(passed=3, failed=(), skipped=(), coverage=100.0, threshold=100.0, at_us=1)
FAILED = Report(passed=2, failed=("house_test.test_x",), skipped=(), coverage=0.0, threshold=100.0, at_us=1)
_SCHEMA = {"type": "object", "properties": {"limit": {"type": "integer"}}}


PEOPLE = {each.key.id: each.public for each in (ALICE, BOB, CAROL, DAVE)}


def trusted(**changes: Any) -> Trust:
    """What the settings say of trust; keywords change single values."""
    values: dict[str, Any] = {"people": PEOPLE, "approvals": 2} | changes
    return Trust(**values)


class Notes:
    """A journal in memory, which can be told to fail."""

    def __init__(self) -> None:
        self.steps: list[Transition] = []
        self.is_down = False

    def record(self, steps: Sequence[Transition]) -> None:
        """Note the steps."""
        if self.is_down:
            raise StoreError("store.journal", "the log takes no records")
        self.steps += steps

    def taken(self) -> list[tuple[str, str]]:
        """Action and revision of each step that wasn't voided."""
        void = {(step.action, step.revision, step.by) for step in self.steps if step.void}
        return [
            (str(step.action), step.revision)
            for step in self.steps
            if (step.action, step.revision, step.by) not in void
        ]


class MemoryBlobs:
    """A store in memory; `fail_at` has its n-th write from now fail, before or after it happened."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.writes = 0
        self.fail_at: int | None = None
        self.fails_after = False
        self.before_write: Callable[[str], None] = lambda _: None

    def read(self, key: str) -> tuple[bytes, str] | None:
        """See `Blobs`."""
        if self.fail_at is not None and self.writes > self.fail_at:
            raise StoreError("store.unavailable", "the process is gone")
        found = self.content.get(key)
        return None if found is None else (found, hashlib.sha256(found).hexdigest())

    def write(self, key: str, content: bytes, expected: str | None) -> str:
        """See `Blobs`."""
        self.before_write(key)
        fails = self.fail_at is not None and self.writes >= self.fail_at
        self.writes += 1
        if fails and not (self.fails_after and self.writes == (self.fail_at or 0) + 1):
            raise StoreError("store.unavailable", "the process is gone")
        present = self.content.get(key)
        if (None if present is None else hashlib.sha256(present).hexdigest()) != expected:
            raise StoreError("store.conflict", f"somebody else has changed {key} in the meantime")
        self.content[key] = content
        if fails:
            raise StoreError("store.unavailable", "the process is gone")
        return hashlib.sha256(content).hexdigest()

    def names(self, prefix: str) -> list[str]:
        """See `Blobs`."""
        return sorted(key for key in self.content if key.startswith(prefix))


def desk(
    blobs: Blobs | None = None, trust: Trust | None = None, journal: Notes | None = None
) -> tuple[Desk, Notes]:
    """A desk whose clock ticks once a look, and its journal."""
    ticks = iter(range(1_000_000, 10_000_000))
    notes = journal or Notes()
    return Desk(blobs or MemoryBlobs(), trust or trusted(), notes, lambda: next(ticks)), notes


def candidate(limit: int = 7, rego: str = "package gateway.request\n") -> dict[str, bytes]:
    """The files of a small bundle; `limit` is data, `rego` is code."""
    content = {
        "data.json": json.dumps({"house": {"limit": limit}}).encode(),
        "plan.json": b'{"plans": {"plans": []}}',
        "gateway/request/request.rego": rego.encode(),
    }
    code = manifests.code_of(content, {"house": _SCHEMA})
    manifest: dict[str, Any] = {
        "revision": "",
        "roots": ["gateway", "house"],
        "rego_version": 1,
        "metadata": {"code": code, "data_schemas": {"house": _SCHEMA}},
    }
    return {**content, manifests.NAME: manifests.stamped(content, manifest)}


def published(at: Desk, limit: int = 7, author: Pair = ALICE, report: Report = PASSED) -> str:
    """Publish a candidate whose tests are known; its revision."""
    return publishing.admit(at, candidate(limit), author.key, lambda _: report).revision


def approved(at: Desk, limit: int = 7, by: tuple[Pair, ...] = (BOB, CAROL)) -> str:
    """Publish a candidate of Alice's and have it approved."""
    revision = published(at, limit)
    for each in by:
        approve(at, revision, each.key)
    return revision


def state(at: Desk, revision: str) -> State:
    """The state of a revision as anybody would read it."""
    record, _ = load(at.blobs, revision)
    active, tried = (pointers.read(at.blobs, key) for key in (pointers.ACTIVE, pointers.SHADOW))
    return state_of(record, active, tried)


def released(blobs: Blobs, revision: str) -> Bundle:
    """The bundle that gateways load."""
    found = blobs.read(key_of(revision, "released.tar.gz"))
    assert found is not None
    return from_files(read_archive(found[0]))
