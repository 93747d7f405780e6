"""Keys of sealed payloads: one per subject, wrapped by one per tenant, wrapped by the house's sealing key.

The sealing key is a file outside the log; a copy of the log's folder opens nothing. Deleting a subject's key
makes what was sealed with it unreadable, wherever copies of the ciphertext are, as long as no copy of the
key is there, too. Wrapped: GCM nonce 12 | ciphertext 48, with AES-256-GCM, bound to what the key is for.
"""

import re
import secrets
import sqlite3
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.errors import LogUnavailable
from audit.vault import database

KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_TEXT = re.compile(rb"[0-9a-fA-F]{64}")
_TENANT = b"regent.tenant-key/v1\x00"
_SUBJECT = b"regent.data-key/v1\x00"


class Wrapped(Protocol):
    """**Protocol:** where wrapped keys are kept. Everything is durable on return."""

    def some_tenant(self) -> tuple[str, bytes] | None:
        """Return any tenant with its key; None where there is none yet."""
        ...

    def tenant(self, name: str, fresh: bytes | None = None) -> bytes | None:
        """Return a tenant's key; where there is none, `fresh` becomes it."""
        ...

    def subject(self, sref: str, tenant: str, fresh: bytes | None = None) -> bytes | None:
        """Return a subject's key in a tenant; where there is none, `fresh` becomes it.

        None of a pseudonym that is nobody's (any more): an erased subject gets no new key.
        """
        ...

    def all_of(self, sref: str) -> list[tuple[str, bytes]]:
        """Return every key of a subject, each with its tenant."""
        ...


class FileKeys:
    """**Adapter** of a vault's SQLite file to `Wrapped`.

    Args:
        db: open; whose errors are raised as they are.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def some_tenant(self) -> tuple[str, bytes] | None:
        """See `Wrapped.some_tenant`."""
        row: tuple[str, bytes] | None = self._db.execute(
            "SELECT tenant, wrapped FROM tenant_key LIMIT 1"
        ).fetchone()
        return row

    def tenant(self, name: str, fresh: bytes | None = None) -> bytes | None:
        """See `Wrapped.tenant`."""
        if fresh is not None:
            with database.transaction(self._db):
                self._db.execute("INSERT OR IGNORE INTO tenant_key VALUES (?, ?)", (name, fresh))
        row = self._db.execute("SELECT wrapped FROM tenant_key WHERE tenant = ?", (name,)).fetchone()
        return row[0] if row else None

    def subject(self, sref: str, tenant: str, fresh: bytes | None = None) -> bytes | None:
        """See `Wrapped.subject`."""
        if fresh is not None:
            with database.transaction(self._db):
                self._db.execute(
                    "INSERT OR IGNORE INTO data_key SELECT sref, ?, ? FROM subject WHERE sref = ?",
                    (tenant, fresh, sref),
                )
        query = "SELECT wrapped FROM data_key WHERE sref = ? AND tenant = ?"
        row = self._db.execute(query, (sref, tenant)).fetchone()
        return row[0] if row else None

    def all_of(self, sref: str) -> list[tuple[str, bytes]]:
        """See `Wrapped.all_of`."""
        return self._db.execute("SELECT tenant, wrapped FROM data_key WHERE sref = ?", (sref,)).fetchall()


def read_sealing_key(path: Path) -> bytes:
    """Read the house's sealing key: 64 hex digits, in a file that nobody else can read.

    Raises:
        LogUnavailable: `vault.key` when it is missing, malformed or open to others.
    """
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise LogUnavailable("vault.key", f"{path} can be read by others; chmod 600 it")
        text = path.read_bytes().strip()
    except OSError as error:
        raise LogUnavailable("vault.key", f"cannot read the sealing key: {error}") from error
    if not _KEY_TEXT.fullmatch(text):
        raise LogUnavailable("vault.key", f"{path} is no sealing key: 64 hex digits are expected")
    return bytes.fromhex(text.decode())


def check(kept: Wrapped, master: bytes) -> None:
    """Make sure that the sealing key is the one that the vault's keys are wrapped by.

    Raises:
        LogUnavailable: `vault.key`.
    """
    found = kept.some_tenant()
    if found:
        _unwrap(master, found[1], _tenant_context(found[0]))


def data_key(kept: Wrapped, master: bytes, sref: str, tenant: str) -> bytes | None:
    """Return the key of a subject in a tenant, making those that aren't there; durable on return.

    Returns:
        None when there is no such pseudonym (any more): an erased subject gets no new key.

    Raises:
        LogUnavailable: `vault.key` when the sealing key isn't the vault's.
    """
    context = _tenant_context(tenant)
    found = kept.tenant(tenant) or kept.tenant(tenant, _wrap(master, secrets.token_bytes(KEY_BYTES), context))
    wrapping = _unwrap(master, found or b"", context)
    context = _subject_context(sref, tenant)
    found = kept.subject(sref, tenant)
    if not found:
        found = kept.subject(sref, tenant, _wrap(wrapping, secrets.token_bytes(KEY_BYTES), context))
    return _unwrap(wrapping, found, context) if found else None


def all_of(kept: Wrapped, master: bytes, sref: str) -> list[bytes]:
    """Return every key of a subject, for reading; of an erased one there is none.

    Raises:
        LogUnavailable: `vault.key` when the sealing key isn't the vault's.
    """
    keys = []
    for tenant, wrapped in kept.all_of(sref):
        found = kept.tenant(tenant)
        if found:
            wrapping = _unwrap(master, found, _tenant_context(tenant))
            keys.append(_unwrap(wrapping, wrapped, _subject_context(sref, tenant)))
    return keys


def _tenant_context(tenant: str) -> bytes:
    return _TENANT + tenant.encode()


def _subject_context(sref: str, tenant: str) -> bytes:
    return _SUBJECT + bytes.fromhex(sref) + tenant.encode()


def _wrap(key: bytes, secret: bytes, context: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, context)


def _unwrap(key: bytes, wrapped: bytes, context: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context)
    except (InvalidTag, ValueError) as error:
        raise LogUnavailable("vault.key", "a key of the vault was wrapped by another sealing key") from error
