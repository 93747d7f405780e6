"""Erasing what the vault holds: of one record, or of one subject. The log itself and its proofs stay whole.

A running gateway remembers recent subjects until it restarts, and may write more of them meanwhile.
"""

from pathlib import Path

from audit.vault import nonces, pseudonyms, questions


def erase_record(folder: Path, record_id: str) -> int:
    """Erase the question and the nonces of a record; return how many pieces there were.

    The question goes first: after a crash in between, what is left is a nonce, which betrays nothing.

    Args:
        folder: the log.
        record_id: 32 hex digits.
    """
    vault = folder / "vault"
    return questions.erase(vault, record_id) + nonces.erase(vault, record_id)


def erase_subject(folder: Path, subject: str) -> int:
    """Erase every question of a subject, then its pseudonym; return how many pieces there were.

    Args:
        folder: the log.
        subject: full id, `<sub>@<issuer's name>`.
    """
    vault = folder / "vault"
    return questions.erase_subject(vault, subject) + pseudonyms.forget(vault / "subjects.db", subject)
