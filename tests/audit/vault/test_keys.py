"""Pins the keys: one per subject and tenant, wrapped twice, none for whoever was erased."""

import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.errors import LogUnavailable
from audit.vault import database, keys, pseudonyms
from audit.vault.keys import FileKeys
from audit.vault.sealing import FileKeyring, Seal, Sealer, unseal

MASTER = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The vault's database."""
    return tmp_path / database.NAME


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    """It, opened."""
    with database.opened(path) as opened:
        yield opened


def test_a_subject_has_one_key_in_each_tenant(db: sqlite3.Connection) -> None:
    """The same one every time, another for another tenant and for another subject."""
    alice, bob = (pseudonyms.settle(db, name) for name in ("alice", "bob"))
    key = keys.data_key(FileKeys(db), MASTER, alice, "acme")

    assert key is not None
    assert key == keys.data_key(FileKeys(db), MASTER, alice, "acme")
    assert (
        len(
            {
                key,
                keys.data_key(FileKeys(db), MASTER, alice, ""),
                keys.data_key(FileKeys(db), MASTER, bob, "acme"),
            }
        )
        == 3
    )
    assert set(keys.all_of(FileKeys(db), MASTER, alice)) == {
        key,
        keys.data_key(FileKeys(db), MASTER, alice, ""),
    }


def test_a_subject_that_is_parting_gets_no_new_key(db: sqlite3.Connection, path: Path) -> None:
    """Erasing destroys the keys, and a process that comes late makes none for the old pseudonym."""
    alice = pseudonyms.settle(db, "alice")
    keys.data_key(FileKeys(db), MASTER, alice, "acme")

    assert pseudonyms.part(db, path, alice) == (1, 1)
    assert keys.data_key(FileKeys(db), MASTER, alice, "acme") is None
    assert keys.all_of(FileKeys(db), MASTER, alice) == []


def test_no_key_stands_in_the_vault_as_it_is(db: sqlite3.Connection, path: Path) -> None:
    """A copy of the folder opens nothing without the sealing key."""
    key = keys.data_key(FileKeys(db), MASTER, pseudonyms.settle(db, "alice"), "acme")

    assert key is not None
    assert key not in path.read_bytes()


def test_a_wrapped_key_is_good_for_its_own_place_only(db: sqlite3.Connection) -> None:
    """Somebody who can write the database can't give one subject another's key."""
    alice, bob = (pseudonyms.settle(db, name) for name in ("alice", "bob"))
    for sref in (alice, bob):
        keys.data_key(FileKeys(db), MASTER, sref, "acme")
    db.execute(
        "UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE sref = ?) WHERE sref = ?",
        (bob, alice),
    )

    with pytest.raises(LogUnavailable, match=r"vault\.key"):
        keys.data_key(FileKeys(db), MASTER, alice, "acme")


def test_another_sealing_key_is_noticed(db: sqlite3.Connection) -> None:
    """A vault without keys takes any, one with keys only its own."""
    keys.check(FileKeys(db), secrets.token_bytes(32))
    keys.data_key(FileKeys(db), MASTER, pseudonyms.settle(db, "alice"), "acme")
    keys.check(FileKeys(db), MASTER)

    with pytest.raises(LogUnavailable, match=r"vault\.key"):
        keys.check(FileKeys(db), secrets.token_bytes(32))


@pytest.mark.parametrize(
    ("text", "mode"),
    [("00" * 31, 0o600), ("zz" * 32, 0o600), ("", 0o600), ("00" * 32, 0o640), ("00" * 32, 0o604), (None, 0)],
)
def test_a_doubtful_key_file_is_refused(text: str | None, mode: int, tmp_path: Path) -> None:
    """Too short, no hex, open to others or not there: nothing is sealed with it."""
    path = tmp_path / "sealing.key"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)

    with pytest.raises(LogUnavailable, match=r"vault\.key"):
        keys.read_sealing_key(path)


def test_a_key_file_is_hex_with_a_line_end(tmp_path: Path) -> None:
    """As `openssl rand -hex 32` writes it."""
    path = tmp_path / "sealing.key"
    path.write_text(MASTER.hex() + "\n")
    path.chmod(0o600)

    assert keys.read_sealing_key(path) == MASTER


async def test_keys_in_memory_go_within_a_second_of_an_erasure(path: Path, db: sqlite3.Connection) -> None:
    """Until the next look a key may be at hand; after it the vault is asked, and says that there is none."""
    now_us = 0
    sref = pseudonyms.settle(db, "alice")
    sealer = Sealer(FileKeyring(path, lambda: now_us), Seal(MASTER))
    known = await sealer.sealing(sref, "acme")
    assert known is not None
    assert await sealer.sealing(sref, "acme") is known
    pseudonyms.part(db, path, sref)
    (path.parent / "erased").write_bytes(bytes(16))
    now_us = 1_000_000

    assert await sealer.sealing(sref, "acme") is None
    sealer.close()


async def test_a_limit_has_a_ceiling(path: Path) -> None:
    """However much is asked for, a payload that is sealed stays bounded."""
    sealer = Sealer(FileKeyring(path, lambda: 0), Seal(MASTER, 1 << 40))
    assert sealer.limit == 16 << 20
    sealer.close()
    assert unseal(path.parent, "0" * 32, "req", MASTER) == "absent"
