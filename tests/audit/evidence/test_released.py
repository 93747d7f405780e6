"""Pins what is disclosed: only what opens its commitment, and a word for what doesn't."""

from __future__ import annotations

from base64 import b64decode
from contextlib import closing
from typing import TYPE_CHECKING

import orjson

from audit.evidence.finding import index_of
from audit.evidence.released import FolderContents, Releases
from audit.vault import erasure
from tests.audit.evidence.conftest import KEY, QUESTION

if TYPE_CHECKING:
    from tests.audit.evidence.conftest import House

LABELS = ("input", "req", "resp")


def released(house: House, record: str, key: bytes | None = KEY) -> tuple[dict[str, bytes], dict[str, str]]:
    """What is disclosed of a record, and what became of each of its fields."""
    published = house.published()
    entry = orjson.loads(published.entry(index_of(published, record)))
    with closing(Releases(FolderContents(house.folder), LABELS, key)) as releases:
        lines = [orjson.loads(line) for line in releases.of(entry)]
        told = dict(releases.counts.keys())
    return {each["label"]: b64decode(each["payload"]) for each in lines}, told


def test_questions_and_payloads_are_released(house: House) -> None:
    """Of a decision and of its end."""
    assert released(house, house.decisions[1])[0] == {"input": QUESTION, "req": b"prompt 1"}
    assert released(house, house.ends[1])[0] == {"resp": b"reply 1"}


def test_without_the_sealing_key_payloads_are_absent(house: House) -> None:
    """Questions need none."""
    found, told = released(house, house.decisions[1], None)
    assert (found, told) == ({"input": QUESTION}, {"input": "released", "req": "absent"})


def test_what_was_erased_is_not_released(house: House) -> None:
    """And is told apart from what was never there."""
    erasure.erase_record(house.folder, house.decisions[1])
    assert released(house, house.decisions[1]) == ({}, {"input": "erased", "req": "erased"})
    assert released(house, house.decisions[3])[0] != {}


def test_what_was_altered_is_not_released(house: House) -> None:
    """It would not open the commitment, and a pack with it would be found false."""
    for path in (house.folder / "vault" / "questions").rglob("*.bin"):
        path.write_bytes(path.read_bytes().replace(b"alice", b"malic"))
    found, told = released(house, house.decisions[1])
    assert (list(found), told["input"]) == (["req"], "altered")


def test_a_vault_that_is_gone_releases_nothing(house: House) -> None:
    """The records stay provable all the same."""
    for name in ("questions", "nonces", "sealed"):
        for path in (house.folder / "vault" / name).rglob("*.bin"):
            path.unlink()
    assert released(house, house.decisions[1]) == ({}, {"input": "absent", "req": "absent"})
