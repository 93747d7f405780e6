"""A copy that is read back: what is missing, other, unlocked or of another history is named."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from audit.errors import LogDamaged
from audit.objects.bucket import Bucket
from audit.objects.comparing import Comparison, compare
from audit.objects.copier import Copier
from audit.objects.failure import CopyFailed
from audit.objects.target import Lock, Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.audit.objects.conftest import Growing
    from tests.servers.object_store import ObjectStore

    Opened = Callable[..., Bucket]


class Copy:
    """A log and its copy."""

    def __init__(self, log: Growing, store: ObjectStore, bucket: Bucket) -> None:
        self.log = log
        self.bucket = bucket
        self._client = store.client
        Copier(log.folder, bucket).turn()

    def put(self, path: str, data: bytes) -> None:
        """Put something, as an operator could."""
        self._client.put_object(Bucket=self.bucket.target.bucket, Key=path, Body=data)

    def hide(self, path: str) -> None:
        """Put a mark of deletion over something."""
        self._client.delete_object(Bucket=self.bucket.target.bucket, Key=path)

    def check(self) -> Comparison:
        """Compare."""
        return compare(self.log.folder, self.bucket)


@pytest.fixture
def copy(log: Growing, object_store: ObjectStore, opened: Opened) -> Copy:
    """A whole copy."""
    return Copy(log, object_store, opened(object_store.target()))


def test_a_whole_copy(copy: Copy) -> None:
    """Everything is read, and a log that has gone on since is no fault of the copy."""
    found = copy.check()
    assert (found.size, found.log_size, found.findings, found.pruned) == (copy.log.size, copy.log.size, [], 0)
    assert (
        found.objects == len(copy._client.list_objects_v2(Bucket=copy.bucket.target.bucket)["Contents"]) - 1
    )
    copy.log.grow(300)
    found = copy.check()
    assert (found.size, found.findings) == (604, [])
    assert found.log_size == copy.log.size


@pytest.mark.parametrize(
    "path",
    ["tile/0/001", "tile/1/000.p/2", "tile/entries/000", "tile/entries/002.p/92", "origin.json", "log.vkey"],
)
def test_every_object_is_read(copy: Copy, path: str) -> None:
    """One flipped bit is found, and one that is gone."""
    data = (copy.log.folder / path).read_bytes()
    copy.put(path, data[:-1] + bytes([data[-1] ^ 1]))
    assert copy.check().findings == [("copy.other_bytes", path)]
    copy.put(path, data + b"more")
    assert copy.check().findings == [("copy.other_bytes", path)]
    copy.hide(path)
    assert copy.check().findings == [("copy.missing", path)]


def test_a_copy_without_a_checkpoint(copy: Copy) -> None:
    """There is nothing to hold the rest against."""
    copy.hide("checkpoint")
    found = copy.check()
    assert (found.size, found.findings) == (None, [("copy.missing", "checkpoint")])


def test_a_checkpoint_that_is_not_the_logs(copy: Copy) -> None:
    """Whoever can write into the bucket can't sign."""
    copy.put("checkpoint", (copy.log.folder / "checkpoint").read_bytes().replace(b"604", b"605"))
    assert copy.check().findings == [("copy.checkpoint", "checkpoint")]


def test_a_kept_checkpoint_that_is_another(copy: Copy) -> None:
    """The kept form is of the same tree, and signed."""
    path = f"checkpoints/{copy.log.size}.note"
    copy.put(path, b"nothing\n")
    assert copy.check().findings == [("copy.other_bytes", path)]
    copy.hide(path)
    assert copy.check().findings == [("copy.missing", path)]


def test_another_history(copy: Copy, tmp_path: Path) -> None:
    """A log that went back, and one that went another way, don't fit a copy that has more."""
    shutil.copytree(copy.log.folder, tmp_path / "backup")
    copy.log.grow(40)
    Copier(copy.log.folder, copy.bucket).turn()
    copy.log.folder = tmp_path / "backup"
    assert copy.check().findings == [("copy.rolled_back", "checkpoint")]
    copy.log.grow(50)
    assert copy.check().findings == [("copy.forked", "checkpoint")]


