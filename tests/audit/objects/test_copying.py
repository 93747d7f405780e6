"""The thread beside the sequencer: it follows the log, says what goes wrong once, and ends when told."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from audit.objects import copying, standing
from audit.objects.bucket import Bucket
from audit.objects.client import connect
from audit.objects.copier import Copier
from audit.objects.copying import Copying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import pytest

    from audit.objects.target import Target
    from tests.audit.objects.conftest import Growing
    from tests.servers.object_store import ObjectStore, Real, Request

PATIENCE_S = 20
FAST_S = 0.05


def hasty(folder: Path, target: Target, stopped: Callable[[], bool]) -> Copier:
    """Make a copier that tries once."""
    return Copier(folder, Bucket(connect(target, attempts=1), target), stopped)


def ignore(_: str) -> None:
    """Say nothing."""


def wait(condition: Callable[[], bool]) -> None:
    """Wait for the thread."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def copied(store: ObjectStore, target: Target) -> int:
    """The size that the copy shows."""
    with suppress(store.client.exceptions.NoSuchKey):
        answer = store.client.get_object(Bucket=target.bucket, Key="checkpoint")
        return int(answer["Body"].read().split(b"\n")[1])
    return 0


def test_it_follows_the_log(log: Growing, object_store: ObjectStore) -> None:
    """Turn after turn, and once more at the end."""
    target = object_store.target()
    said: list[str] = []
    with Copying(log.folder, target, said.append, FAST_S):
        wait(lambda: copied(object_store, target) == log.size)
        log.grow()
        wait(lambda: copied(object_store, target) == log.size)
    assert said == []


def test_an_end_copies_what_came_last(log: Growing, object_store: ObjectStore) -> None:
    """Also where the next turn would be far away."""
    target = object_store.target()
    with Copying(log.folder, target, ignore, 3600):
        wait(lambda: copied(object_store, target) == log.size)
        log.grow()
    assert copied(object_store, target) == log.size


def test_what_goes_wrong_is_said_once(log: Growing, object_store: ObjectStore) -> None:
    """Until it is something else; what comes back is used."""
    target = object_store.target()
    said: list[str] = []
    object_store.watch(lambda request, real: request.answer("403 Forbidden", "AccessDenied"))
    with Copying(log.folder, target, said.append, FAST_S, hasty):
        wait(lambda: len(object_store.seen) > 2)
        object_store.watch(lambda request, real: request.answer("503 Away", "ServiceUnavailable"))
        wait(lambda: len(object_store.seen) > 1)
        object_store.watch()
        wait(lambda: copied(object_store, target) == log.size)
    assert [each.split("[")[1] for each in said] == ["copy.denied]", "copy.unavailable]"]
    assert not any("secret" in each for each in said)


def test_evidence_is_said_and_nothing_is_written_over(log: Growing, object_store: ObjectStore) -> None:
    """The thread goes on, because a person may mend it."""
    target = object_store.target()
    object_store.client.put_object(Bucket=target.bucket, Key="tile/0/000", Body=b"other")
    said: list[str] = []
    with Copying(log.folder, target, said.append, FAST_S):
        wait(lambda: bool(said))
    assert "copy.other_bytes" in said[0]
    assert copied(object_store, target) == 0


def test_a_log_that_begins_later(object_store: ObjectStore, tmp_path: Path, log: Growing) -> None:
    """A folder without a log is told, and then found."""
    target = object_store.target()
    said: list[str] = []
    folder = tmp_path / "later"
    with Copying(folder, target, said.append, FAST_S):
        wait(lambda: bool(said))
        log.folder.rename(folder)
        wait(lambda: copied(object_store, target) > 0)
    assert "copy.log" in said[0]


def test_a_server_that_hangs_does_not_hold_up_the_end(
    log: Growing, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sequencer's process must end soon, whatever the bucket does."""
    monkeypatch.setattr(copying, "_PARTING_S", 0.2)
    over, asked = threading.Event(), threading.Event()

    def fault(request: Request, real: Real) -> Iterable[bytes] | None:
        asked.set()
        over.wait(60)
        return None

    target = object_store.target()
    object_store.watch(fault)
    thread = Copying(log.folder, target, ignore, FAST_S)
    with thread:
        assert asked.wait(PATIENCE_S)
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 10
    over.set()
    thread._thread.join(PATIENCE_S)
    assert not thread._thread.is_alive()


def test_how_copies_stand_is_left_beside_the_log(log: Growing, object_store: ObjectStore) -> None:
    """What fails keeps what was done before; who comes next begins from there."""
    target = object_store.target()
    place = standing.place(log.folder, target)
    with Copying(log.folder, target, ignore, 3600):
        wait(lambda: copied(object_store, target) == log.size)
    done = standing.read(place)
    assert done is not None
    assert (done.to, done.size, done.interval_s, done.failed) == (str(target), log.size, 3600, "")

    log.grow()
    object_store.watch(lambda request, real: request.answer("403 Forbidden", "AccessDenied"))
    with Copying(log.folder, target, ignore, FAST_S, hasty):
        wait(lambda: len(object_store.seen) > 1)
    failed = standing.read(place)
    assert failed is not None
    assert (failed.size, failed.done_us, failed.failed) == (done.size, done.done_us, "copy.denied")


def test_a_standing_that_cannot_be_read_is_none(log: Growing, object_store: ObjectStore) -> None:
    """It is a hint, and written anew."""
    target = object_store.target()
    place = standing.place(log.folder, target)
    for data in (b"nonsense", b"{}", b'{"to":"x","interval_s":"y","done_us":1,"size":2}'):
        place.write_bytes(data)
        assert standing.read(place) is None
    with Copying(log.folder, target, ignore, FAST_S):
        wait(lambda: copied(object_store, target) == log.size)
    assert standing.read(place) is not None
