"""Copies over a real S3 API: what stands in the bucket, and what a copier does when things go wrong."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from audit.commands.prune import prune
from audit.errors import AuditError, LogDamaged
from audit.merging import floor
from audit.objects import copier as copiers
from audit.objects import key_lists
from audit.objects.bucket import Bucket
from audit.objects.copier import Copier
from audit.objects.failure import CopyFailed
from audit.objects.target import Lock
from audit.tlog.tiles import new_bundles, new_tiles
from audit.verify.check import verify
from audit.verify.verdict import Verdict
from tests.audit.lives import lived
from tests.audit.objects.conftest import Growing
from tests.servers.object_store import lost, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.interop.readers import Fsck
    from tests.servers.object_store import Fault, ObjectStore, Real, Request

    Opened = Callable[..., Bucket]

_BYPASS = "x-amz-bypass-governance-retention"


def expected(size: int) -> set[str]:
    """Every path that a copy of one checkpoint has."""
    tiles = {each.path for each in new_tiles(0, size)} | {each.path for each in new_bundles(0, size)}
    return tiles | {"checkpoint", f"checkpoints/{size}.note", "origin.json", "log.vkey"}


def puts(store: ObjectStore) -> list[str]:
    """The paths that were put since the last `watch`."""
    found = [each.path.removeprefix("/").partition("/")[2] for each in store.seen if each.method == "PUT"]
    return [path for path in found if path]


def test_a_copy_is_a_log(
    log: Growing, object_store: ObjectStore, opened: Opened, tmp_path: Path, fsck: Fsck
) -> None:
    """A stranger's reader takes what was fetched from the bucket, after a first copy and after growth."""
    target = object_store.target(prefix="logs/a")
    copier = Copier(log.folder, opened(target))
    for turn in range(3):
        copier.turn()
        copy = tmp_path / f"copy{turn}"
        object_store.download(target, copy)
        verdict = fsck(copy, log.vkey)
        assert verdict.accepted, verdict.output
        assert verdict.size == copier.size == log.size
        log.grow(200)


