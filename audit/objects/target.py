"""Where copies go and how they are locked: values only, checked when they are made. Imports no client."""

import ipaddress
import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import orjson
from typing_extensions import override

MAX_LOCK_DAYS = 36_500
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}/)*")
_REGION = re.compile(r"[a-z0-9-]{1,32}")


class Lock(StrEnum):
    """How an object is kept: S3's retention modes.

    `COMPLIANCE` can't be lifted or shortened by anybody; `GOVERNANCE` by whoever has a right of its own.
    """

    COMPLIANCE = "compliance"
    GOVERNANCE = "governance"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Target:
    """One place for copies.

    Attributes:
        bucket: its name; the bucket is there already.
        prefix: before every key; "" or ending in "/".
        endpoint_url: of the S3 API; None for AWS. https, or http on loopback.
        region: None for the one that boto3 finds.
        lock: retention mode of each object.
        lock_days: how long, from the moment an object is put.
        credentials_file: in the form of `~/.aws/credentials`, section `default`, for its owner's eyes only;
            None for boto3's usual chain.

    Raises:
        ValueError: one of them is malformed.
    """

    bucket: str
    prefix: str = ""
    endpoint_url: str | None = None
    region: str | None = None
    lock: Lock = Lock.COMPLIANCE
    lock_days: int = 400
    credentials_file: Path | None = None

    def __post_init__(self) -> None:
        if not _BUCKET.fullmatch(self.bucket):
            raise ValueError("a bucket is named by 3 to 63 of a-z, 0-9, . and -")
        if self.prefix and not self.prefix.endswith("/"):
            object.__setattr__(self, "prefix", f"{self.prefix}/")
        if not _PREFIX.fullmatch(self.prefix):
            raise ValueError("a prefix is made of parts of A-Z, a-z, 0-9, ., _ and -, with / between")
        if self.region is not None and not _REGION.fullmatch(self.region):
            raise ValueError("a region is made of a-z, 0-9 and -")
        if self.endpoint_url is not None and not _is_sound(self.endpoint_url):
            raise ValueError(
                "an endpoint is an https:// address without user, query or path; http:// on loopback"
            )
        if not 1 <= self.lock_days <= MAX_LOCK_DAYS:
            raise ValueError(f"a lock lasts 1 to {MAX_LOCK_DAYS} days")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `as_text` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            found = orjson.loads(text)
            path = found.pop("credentials_file")
            return cls(
                **found | {"lock": Lock(found["lock"]), "credentials_file": Path(path) if path else None}
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("it describes no place for copies") from error

    def as_text(self) -> str:
        """Say it in one line, for the command line of another process; there is no secret in it."""
        return orjson.dumps(asdict(self), default=str, option=orjson.OPT_SORT_KEYS).decode()

    @property
    def name(self) -> str:
        """A short name that no other place has, nor the same one under another lock."""
        return sha256(self.as_text().encode()).hexdigest()[:16]

    @override
    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


def _is_sound(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.path not in {"", "/"} or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
