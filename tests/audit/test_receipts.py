"""Receipts: what a caller holds against the operator."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from audit.keys import verifiers
from audit.tlog.tree import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.log import AuditLog
    from audit.record import Record


async def test_a_receipt_is_the_logs_word_for_one_record(
    open_log: Callable[..., AuditLog],
    make_decision: Callable[..., Record],
    bodies: Callable[..., list[bytes]],
    folder: Path,
) -> None:
    """It names writer, place and leaf of the stored bytes, and the log's key has signed it."""
    log = open_log()
    text = log.certify(await log.append(make_decision()))
    version, origin, writer, boot, wseq, leaf, t_us, mmd_s, key, signature = text.split(" ")
    (verifier,) = verifiers(folder)
    signed = f"regent.receipt/v1\n{origin}\n{writer} {boot} {wseq}\n{leaf}\n{t_us} {mmd_s}\n"

    assert (version, origin, writer, boot, wseq, mmd_s) == ("v1", log.origin, "w0", "0", "2", "10")
    assert b64decode(leaf) == leaf_hash(bodies()[int(wseq)])
    assert key == verifier.id.hex()
    assert verifier.verifies(signed.encode(), b64decode(signature))
    assert not verifier.verifies(signed.replace("w0", "w1").encode(), b64decode(signature))


async def test_a_receipt_is_one_line_of_ascii(
    open_log: Callable[..., AuditLog], make_decision: Callable[..., Record], **_: Any
) -> None:
    """It fits into a header."""
    log = open_log()
    text = log.certify(await log.append(make_decision()))

    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 400
