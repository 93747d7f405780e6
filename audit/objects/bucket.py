"""A bucket in the log's words: is it there, make it if it isn't, replace it if it still is what it was."""

import base64
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, BinaryIO

from audit.objects.answering import answered
from audit.objects.failure import CopyFailed
from audit.objects.found import Found
from audit.objects.target import Lock, Target

READ_S = 60.0
"""How long the body of one object may take, however steadily it comes."""

_CHUNK = 1 << 16
_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
_CONFLICT = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
_PUBLIC_TEXT = "text/plain; charset=utf-8"
_TEXTS = (".note", ".notes", ".vkey", "checkpoint")


def digest_of(data: bytes) -> str:
    """Return the SHA-256 as S3 writes it."""
    return base64.b64encode(sha256(data).digest()).decode()


class Bucket:
    """The part of a bucket below the target's prefix.

    Every method raises `CopyFailed` where the server refuses, is away or takes too long.

    Args:
        client: an S3 client; `close` closes it.
        target: which bucket, and the lock of each object.
        now: wall clock.
    """

    def __init__(
        self, client: Any, target: Target, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.target = target
        self._client = client
        self._now = now

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def look(self, path: str) -> Found | None:
        """Return what stands at a path, None if nothing does."""
        answer = self._ask("head_object", _ABSENT, Key=self._key(path), ChecksumMode="ENABLED")
        return None if answer is None else Found.of(answer)

    def fetch(self, path: str, limit: int) -> tuple[bytes, Found] | None:
        """Return what stands at a path, None if nothing does; no more than one byte beyond `limit` of it."""
        answer = self._ask("get_object", _ABSENT, Key=self._key(path))
        if answer is None:
            return None
        found = Found.of(answer)
        data = answered(f"{self.target}: get_object", lambda: _read(answer["Body"], limit))
        if data is None or (len(data) <= limit and len(data) != found.size):
            raise CopyFailed("copy.unavailable", f"{path}: the answer broke off")
        return data, found

    def create(self, path: str, data: bytes) -> bool:
        """Put a locked object where nothing is; tell whether it was this call."""
        return self._put(path, data, digest_of(data), self._lock(), IfNoneMatch="*")

    def create_from(self, path: str, file: BinaryIO, digest: str) -> bool:
        """As `create`, of a file at its beginning whose SHA-256 is known."""
        return self._put(path, file, digest, self._lock(), IfNoneMatch="*")

    def replace(self, path: str, data: bytes, etag: str | None, *, lock: bool) -> bool:
        """Put an object in the place of one that is still the same, or where there is none.

        Args:
            path: where.
            data: what.
            etag: of what was there; None if nothing was.
            lock: whether it is to be kept; what was there before keeps its own lock.

        Returns:
            whether it was put; if not, something else is there by now.
        """
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        return self._put(path, data, digest_of(data), self._lock() if lock else {}, **condition)

    def is_kept(self, found: Found) -> bool:
        """Tell whether an object is locked as the target asks, for as long as it asks from its beginning.

        One whose time is over needs no lock.
        """
        if self.target.lock is Lock.NONE:
            return True
        # The server's clock dates the object, ours its lock.
        least = found.modified + timedelta(days=self.target.lock_days, hours=-1)
        if least <= self._now():
            return True
        strong = found.mode in {Lock.COMPLIANCE, self.target.lock}
        return strong and found.until is not None and found.until >= least

    def is_locked(self, found: Found) -> bool:
        """Tell whether an object is locked as the target asks for some time from now."""
        strong = found.mode in {Lock.COMPLIANCE, self.target.lock}
        return strong and found.until is not None and found.until > self._now() + timedelta(hours=1)

    def keep(self, path: str, found: Found) -> None:
        """Lock an object that was put without, or for less long."""
        self._ask(
            "put_object_retention",
            Key=self._key(path),
            Retention=self._retention(),
            **_of_version(found),
        )

    def shorten(self, path: str, found: Found) -> bool:
        """Try what must not be possible: take a minute off a lock. Tell whether it was."""
        if found.until is None or found.mode is not Lock.GOVERNANCE:
            return False
        retention = {"Mode": "GOVERNANCE", "RetainUntilDate": found.until - timedelta(minutes=1)}
        done = self._ask(
            "put_object_retention",
            frozenset({"AccessDenied", "403"}),
            Key=self._key(path),
            Retention=retention,
            BypassGovernanceRetention=True,
            **_of_version(found),
        )
        return done is not None

    def has_lock(self) -> bool:
        """Tell whether the bucket was made for locks."""
        absent = frozenset({"ObjectLockConfigurationNotFoundError"})
        answer = self._ask("get_object_lock_configuration", absent)
        found = (answer or {}).get("ObjectLockConfiguration", {})
        return bool(found.get("ObjectLockEnabled") == "Enabled")

    def is_versioned(self) -> bool:
        """Tell whether the bucket keeps what is overwritten."""
        answer = self._ask("get_bucket_versioning")
        return answer is not None and answer.get("Status") == "Enabled"

    def _put(
        self, path: str, body: bytes | BinaryIO, digest: str, lock: dict[str, Any], **condition: str
    ) -> bool:
        answer = self._ask(
            "put_object",
            _CONFLICT | (_ABSENT if "IfMatch" in condition else frozenset()),
            Key=self._key(path),
            Body=body,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=digest,
            ContentType=_PUBLIC_TEXT if path.endswith(_TEXTS) else "application/octet-stream",
            **lock,
            **condition,
        )
        if answer is not None and answer.get("ChecksumSHA256", digest) != digest:
            raise CopyFailed("copy.checksum", f"{path}: the server has other bytes than were sent")
        return answer is not None

    def _lock(self) -> dict[str, Any]:
        if self.target.lock is Lock.NONE:
            return {}
        kept = self._retention()
        return {"ObjectLockMode": kept["Mode"], "ObjectLockRetainUntilDate": kept["RetainUntilDate"]}

    def _retention(self) -> dict[str, Any]:
        until = self._now() + timedelta(days=self.target.lock_days)
        return {"Mode": self.target.lock.upper(), "RetainUntilDate": until}

    def _key(self, path: str) -> str:
        return f"{self.target.prefix}{path}"

    def _ask(
        self, operation: str, expected: frozenset[str] = frozenset(), **arguments: Any
    ) -> dict[str, Any] | None:
        """Return the answer, None for a refusal of an expected code."""
        call = partial(getattr(self._client, operation), Bucket=self.target.bucket, **arguments)
        answer: dict[str, Any] | None = answered(f"{self.target}: {operation}", call, expected)
        return answer


def _of_version(found: Found) -> dict[str, Any]:
    return {} if found.version is None else {"VersionId": found.version}


def _read(body: Any, limit: int) -> bytes | None:
    """Return the body, one byte more than `limit` if it is longer, None if it takes too long."""
    end_s = time.monotonic() + READ_S
    # `read` returns when it has all that it was asked for, and a server can take its time with every byte.
    read = getattr(getattr(body, "_raw_stream", None), "read1", body.read)
    parts, size = [], 0
    try:
        while size <= limit and (part := read(min(_CHUNK, limit + 1 - size))):
            parts.append(part)
            size += len(part)
            if time.monotonic() > end_s:
                return None
        return b"".join(parts)
    finally:
        with suppress(OSError):
            body.close()
