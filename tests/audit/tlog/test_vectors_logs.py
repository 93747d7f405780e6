"""Published whole logs, genuine and tampered with, read by the writer's own reader."""

import tarfile

import pytest

from audit.errors import TlogRefused
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import VerifierKey
from audit.tlog.note import open_note
from audit.tlog.tile_reader import TileReader
from audit.tlog.trust import Log, TrustPolicy
from tests.audit.tlog.vectors import FOLDER, Row, rows


@pytest.mark.parametrize("row", rows("logs.jsonl"))
def test_reading_everything(row: Row) -> None:
    """Every entry of a genuine log is read back; a log that is not whole is refused."""
    with tarfile.open(FOLDER / row["archive"]) as archive:
        files = {member.name: _bytes(archive, member) for member in archive if member.isfile()}
    try:
        trusted = _read(files, row["origin"], row["vkey"])
    except TlogRefused as refused:
        assert row["expect"] in {"reject", "either"}, refused
    else:
        assert row["expect"] in {"accept", "either"}
        assert trusted.size == row["size"]


def _read(files: dict[str, bytes], origin: str, vkey: str) -> Checkpoint:
    key = VerifierKey.parse(vkey)
    if "checkpoint" not in files:
        raise TlogRefused("log.missing", "no checkpoint")
    opened = open_note(files["checkpoint"], [key])
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin != origin:
        raise TlogRefused("log.origin", "another origin")

    def fetch(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    count = sum(1 for _ in TileReader(fetch, checkpoint.size, checkpoint.root).all_entries())
    assert count == checkpoint.size
    if key.name == origin:
        assert TrustPolicy((Log(key),)).check(files["checkpoint"]).checkpoint == checkpoint
    return checkpoint


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    read = archive.extractfile(member)
    assert read is not None
    return read.read()
