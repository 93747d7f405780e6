"""A new key for the log: signed in by the old one, recorded first, finished whatever breaks off between."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from audit import files, rotation
from audit.errors import LogDamaged, LogUnavailable
from audit.keys import LogKeys, verifiers
from audit.log import AuditLog
from audit.merging.folder import FolderWriters
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.merging.shelf import Shelf
from audit.ports import Ports
from audit.tlog.note import open_note
from audit.verify.check import verify
from audit.verify.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "regent.test/log"
REAL = files.write


def turn(folder: Path) -> None:
    """Merge, as a sequencer that begins anew."""
    ports = Ports()
    shelf, writers = Shelf(folder), FolderWriters(folder)
    keys = LogKeys.read(folder, ORIGIN)
    Sequencer(writers, shelf, LogNotary(keys, ports, rotation.retired(folder)), ports).turn()
    writers.close()
    shelf.close()


async def rotate(folder: Path) -> rotation.Rotation:
    """Rotate the key as the command does."""
    change = rotation.prepare(folder, ORIGIN)
    async with AuditLog.open(folder, ORIGIN) as log:
        await log.append(change.record)
    rotation.enforce(folder, change)
    return change


async def test_the_log_goes_on_under_the_new_key(tmp_path: Path) -> None:
    """Checkpoints before and after are signed by the one and the other, and the chain leads between them."""
    folder = tmp_path / "log"
    AuditLog.open(folder, ORIGIN).close()
    turn(folder)
    (first,) = verifiers(folder)
    for _ in range(3):
        change = await rotate(folder)
        turn(folder)
        assert verifiers(folder) == [change.new.verifier]
        assert open_note((folder / "checkpoint").read_bytes(), [change.new.verifier]).verified
    notes = (folder / rotation.NOTES).read_bytes().split(b"\n---\n")
    known, last = first, LogKeys.read(folder, ORIGIN).ed25519.verifier
    for note in notes:
        text = open_note(note if note.endswith(b"\n") else note + b"\n", [known]).text
        known = type(known).parse(text.splitlines()[2])

    assert known == last
    assert rotation.retired(folder)[0] == first
    assert "PRIVATE" not in "".join(
        path.read_text(errors="replace") for path in (folder / "keys").iterdir() if path.name != "log.key"
    )
    assert verify(folder).verdict == Verdict.OPERATOR_ASSERTED


async def test_a_rotation_that_breaks_off_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever write fails, a second call ends with one new key, one note, and no old secret."""
    failed = number = 0
    while failed == number:
        number += 1
        folder = tmp_path / f"log{number}"
        LogKeys.settle(_made(folder), ORIGIN)
        left = number

        def may_fail(path: Path, data: bytes) -> None:
            nonlocal left, failed
            left -= 1
            if left == 0:
                failed += 1
                raise OSError(28, "No space left on device")
            REAL(path, data)

        with monkeypatch.context() as patch:
            patch.setattr("audit.files.write", may_fail)
            with contextlib.suppress(OSError):
                rotation.enforce(folder, rotation.prepare(folder, ORIGIN))
        change = rotation.prepare(folder, ORIGIN)
        if failed == number:
            rotation.enforce(folder, change)
            assert verifiers(folder) == [change.new.verifier]
            assert len(rotation.retired(folder)) == 1
            assert (folder / rotation.NOTES).read_bytes().count(b"regent.rotation/v1") == 1

    assert number > 4


def test_retired_keys_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """With the log's code, whatever bytes stand there."""
    folder = _made(tmp_path / "log")
    for data in (b"\xff\xfe", b"nonsense"):
        (folder / rotation.RETIRED).write_bytes(data)
        with pytest.raises(LogDamaged, match=r"log\.key"):
            rotation.retired(folder)


def test_without_a_key_there_is_nothing_to_rotate(tmp_path: Path) -> None:
    """A log that never began has no key."""
    with pytest.raises(LogUnavailable, match=r"log\.no_key"):
        rotation.prepare(_made(tmp_path / "log"), ORIGIN)


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    (folder / "keys").mkdir(mode=0o700)
    return folder
