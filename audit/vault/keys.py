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

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.errors import LogUnavailable
from audit.vault import database

KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_TEXT = re.compile(rb"[0-9a-fA-F]{64}")
_TENANT = b"regent.tenant-key/v1\x00"
_SUBJECT = b"regent.data-key/v1\x00"


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


def check(db: sqlite3.Connection, master: bytes) -> None:
    """Make sure that the sealing key is the one that the vault's keys are wrapped by.

    Raises:
        LogUnavailable: `vault.key`.
    """
    row = db.execute("SELECT tenant, wrapped FROM tenant_key LIMIT 1").fetchone()
    if row:
        _unwrap(master, row[1], _tenant_context(row[0]))


def data_key(db: sqlite3.Connection, master: bytes, sref: str, tenant: str) -> bytes | None:
    """Return the key of a subject in a tenant, making those that aren't there; durable on return.

    Returns:
        None when there is no such pseudonym (any more): an erased subject gets no new key.

    Raises:
        LogUnavailable: `vault.key` when the sealing key isn't the vault's.
        sqlite3.Error: when the vault can't be read or written.
    """
    wrapping = _tenant_key(db, master, tenant)
    found = _data_keys(db, sref, tenant)
    if not found:
        wrapped = _wrap(wrapping, secrets.token_bytes(KEY_BYTES), _subject_context(sref, tenant))
        with database.transaction(db):
            db.execute(
                "INSERT OR IGNORE INTO data_key SELECT sref, ?, ? FROM subject WHERE sref = ?",
                (tenant, wrapped, sref),
            )
        found = _data_keys(db, sref, tenant)
    return _unwrap(wrapping, found[0], _subject_context(sref, tenant)) if found else None


def all_of(db: sqlite3.Connection, master: bytes, sref: str) -> list[bytes]:
    """Return every key of a subject, for reading; of an erased one there is none.

    Raises:
        LogUnavailable: `vault.key` when the sealing key isn't the vault's.
    """
    keys = []
    for tenant, wrapped in db.execute("SELECT tenant, wrapped FROM data_key WHERE sref = ?", (sref,)):
        row = db.execute("SELECT wrapped FROM tenant_key WHERE tenant = ?", (tenant,)).fetchone()
        if row:
            wrapping = _unwrap(master, row[0], _tenant_context(tenant))
            keys.append(_unwrap(wrapping, wrapped, _subject_context(sref, tenant)))
    return keys


def _tenant_key(db: sqlite3.Connection, master: bytes, tenant: str) -> bytes:
    select = "SELECT wrapped FROM tenant_key WHERE tenant = ?"
    row = db.execute(select, (tenant,)).fetchone()
    if row is None:
        wrapped = _wrap(master, secrets.token_bytes(KEY_BYTES), _tenant_context(tenant))
        with database.transaction(db):
            db.execute("INSERT OR IGNORE INTO tenant_key VALUES (?, ?)", (tenant, wrapped))
        row = db.execute(select, (tenant,)).fetchone()
    return _unwrap(master, row[0], _tenant_context(tenant))


def _data_keys(db: sqlite3.Connection, sref: str, tenant: str) -> list[bytes]:
    rows = db.execute("SELECT wrapped FROM data_key WHERE sref = ? AND tenant = ?", (sref, tenant))
    return [wrapped for (wrapped,) in rows]


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
