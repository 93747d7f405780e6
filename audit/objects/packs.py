"""Puts an evidence pack, or any other file, beside the copies: once, locked as they are."""

import base64
from hashlib import file_digest
from pathlib import Path

from audit.objects.bucket import Bucket
from audit.objects.failure import CopyFailed
from audit.objects.found import Found
from audit.objects.keeping import other_bytes
from audit.objects.probing import examine, prove_lock

MAX_BYTES = 5 << 30
"""What S3 takes at once."""


def send(bucket: Bucket, file: Path) -> tuple[str, bool]:
    """Put a file at `packs/<name>`; return that path, and whether it was sent now.

    Raises:
        LogDamaged: `copy.other_bytes`: a pack of that name and with other bytes is there.
        CopyFailed: `copy.too_large`; the bucket won't do, refuses or is away.
        OSError: the file can't be read.
    """
    path = f"packs/{file.name}"
    with file.open("rb") as body:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise CopyFailed("copy.too_large", f"{file} has more than {MAX_BYTES >> 30} GiB")
        digest = base64.b64encode(file_digest(body, "sha256").digest()).decode()
        examine(bucket)
        found = bucket.look(path)
        sent = False
        if found is None:
            body.seek(0)
            sent = bucket.create_from(path, body, digest)
            found = bucket.look(path)
    _confirm(bucket, path, found, (size, digest))
    prove_lock(bucket, path)
    return path, sent


def _confirm(bucket: Bucket, path: str, found: Found | None, expected: tuple[int, str]) -> None:
    if found is None:
        raise CopyFailed("copy.unavailable", f"{path} isn't there after it was sent")
    if found.sha256 is None:
        raise CopyFailed("copy.checksum", f"{path}: the server keeps no SHA-256, so it can't say what it has")
    if (found.size, found.sha256) != expected:
        raise other_bytes(bucket, path)
    if not bucket.is_kept(found):
        bucket.keep(path, found)
