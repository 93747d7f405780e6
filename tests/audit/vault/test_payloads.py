"""Pins sealed payloads: opened by their subject's key, for their own record and field, by nothing else."""

import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from audit.ports import Ports
from audit.vault import payloads
from audit.vault.payloads import Found, Payload, PayloadFile, Sealing

SEGMENT = "000000000000"


def sealing() -> Sealing:
    """A subject's key."""
    return Sealing(secrets.token_hex(16), AESGCM(secrets.token_bytes(32)), payloads.MAX_BYTES)


def keep(vault: Path, record: str, *pieces: Payload) -> None:
    """Write payloads of a record as the log's writer does."""
    folder = vault / "sealed" / "w0"
    folder.mkdir(parents=True, exist_ok=True)
    file = PayloadFile(folder, Ports())
    file.append(SEGMENT, payloads.pack(record, pieces))
    file.close()


@given(data=st.binary(max_size=300), label=st.from_regex(r"[a-z]{1,15}", fullmatch=True))
def test_what_was_sealed_is_opened(tmp_path_factory: pytest.TempPathFactory, data: bytes, label: str) -> None:
    """Any bytes under any label, and neither of them in plain sight."""
    vault, record, key = tmp_path_factory.mktemp("vault"), secrets.token_hex(16), sealing()
    keep(vault, record, Payload(label, key, data))
    (found,) = payloads.find(vault, record)

    assert (found.sref, found.label, found.erased) == (key.sref, label, False)
    assert payloads.unseal(found, record, key.cipher) == data
    assert len(data) < 4 or data not in next((vault / "sealed" / "w0").iterdir()).read_bytes()


def test_nothing_else_opens_it(tmp_path: Path) -> None:
    """Another subject's key, another record, another field, a flipped bit: each gives nothing."""
    record, key = secrets.token_hex(16), sealing()
    keep(tmp_path, record, Payload("req", key, b"prompt"))
    (found,) = payloads.find(tmp_path, record)
    flipped = bytes([found.ciphertext[0] ^ 1]) + found.ciphertext[1:]

    assert payloads.unseal(found, record, sealing().cipher) is None
    assert payloads.unseal(found, secrets.token_hex(16), key.cipher) is None
    assert payloads.unseal(found._replace(label="resp"), record, key.cipher) is None
    assert payloads.unseal(found._replace(ciphertext=flipped), record, key.cipher) is None
    assert payloads.unseal(Found(*found), record, key.cipher) == b"prompt"


def test_equal_payloads_look_different(tmp_path: Path) -> None:
    """The same prompt twice shows nobody that it was the same."""
    key = sealing()
    records = [secrets.token_hex(16) for _ in range(2)]
    for record in records:
        keep(tmp_path, record, Payload("req", key, b"the same prompt"))
    one, other = (payloads.find(tmp_path, record)[0].ciphertext for record in records)

    assert one != other


def test_payloads_are_erased_by_record_and_by_subject(tmp_path: Path) -> None:
    """By record only its own; by pseudonym also those whose record was lost in a crash."""
    alice, bob = sealing(), sealing()
    records = [secrets.token_hex(16) for _ in range(3)]
    for record, key in zip(records, (alice, alice, bob), strict=True):
        keep(tmp_path, record, Payload("req", key, b"prompt"), Payload("resp", key, b"reply"))
    first = bytes.fromhex(records[0])

    assert payloads.erase(tmp_path, {first}, Ports()) == [first] * 2
    assert [each.erased for record in records for each in payloads.find(tmp_path, record)] == [True] * 2 + [
        False
    ] * 4
    assert set(payloads.erase(tmp_path, (), Ports(), alice.sref)) == {bytes.fromhex(records[1])}
    assert [each.erased for each in payloads.find(tmp_path, records[2])] == [False] * 2
    left = next((tmp_path / "sealed" / "w0").iterdir()).read_bytes()
    assert bytes.fromhex(alice.sref) not in left
    assert bytes.fromhex(bob.sref) in left


def test_the_sidecar_is_its_owners_alone(tmp_path: Path) -> None:
    """Ciphertext is nobody else's business either."""
    keep(tmp_path, secrets.token_hex(16), Payload("req", sealing(), b"prompt"))

    assert (tmp_path / "sealed" / "w0" / f"{SEGMENT}.bin").stat().st_mode & 0o777 == 0o600