def test_what_a_first_copy_has(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """Everything that belongs to the checkpoint, once, below the prefix, and nothing secret."""
    target = object_store.target(prefix="logs/a/")
    sent = Copier(log.folder, opened(target)).turn()

    found = object_store.contents(target)
    assert set(found) == {f"logs/a/{path}" for path in expected(log.size)}
    assert sent == len(found)
    for key, data in found.items():
        path = key.removeprefix("logs/a/")
        if not path.startswith("checkpoints/"):
            assert data == (log.folder / path).read_bytes()
    assert set(object_store.versions(target).values()) == {1}
    assert puts(object_store)[-1] == "logs/a/checkpoint"


def test_growth_sends_what_is_new(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """Full tiles are not sent again, nor asked for; the checkpoint goes last, and each is kept."""
    target = object_store.target()
    copier = Copier(log.folder, opened(target))
    copier.turn()
    before = set(object_store.contents(target))
    old, new = log.size, log.grow(300)
    object_store.watch()
    copier.turn()

    assert puts(object_store)[-1] == "checkpoint"
    assert set(puts(object_store)) == (expected(new) - before) | {"checkpoint"}
    assert {f"checkpoints/{old}.note", f"checkpoints/{new}.note"} <= set(object_store.contents(target))
    object_store.watch()
    assert copier.turn() == 0
    assert object_store.seen == []


def test_a_restart_asks_for_little(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """The next process knows how far it was, and the bucket confirms it; without the hint it asks for all."""
    target = object_store.target()
    Copier(log.folder, opened(target)).turn()
    log.grow(10)
    object_store.watch()
    Copier(log.folder, opened(target)).turn()
    assert not [path for path in puts(object_store) if "/000" in path or "/001" in path]
    heads = len([each for each in object_store.seen if each.method == "HEAD"])

    for hint in log.folder.glob("copied-*.json"):
        hint.unlink()
    log.grow(10)
    object_store.watch()
    Copier(log.folder, opened(target)).turn()
    assert len([each for each in object_store.seen if each.method == "HEAD"]) > heads
    assert max(object_store.versions(target)[path] for path in expected(log.size) - {"checkpoint"}) == 1


def test_a_hint_of_another_bucket_is_not_believed(
    log: Growing, object_store: ObjectStore, opened: Opened, tmp_path: Path
) -> None:
    """A bucket that doesn't have what the hint says gets everything."""
    target = object_store.target()
    Copier(log.folder, opened(target)).turn()
    (hint,) = log.folder.glob("copied-*.json")
    again = object_store.target()
    hint.rename(log.folder / f"copied-{again.name}.json")
    Copier(log.folder, opened(again)).turn()
    assert set(object_store.contents(again)) == expected(log.size)


@pytest.mark.parametrize("mode", [Lock.COMPLIANCE, Lock.GOVERNANCE])
def test_everything_but_the_checkpoint_is_locked(
    log: Growing, object_store: ObjectStore, opened: Opened, mode: Lock
) -> None:
    """In the mode and for the days that were asked for; the server then refuses to delete."""
    target = object_store.target(lock=mode, lock_days=9)
    object_store.watch(denied(_BYPASS))
    Copier(log.folder, opened(target)).turn()

    soon = datetime.now(UTC) + timedelta(days=8, hours=23)
    client = object_store.client
    for path in object_store.contents(target):
        found = client.head_object(Bucket=target.bucket, Key=path)
        if path == "checkpoint":
            assert "ObjectLockMode" not in found
            continue
        assert found["ObjectLockMode"] == mode.upper()
        assert soon < found["ObjectLockRetainUntilDate"] < soon + timedelta(hours=2)
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            client.delete_object(Bucket=target.bucket, Key=path, VersionId=found["VersionId"])


def test_nothing_is_locked_where_nothing_is_asked(
    log: Growing, object_store: ObjectStore, opened: Opened
) -> None:
    """`none` needs no bucket that can lock."""
    target = object_store.target(locked=False)
    Copier(log.folder, opened(target)).turn()
    assert set(object_store.contents(target)) == expected(log.size)


def test_an_object_without_its_lock_gets_it(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """What an earlier copy left unlocked is locked by one that is to lock."""
    target = object_store.target(lock=Lock.NONE)
    Copier(log.folder, opened(target)).turn()
    locking = object_store.target().__class__(target.bucket, "", target.endpoint_url, target.region)
    bucket = opened(locking)
    Copier(log.folder, bucket).turn()
    for path in expected(log.size) - {"checkpoint", "log.vkey"}:
        found = bucket.look(path)
        assert found is not None
        assert bucket.is_kept(found), path


def denied(header: str) -> Fault:
    """Refuse requests with a header."""

    def fault(request: Request, real: Real) -> Iterable[bytes] | None:
        return request.answer("403 Forbidden", "AccessDenied") if header in request.headers else None

    return fault


def failing(code: str, log: Growing, bucket: Bucket) -> str:
    """Copy, which fails with a code; return what is said."""
    with pytest.raises(AuditError) as raised:
        Copier(log.folder, bucket).turn()
    assert raised.value.code == code
    return str(raised.value)


def test_a_bucket_without_lock_is_refused(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """Nothing is put into it."""
    target = object_store.target(locked=False, lock=Lock.COMPLIANCE)
    failing("copy.no_lock", log, opened(target))
    assert puts(object_store) == []
    assert object_store.contents(target) == {}


def test_a_bucket_without_versions_is_refused(
    log: Growing, object_store: ObjectStore, opened: Opened
) -> None:
    """Without them a lock holds nothing."""
    target = object_store.target()
    client = object_store.client
    client.put_bucket_versioning(Bucket=target.bucket, VersioningConfiguration={"Status": "Suspended"})
    failing("copy.not_versioned", log, opened(target))
    assert object_store.contents(target) == {}


def test_credentials_that_can_lift_governance_are_refused(
    log: Growing, object_store: ObjectStore, opened: Opened
) -> None:
    """Moto lets everybody shorten locks; the one that was tried on is whole again."""
    target = object_store.target(lock=Lock.GOVERNANCE)
    bucket = opened(target)
    failing("copy.can_bypass", log, bucket)
    found = bucket.look("origin.json")
    assert found is not None
    assert bucket.is_kept(found)
    assert set(object_store.contents(target)) == {"origin.json"}


@pytest.mark.parametrize("mode", [Lock.COMPLIANCE, Lock.GOVERNANCE])
def test_a_first_object_whose_lock_is_over_is_locked_again(
    log: Growing, object_store: ObjectStore, opened: Opened, mode: Lock
) -> None:
    """Copies go on for longer than their first locks, and locks are still tried out."""
    bucket = opened(object_store.target(lock=mode))
    object_store.watch(denied(_BYPASS))
    Copier(log.folder, bucket).turn()
    log.grow()
    later = datetime.now(UTC) + timedelta(days=500)
    Copier(log.folder, Bucket(bucket._client, bucket.target, lambda: later)).turn()
    found = bucket.look("origin.json")
    assert found is not None
    assert found.until is not None
    assert found.until > later


def test_a_server_that_overwrites_is_refused(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """A server that takes no notice of conditions would let copies be overwritten."""

    def fault(request: Request, real: Real) -> Iterable[bytes] | None:
        return request.answer("200 OK") if "if-none-match" in request.headers else None

    target = object_store.target()
    client = object_store.client
    client.put_object(Bucket=target.bucket, Key="origin.json", Body=(log.folder / "origin.json").read_bytes())
    object_store.watch(fault)
    failing("copy.overwrites", log, opened(target))


def test_a_server_that_takes_locks_and_sets_none_is_refused(
    log: Growing, object_store: ObjectStore, opened: Opened
) -> None:
    """What the bucket says of an object counts, not what it was told."""

    def fault(request: Request, real: Real) -> Iterable[bytes] | None:
        return request.answer("200 OK") if request.query.startswith("retention") else None

    target = object_store.target()
    client = object_store.client
    client.put_object(Bucket=target.bucket, Key="origin.json", Body=(log.folder / "origin.json").read_bytes())
    object_store.watch(fault)
    failing("copy.not_locked", log, opened(target))


def test_a_wrong_checksum_is_no_copy(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """A server that says it has other bytes than were sent has failed."""

    def fault(request: Request, real: Real) -> Iterable[bytes] | None:
        checksum = ("x-amz-checksum-sha256", "A" * 43 + "=")
        return (
            request.answer("200 OK", "", checksum)
            if "/tile/0/001" in request.path and request.method == "PUT"
            else None
        )

    object_store.watch(fault)
    failing("copy.checksum", log, opened(object_store.target()))


@pytest.mark.parametrize("path", ["tile/0/001", "tile/entries/000", "checkpoints/{size}.note", "checkpoint"])
@pytest.mark.parametrize("keeps", ["checksums", "none"])
def test_other_bytes_are_evidence(
    log: Growing, object_store: ObjectStore, opened: Opened, path: str, keeps: str
) -> None:
    """What stands there and isn't the log's is left as it is, and no checkpoint is shown over it."""
    target = object_store.target()
    path = path.format(size=log.size)
    body = b"\0" * 8192
    client = object_store.client
    more = {"ChecksumAlgorithm": "SHA256"} if keeps == "checksums" else {}
    client.put_object(Bucket=target.bucket, Key=path, Body=body, **more)
    failing("copy.checkpoint" if path == "checkpoint" else "copy.other_bytes", log, opened(target))
    found = object_store.contents(target)
    assert found[path] == body
    assert found.get("checkpoint", body) == body
    assert object_store.versions(target)[path] == 1


def test_another_logs_copy_is_not_touched(
    log: Growing, object_store: ObjectStore, opened: Opened, tmp_path: Path
) -> None:
    """Two logs never mix under one prefix."""
    target = object_store.target()
    Copier(log.folder, opened(target)).turn()
    before = object_store.contents(target)
    other = type(log)(tmp_path / "other")
    other.grow(3)
    failing("copy.other_bytes", other, opened(target))
    assert object_store.contents(target) == before


def test_a_log_that_went_back_is_told(
    log: Growing, object_store: ObjectStore, opened: Opened, tmp_path: Path
) -> None:
    """A log restored from a backup is behind its copy; one that went another way from there is a fork."""
    target = object_store.target()
    shutil.copytree(log.folder, tmp_path / "backup")
    log.grow(50)
    Copier(log.folder, opened(target)).turn()
    before = object_store.contents(target)

    restored = type(log)(tmp_path / "backup")
    failing("copy.rolled_back", restored, opened(target))
    restored.grow(60)
    failing("copy.forked", restored, opened(target))
    assert object_store.contents(target) == before


def test_a_broken_log_is_not_copied(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """A flipped bit never gets into a copy that nobody could mend."""
    path = log.folder / "tile" / "entries" / "001"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    target = object_store.target()
    failing("log.damaged", log, opened(target))
    assert {"checkpoint", "tile/entries/001"}.isdisjoint(object_store.contents(target))


def test_a_checkpoint_that_the_log_did_not_sign_is_not_copied(
    log: Growing, object_store: ObjectStore, opened: Opened
) -> None:
    """Nothing is asked of the bucket before that."""
    text = (log.folder / "checkpoint").read_text()
    (log.folder / "checkpoint").write_text(text.replace(f"\n{log.size}\n", f"\n{log.size - 1}\n"))
    failing("log.checkpoint", log, opened(object_store.target()))
    assert puts(object_store) == []


def test_a_rotation_reaches_the_copy(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """New keys replace old ones, whose versions stay; the chain that signs them in goes along."""
    target = object_store.target()
    copier = Copier(log.folder, opened(target))
    copier.turn()
    for _ in range(2):
        log.rotate()
        log.grow(1)
        copier.turn()
    found = object_store.contents(target)
    assert found["log.vkey"].decode() == log.vkey
    assert found["keys/rotations.notes"] == (log.folder / "keys" / "rotations.notes").read_bytes()
    assert not [path for path in found if path.endswith(".key")]
    versions = object_store.versions(target)
    assert (versions["log.vkey"], versions["keys/rotations.notes"]) == (3, 2)


@pytest.mark.parametrize("name", ["log.vkey", "keys/rotations.notes"])
def test_keys_of_strangers_are_evidence(
    log: Growing, object_store: ObjectStore, opened: Opened, name: str
) -> None:
    """A key in the copy that the log never had is not written over."""
    target = object_store.target()
    log.rotate()
    log.grow(1)
    client = object_store.client
    client.put_object(Bucket=target.bucket, Key=name, Body=b"stranger+00000000+AAAA\n")
    failing("copy.other_bytes", log, opened(target))


def test_another_set_of_cosignatures_is_the_same_checkpoint(
    log: Growing, object_store: ObjectStore, opened: Opened
) -> None:
    """The first that was kept stays, and the newest is shown."""
    target = object_store.target()
    Copier(log.folder, opened(target)).turn()
    note = log.folder / "checkpoint"
    note.write_bytes(note.read_bytes() + "\N{EM DASH} w.example AAAAAAAA\n".encode())
    Copier(log.folder, opened(target)).turn()
    found = object_store.contents(target)
    assert found["checkpoint"] == note.read_bytes()
    assert found[f"checkpoints/{log.size}.note"] != note.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("fault", [refused, lost])
def test_a_copy_can_break_off_anywhere(
    object_store: ObjectStore, opened: Opened, fault: Fault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whichever request fails, done or not: the next start completes it, and nothing was put twice."""
    monkeypatch.setattr(copiers, "LANES", 1)  # so that the requests come in order
    log = Growing(tmp_path / "log")
    log.grow(300)
    target = object_store.target()
    object_store.watch()
    Copier(log.folder, opened(target)).turn()
    # To lose the answer of a question is to refuse it.
    numbers = [each.number for each in object_store.seen if fault is refused or each.method == "PUT"]
    assert len(numbers) >= 10
    for broken in numbers:
        target = object_store.target()
        bucket = opened(target)
        object_store.watch(at(broken, fault))
        with pytest.raises(CopyFailed):
            Copier(log.folder, bucket).turn()
        assert "checkpoint" not in puts(object_store) or broken == numbers[-1]
        Copier(log.folder, bucket).turn()
        object_store.watch()
        assert object_store.paths(target) == expected(log.size)
        assert object_store.rewritten(target) <= {"checkpoint"}


def at(number: int, fault: Fault) -> Fault:
    """Have one request fail."""
    return lambda request, real: fault(request, real) if request.number == number else None


def test_a_failed_request_is_tried_again(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """One failure in three is only slower."""
    target = object_store.target()
    object_store.watch(lambda request, real: lost(request, real) if request.number % 3 == 2 else None)
    Copier(log.folder, opened(target, attempts=8)).turn()
    object_store.watch()
    assert set(object_store.contents(target)) == expected(log.size)
    assert set(object_store.versions(target).values()) == {1}


def test_copiers_side_by_side(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """Two copy at once while the log grows: each object once, and the checkpoint only forwards."""
    target = object_store.target()
    failures: list[BaseException] = []

    def copy(bucket: Bucket) -> None:
        copier = Copier(log.folder, bucket)
        try:
            for _ in range(6):
                copier.turn()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [Thread(target=copy, args=(opened(target),)) for _ in range(3)]
    for each in threads:
        each.start()
    for _ in range(4):
        log.grow(40)
    for each in threads:
        each.join()
    assert failures == []
    Copier(log.folder, opened(target)).turn()
    versions = object_store.versions(target)
    assert expected(log.size) <= set(versions)
    assert {count for path, count in versions.items() if path != "checkpoint"} == {1}


def test_what_was_pruned_is_not_missed(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """A copy that has it keeps it, and one that begins later begins where the log does."""
    target, late = object_store.target(), object_store.target()
    Copier(log.folder, opened(target)).turn()
    for path in ("tile/entries/000", "tile/0/000"):
        (log.folder / path).unlink()
    log.grow(300)
    Copier(log.folder, opened(target)).turn()
    Copier(log.folder, opened(late)).turn()
    gone = {"tile/entries/000", "tile/0/000"}
    assert expected(log.size) <= set(object_store.contents(target))
    assert expected(log.size) - set(object_store.contents(late)) == gone


def test_a_missing_tile_that_was_not_pruned_is_damage(
    log: Growing, object_store: ObjectStore, opened: Opened
) -> None:
    """Only what ends below the minimum index may be gone."""
    (log.folder / "tile" / "0" / "001").unlink()
    failing("log.damaged", log, opened(object_store.target()))


def test_a_stop_breaks_off(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """Between two objects."""
    target = object_store.target()
    with pytest.raises(CopyFailed, match=r"copy\.stopped"):
        Copier(log.folder, opened(target), lambda: True).turn()
    assert set(object_store.contents(target)) == {"origin.json"}


def test_no_log_and_no_checkpoint(object_store: ObjectStore, opened: Opened, tmp_path: Path) -> None:
    """A folder without a log is refused; a log before its first checkpoint has nothing to copy yet."""
    bucket = opened(object_store.target())
    with pytest.raises(CopyFailed, match=r"copy\.log"):
        Copier(tmp_path, bucket).turn()
    (tmp_path / "origin.json").write_text("{}")
    assert Copier(tmp_path, bucket).turn() == 0


def test_the_copy_of_a_pruned_log_is_one_too(
    object_store: ObjectStore, opened: Opened, tmp_path: Path
) -> None:
    """It has where the log begins, and the verifier takes it as it takes the log."""
    life = lived(tmp_path / "log")
    prune(life.folder, before_us=life.before_us(400), by="ops")
    life.merge()
    target = object_store.target()
    copier = Copier(life.folder, opened(target))
    copier.turn()
    object_store.download(target, tmp_path / "copy")
    found = verify(tmp_path / "copy")
    assert (found.verdict, found.findings, found.pruned) == (Verdict.OPERATOR_ASSERTED, [], 512)

    before = (life.folder / floor.NAME).read_bytes()
    prune(life.folder, before_us=life.before_us(-1), by="ops", force=True)
    after = (life.folder / floor.NAME).read_bytes()
    copier.turn()
    assert object_store.contents(target)[floor.NAME] == after
    assert key_lists.is_older(life.folder, floor.NAME, after, before)
    assert not key_lists.is_older(life.folder, floor.NAME, before, after)  # another copier was first
    for there in (b"nonsense", after + b" "):
        with pytest.raises(LogDamaged, match=r"copy\.other_bytes"):
            key_lists.is_older(life.folder, floor.NAME, after, there)
