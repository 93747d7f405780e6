"""Pins the erasable store: nonces by record and field, pseudonyms by subject."""

import asyncio
import secrets
import sqlite3
from pathlib import Path

import pytest

from audit.errors import LogUnavailable, RecordRefused
from audit.ports import Ports
from audit.vault import database, nonces
from audit.vault import pseudonyms as subjects
from audit.vault.pseudonyms import Pseudonyms, look_up


def test_nonces_are_found_by_record_and_field_and_erased_in_place(tmp_path: Path) -> None:
    """Erasing overwrites one record's nonces and touches no other."""
    folder = tmp_path / "nonces" / "w0"
    folder.mkdir(parents=True)
    file = nonces.NonceFile(folder, Ports())
    first, second = secrets.token_hex(16), secrets.token_hex(16)
    kept = {name: secrets.token_bytes(32) for name in ("req", "resp", "other")}
    file.append("000000000000", nonces.pack(first, (("req", kept["req"]), ("resp", kept["resp"]))))
    file.append("000000000005", nonces.pack(second, (("req", kept["other"]),)))
    file.sync()
    file.close()
    assert nonces.find(tmp_path, first, "resp") == kept["resp"]
    assert nonces.find(tmp_path, second, "req") == kept["other"]
    assert nonces.find(tmp_path, second, "resp") is None
    assert nonces.erase(tmp_path, first) == 2
    assert nonces.find(tmp_path, first, "req") is None
    assert nonces.find(tmp_path, second, "req") == kept["other"]
    left = b"".join(path.read_bytes() for path in folder.iterdir())
    assert kept["req"] not in left
    assert kept["resp"] not in left
    assert sorted(path.stat().st_size for path in folder.iterdir()) == [64, 128]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_half_written_slot_does_not_shift_the_next_ones(tmp_path: Path) -> None:
    """A kill in the middle of a slot loses that slot only."""
    folder = tmp_path / "nonces" / "w0"
    folder.mkdir(parents=True)
    record, nonce = secrets.token_hex(16), secrets.token_bytes(32)
    slot = nonces.pack(record, (("req", nonce),))
    (folder / "000000000000.bin").write_bytes(slot + slot[:20])
    file = nonces.NonceFile(folder, Ports())
    other = secrets.token_hex(16)
    file.append("000000000000", nonces.pack(other, (("req", nonce),)))
    file.close()
    assert (folder / "000000000000.bin").stat().st_size == 128
    assert nonces.find(tmp_path, other, "req") == nonce


@pytest.mark.parametrize("record_id", ["", "zz" * 16, "00" * 15, "00 " * 16])
def test_a_nonce_needs_a_proper_record_id(record_id: str) -> None:
    """What could not be found again is refused."""
    with pytest.raises(RecordRefused):
        nonces.pack(record_id, (("req", bytes(32)),))


async def test_a_subject_has_one_random_pseudonym_for_good(tmp_path: Path) -> None:
    """The same subject always gets the same, another another, also after a restart."""
    path = tmp_path / "subjects.db"
    pseudonyms = Pseudonyms(path)
    alice = await pseudonyms.sref("alice")
    assert len(bytes.fromhex(alice)) == 16
    assert alice == await pseudonyms.sref("alice")
    assert alice != await pseudonyms.sref("bob")
    pseudonyms.close()
    again = Pseudonyms(path)
    assert alice == await again.sref("alice")
    again.close()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_processes_that_meet_a_subject_at_once_agree(tmp_path: Path) -> None:
    """Two openers of one map give one pseudonym per subject, however the calls interleave."""
    maps = [Pseudonyms(tmp_path / "subjects.db") for _ in range(2)]
    names = [f"subject-{number % 40}" for number in range(400)]
    found = await asyncio.gather(*(each.sref(name) for name in names for each in maps))
    by_name: dict[str, set[str]] = {}
    for name, sref in zip([name for name in names for _ in maps], found, strict=True):
        by_name.setdefault(name, set()).add(sref)
    assert {len(srefs) for srefs in by_name.values()} == {1}
    assert len({sref for srefs in by_name.values() for sref in srefs}) == 40
    for each in maps:
        each.close()


async def test_a_caller_that_gives_up_takes_nothing_from_the_others(tmp_path: Path) -> None:
    """Cancelling one of two waiters leaves the other its answer."""
    pseudonyms = Pseudonyms(tmp_path / "subjects.db")
    first = asyncio.ensure_future(pseudonyms.sref("alice"))
    second = asyncio.ensure_future(pseudonyms.sref("alice"))
    await asyncio.sleep(0)
    first.cancel()
    assert len(await second) == 32
    pseudonyms.close()


async def test_a_forgotten_subject_leaves_no_trace(tmp_path: Path) -> None:
    """After erasure the name stands nowhere in the file, and the subject's next life is unlinkable."""
    path = tmp_path / "subjects.db"
    pseudonyms = Pseudonyms(path)
    before = await pseudonyms.sref("alice@acme.example")
    pseudonyms.close()
    assert look_up(path, "alice@acme.example") == before
    with database.opened(path) as db:
        assert subjects.part(db, path, before) == (1, 0)
        assert look_up(path, "alice@acme.example") is None
        assert subjects.name_of(db, before) == "alice@acme.example"
        subjects.forget(db, path, before)
        assert subjects.name_of(db, before) is None
        assert subjects.part(db, path, before) == (0, 0)
    assert b"alice" not in path.read_bytes()
    assert _names(tmp_path) == ["subjects.db"]
    again = Pseudonyms(path)
    assert before != await again.sref("alice@acme.example")
    again.close()


async def test_a_map_that_cannot_be_asked_is_a_plain_refusal(tmp_path: Path) -> None:
    """A broken map denies; it never invents a pseudonym."""
    path = tmp_path / "subjects.db"
    pseudonyms = Pseudonyms(path)
    db = sqlite3.connect(path)
    db.execute("DROP TABLE subject")
    db.close()
    with pytest.raises(LogUnavailable) as caught:
        await pseudonyms.sref("alice")
    assert caught.value.code == "vault.unavailable"
    with pytest.raises(RecordRefused):
        await pseudonyms.sref("\ud800")
    pseudonyms.close()
    path.write_bytes(b"not a database, but long enough to be looked at as one" * 20)
    with pytest.raises(LogUnavailable):
        Pseudonyms(path)
    with pytest.raises(LogUnavailable):
        look_up(path, "alice")


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]
