"""What a bucket says of one object: its size, its checksum and its lock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.objects.failure import CopyFailed
from audit.objects.target import Lock


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at a path.

    Attributes:
        size: in bytes.
        sha256: as the server keeps it, base64; None if it doesn't say.
        etag: names these bytes in a condition.
        version: of the object; None where there are none.
        mode: of its lock; None if there is none, or it can't be seen.
        until: end of the lock.
        modified: when it was put.
    """

    size: int
    sha256: str | None
    etag: str
    version: str | None
    mode: Lock | None
    until: datetime | None
    modified: datetime

    @classmethod
    def of(cls, answer: dict[str, Any]) -> "Found":
        """Read the answer to a GET or HEAD.

        Raises:
            CopyFailed: `copy.refused`: it lacks what every answer has.
        """
        if not answer.keys() >= {"ContentLength", "ETag", "LastModified"}:
            raise CopyFailed("copy.refused", "an answer has no length, no ETag or no date")
        checksum = answer.get("ChecksumSHA256")
        if checksum is not None and "-" in checksum:  # of parts, not of the object
            checksum = None
        mode = answer.get("ObjectLockMode")
        return cls(
            size=answer["ContentLength"],
            sha256=checksum,
            etag=answer["ETag"],
            version=answer.get("VersionId"),
            mode=Lock(mode.lower()) if mode in {"COMPLIANCE", "GOVERNANCE"} else None,
            until=answer.get("ObjectLockRetainUntilDate"),
            modified=answer["LastModified"],
        )
