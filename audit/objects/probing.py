"""What a bucket must be before anything is put into it, found out by asking and by trying."""

from audit.errors import LogDamaged
from audit.objects.bucket import Bucket
from audit.objects.failure import CopyFailed
from audit.objects.keeping import settle
from audit.objects.target import Lock


def examine(bucket: Bucket) -> None:
    """Look at how the bucket was made.

    Raises:
        CopyFailed: `copy.no_lock`, `copy.not_versioned`; or that it doesn't tell.
    """
    if bucket.target.lock is Lock.NONE:
        return
    if not bucket.has_lock():
        raise CopyFailed("copy.no_lock", f"{bucket.target}: the bucket was made without Object Lock")
    if not bucket.is_versioned():
        raise CopyFailed("copy.not_versioned", f"{bucket.target}: the bucket's versioning isn't enabled")


def begin(bucket: Bucket, path: str, data: bytes) -> bool:
    """Put the first object, which also says whose copy this is, and try on it what must not be possible.

    Returns:
        whether it was sent.

    Raises:
        LogDamaged: `copy.other_bytes`: the copy is of another log.
        CopyFailed: `copy.overwrites`, `copy.not_locked`, `copy.can_bypass`.
    """
    examine(bucket)
    try:
        sent = settle(bucket, path, data, ask=True)
    except LogDamaged:
        raise LogDamaged("copy.other_bytes", f"{bucket.target} is the copy of another log") from None
    if bucket.create(path, data):
        raise CopyFailed("copy.overwrites", f"{bucket.target}: the server ignores `If-None-Match`")
    prove_lock(bucket, path)
    return sent


def prove_lock(bucket: Bucket, path: str) -> None:
    """Make sure that an object is locked, and that these credentials can't change that.

    A right to shorten locks is tried out by taking a minute off this one: who can do that can take it all.

    Raises:
        CopyFailed: `copy.not_locked`, `copy.can_bypass`.
    """
    if bucket.target.lock is Lock.NONE:
        return
    found = bucket.look(path)
    if found is not None and bucket.is_kept(found) and not bucket.is_locked(found):
        bucket.keep(path, found)  # its time is over: it is what the next ones are tried on
        found = bucket.look(path)
    if found is None or not (bucket.is_kept(found) and bucket.is_locked(found)):
        raise CopyFailed("copy.not_locked", f"{bucket.target}{path}: no such lock is to be seen on it")
    if bucket.target.lock is Lock.GOVERNANCE and bucket.shorten(path, found):
        bucket.keep(path, found)
        raise CopyFailed("copy.can_bypass", f"{bucket.target}: these credentials may bypass governance locks")