def test_keys_that_were_rotated_since(copy: Copy) -> None:
    """A copy that lags behind has the keys of its time; those of strangers are found."""
    before = (copy.log.folder / "log.vkey").read_bytes()
    copy.log.rotate()
    copy.log.grow()
    assert copy.check().findings == [("copy.missing", "keys/rotations.notes")]
    Copier(copy.log.folder, copy.bucket).turn()
    copy.log.rotate()
    copy.log.grow()
    assert copy.check().findings == []
    assert (copy.log.folder / "log.vkey").read_bytes() != before
    copy.put("keys/rotations.notes", b"another")
    assert copy.check().findings == [("copy.other_bytes", "keys/rotations.notes")]


def test_an_object_without_its_lock(copy: Copy, opened: Opened) -> None:
    """Put anew by somebody, or locked for less long than the settings say now."""
    data = (copy.log.folder / "tile/0/000").read_bytes()
    copy.put("tile/0/000", data)
    assert copy.check().findings == [("copy.not_locked", "tile/0/000")]

    there = copy.bucket.target
    longer = Target(there.bucket, "", there.endpoint_url, there.region, Lock.COMPLIANCE, 800)
    found = compare(copy.log.folder, opened(longer))
    assert set(found.wrong) == {"copy.not_locked"}
    assert found.wrong["copy.not_locked"] > 8


def test_a_lock_that_has_run_out_is_no_fault(copy: Copy) -> None:
    """What was promised was kept."""
    copy.put("tile/0/000", (copy.log.folder / "tile/0/000").read_bytes())
    later = Bucket(copy.bucket._client, copy.bucket.target, lambda: datetime.now(UTC) + timedelta(days=401))
    assert compare(copy.log.folder, later).findings == []


def test_what_the_log_has_pruned_is_held_against_the_root(copy: Copy) -> None:
    """The copy still has it, and it is still the log's."""
    for path in ("tile/entries/000", "tile/0/000"):
        (copy.log.folder / path).unlink()
    assert copy.check().findings == []
    copy.put("tile/entries/000", b"\0\1a" * 256)
    assert set(copy.check().wrong) == {"log.damaged"}
    for path in ("tile/entries/000", "tile/0/000"):
        copy.hide(path)
    found = copy.check()
    assert (found.findings, found.pruned) == ([], 2)


def test_a_damaged_log_is_told_from_a_damaged_copy(copy: Copy) -> None:
    """What the log itself has wrong is its own finding."""
    (copy.log.folder / "tile/entries/000").write_bytes(b"\0\1a" * 256)
    assert copy.check().findings == [("log.damaged", "tile/entries/000")]


def test_many_findings_are_counted(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first are named, all are counted."""
    monkeypatch.setattr("audit.objects.comparing._MOST_FINDINGS", 2)
    for path in ("tile/0/000", "tile/0/001", "tile/entries/000"):
        copy.hide(path)
    found = copy.check()
    assert (len(found.findings), found.wrong) == (2, {"copy.missing": 3})


def test_a_folder_without_a_log(copy: Copy, tmp_path: Path) -> None:
    """There is nothing to compare with."""
    copy.log.folder = tmp_path / "nothing"
    with pytest.raises(CopyFailed, match=r"copy\.log"):
        copy.check()


def test_a_log_with_a_foreign_checkpoint(copy: Copy) -> None:
    """A log that can't be believed is no measure."""
    (copy.log.folder / "checkpoint").write_text("x\n\n\N{EM DASH} y AAAAAAAA\n", encoding="utf-8")
    with pytest.raises(LogDamaged, match=r"log\.checkpoint"):
        copy.check()
