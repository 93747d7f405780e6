"""How an object gets into a copy: made once and never again, or replaced by what may follow it.

What stands in a bucket and isn't what the log says is evidence, and left as it is.
"""

import time
from collections.abc import Callable

from audit.errors import LogDamaged
from audit.objects.bucket import Bucket, digest_of
from audit.objects.failure import CopyFailed
from audit.objects.found import Found

_TRIES = 5
_PAUSE_S = 0.05

Follows = Callable[[bytes], bool]
"""Tells whether what stands in the bucket may be replaced; raises LogDamaged if it must not be there."""


def settle(bucket: Bucket, path: str, data: bytes, *, ask: bool) -> bool:
    """Have an object in the bucket that never changes; tell whether it was sent.

    Args:
        bucket: where.
        path: its place.
        data: its bytes.
        ask: whether it may be there already; then that is looked up first, and nothing is sent in vain.

    Raises:
        LogDamaged: `copy.other_bytes`: something else stands there.
        CopyFailed: the bucket refuses or is away.
    """
    found = bucket.look(path) if ask else None
    for attempt in range(_TRIES):
        if found is not None:
            confirm(bucket, path, found, data)
            return False
        if bucket.create(path, data):
            return True
        time.sleep(_PAUSE_S * attempt)
        found = bucket.look(path)
    raise _busy(path)


def confirm(bucket: Bucket, path: str, found: Found, data: bytes) -> None:
    """Check that an object has these bytes and is locked; lock it if that is all that it lacks.

    Raises:
        LogDamaged: `copy.other_bytes`.
        CopyFailed: the bucket refuses or is away.
    """
    if not has(bucket, path, found, data):
        raise other_bytes(bucket, path)
    if not bucket.is_kept(found):
        bucket.keep(path, found)


def has(bucket: Bucket, path: str, found: Found, data: bytes) -> bool:
    """Tell whether an object has these bytes: by the server's checksum, or by reading where it keeps none."""
    if found.size != len(data):
        return False
    if found.sha256 is not None:
        return found.sha256 == digest_of(data)
    fetched = bucket.fetch(path, len(data))
    return fetched is not None and fetched[0] == data


def renew(bucket: Bucket, path: str, data: bytes, follows: Follows, *, limit: int, lock: bool) -> bool:
    """Have the newest form of an object that changes in the bucket; tell whether it was sent.

    Of several at once nobody puts an older one over a newer one: each replaces only what it has seen.

    Args:
        bucket: where.
        path: its place.
        data: its bytes.
        follows: asked about what stands there; False leaves it.
        limit: the most bytes that it can have.
        lock: whether it is to be kept.

    Raises:
        LogDamaged: `copy.other_bytes` for what is longer than the limit, and whatever `follows` raises.
        CopyFailed: the bucket refuses or is away.
    """
    for attempt in range(_TRIES):
        fetched = bucket.fetch(path, limit)
        etag = None
        if fetched is not None:
            before, found = fetched
            if before == data:
                return False
            if len(before) > limit:
                raise other_bytes(bucket, path)
            if not follows(before):
                return False
            etag = found.etag
        if bucket.replace(path, data, etag, lock=lock):
            return True
        time.sleep(_PAUSE_S * attempt)
    raise _busy(path)


def other_bytes(bucket: Bucket, path: str) -> LogDamaged:
    """Make the error of an object that isn't the log's."""
    return LogDamaged("copy.other_bytes", f"{bucket.target}{path} is not what the log has there")


def _busy(path: str) -> CopyFailed:
    return CopyFailed("copy.busy", f"{path}: somebody else puts and removes it all the time")
