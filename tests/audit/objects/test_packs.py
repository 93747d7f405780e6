"""Evidence packs beside the copies: once, locked, and never over another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.errors import LogDamaged
from audit.objects import packs
from audit.objects.failure import CopyFailed
from audit.objects.packs import send
from audit.objects.target import Lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.objects.bucket import Bucket
    from tests.servers.object_store import ObjectStore

    Opened = Callable[..., Bucket]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A file of some MiB."""
    path = tmp_path / "q3.auditpack"
    path.write_bytes(bytes(range(256)) * 8192)
    return path


def test_a_pack_is_sent_once(object_store: ObjectStore, opened: Opened, pack: Path) -> None:
    """Whole, below the prefix, and locked; a second time only looks."""
    target = object_store.target(prefix="logs/a", lock_days=30)
    bucket = opened(target)
    assert send(bucket, pack) == ("packs/q3.auditpack", True)
    assert send(bucket, pack) == ("packs/q3.auditpack", False)
    assert object_store.contents(target) == {"logs/a/packs/q3.auditpack": pack.read_bytes()}
    assert object_store.rewritten(target) == set()
    found = bucket.look("packs/q3.auditpack")
    assert found is not None
    assert found.mode is Lock.COMPLIANCE


def test_another_pack_of_the_name_stays(object_store: ObjectStore, opened: Opened, pack: Path) -> None:
    """Nothing is written over."""
    target = object_store.target()
    send(opened(target), pack)
    before = object_store.contents(target)
    pack.write_bytes(b"another")
    with pytest.raises(LogDamaged, match=r"copy\.other_bytes"):
        send(opened(target), pack)
    assert object_store.contents(target) == before


def test_a_bucket_that_will_not_do(object_store: ObjectStore, opened: Opened, pack: Path) -> None:
    """As for logs: without lock nothing is put, and whoever can lift a lock is refused."""
    target = object_store.target(locked=False, lock=Lock.COMPLIANCE)
    with pytest.raises(CopyFailed, match=r"copy\.no_lock"):
        send(opened(target), pack)
    assert object_store.contents(target) == {}
    with pytest.raises(CopyFailed, match=r"copy\.can_bypass"):
        send(opened(object_store.target(lock=Lock.GOVERNANCE)), pack)


def test_a_server_that_keeps_no_checksum(object_store: ObjectStore, opened: Opened, pack: Path) -> None:
    """What is there already, and can't be told from another, is not called the same."""
    target = object_store.target()
    object_store.client.put_object(Bucket=target.bucket, Key="packs/q3.auditpack", Body=pack.read_bytes())
    with pytest.raises(CopyFailed, match=r"copy\.checksum"):
        send(opened(target), pack)


def test_a_pack_that_is_too_large(
    object_store: ObjectStore, opened: Opened, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said before anything is read."""
    monkeypatch.setattr(packs, "MAX_BYTES", 1000)
    target = object_store.target()
    object_store.watch()
    with pytest.raises(CopyFailed, match=r"copy\.too_large"):
        send(opened(target), pack)
    assert object_store.seen == []
