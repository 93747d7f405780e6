"""The log's keys: made once, for nobody else to read, and never replaced in silence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from audit.errors import LogDamaged, LogUnavailable
from audit.keys import LogKeys, verifiers
from audit.tlog.keys import KeyType, SigningKey

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "regent.test/log"


def test_everybody_who_begins_at_once_gets_the_same_key(tmp_path: Path) -> None:
    """Of many that make one, one wins, and its public half stands beside the log."""
    with ThreadPoolExecutor(8) as pool:
        found = {
            str(keys.ed25519.verifier)
            for keys in pool.map(lambda _: LogKeys.settle(tmp_path, ORIGIN), range(16), timeout=30)
        }

    assert found == {(tmp_path / "log.vkey").read_text().strip()}
    (verifier,) = verifiers(tmp_path)
    assert (verifier.name, verifier.type) == (ORIGIN, KeyType.ED25519)
    assert (tmp_path / "keys" / "log.key").stat().st_mode & 0o777 == 0o600


def test_a_second_key_may_come_later(tmp_path: Path) -> None:
    """An ML-DSA-44 key joins an old log, and stays in use once it is there."""
    first = LogKeys.settle(tmp_path, ORIGIN)
    both = LogKeys.settle(tmp_path, ORIGIN, post_quantum=True)

    assert [key.type for key in both.signing] == [KeyType.ED25519, KeyType.MLDSA44_COSIGNATURE]
    assert both.ed25519 == first.ed25519
    assert LogKeys.settle(tmp_path, ORIGIN) == both
    assert verifiers(tmp_path) == [key.verifier for key in both.signing]


def test_a_lost_key_is_not_replaced(tmp_path: Path) -> None:
    """A log whose public key is known to auditors can't go on under another."""
    LogKeys.settle(tmp_path, ORIGIN)
    (tmp_path / "keys" / "log.key").unlink()
    with pytest.raises(LogUnavailable, match=r"log\.no_key"):
        LogKeys.settle(tmp_path, ORIGIN)


@pytest.mark.parametrize("what", ["garbage", "foreign", "open", "other_type"])
def test_a_key_file_that_is_none_is_refused(tmp_path: Path, what: str) -> None:
    """Garbage, another log's key, a key of another type, and a key that others can read."""
    LogKeys.settle(tmp_path, ORIGIN)
    path = tmp_path / "keys" / "log.key"
    if what == "garbage":
        path.write_text("PRIVATE+KEY+nonsense")
    elif what == "foreign":
        path.write_text(SigningKey.generate("other").private_text())
    elif what == "other_type":
        path.write_text(SigningKey.generate(ORIGIN, KeyType.ED25519_COSIGNATURE).private_text())
    else:
        path.chmod(0o640)
    with pytest.raises(LogDamaged, match=r"log\.key") as refused:
        LogKeys.settle(tmp_path, ORIGIN)
    assert "PRIVATE" not in str(refused.value)


def test_a_verifier_key_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """By whoever reads it, with the log's code: the sequencer would end otherwise, again and again."""
    LogKeys.settle(tmp_path, ORIGIN)
    (tmp_path / "log.vkey").write_bytes(b"\xff\xfe")
    for read in (verifiers, lambda folder: LogKeys.settle(folder, ORIGIN)):
        with pytest.raises(LogDamaged, match=r"log\.key"):
            read(tmp_path)
