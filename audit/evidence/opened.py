"""Reads decisions, questions and policies back out of a pack, for whoever makes the decisions again.

Checks no proof: that is `audit.verify`, and comes first. A question counts only when it opens the commitment
in its record. Nothing is unpacked to disk, and no name in the pack becomes a path.
"""

import gzip
import tarfile
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO
from zlib import error as DeflateError  # noqa: N812 - zlib names its exception in lower case

import orjson

from audit.errors import LogUnavailable
from audit.reading.recall import Recalled, Span, recalled
from audit.vault.commitment import opens
from audit.vault.questions import LABEL, Gone

_MOST_LINE_BYTES = 64_000_000
_MOST_BUNDLE_BYTES = 256 << 20
_MOST_UNPACKED_BYTES = 16 << 30  # as in `audit.verify`: a small file can unpack to any size
_CHUNK = 1 << 20


class OpenedPack:
    """A pack that is read: a folder, or a tar, plain or compressed.

    Args:
        path: the pack.

    Attributes:
        unread: lines of `entries.jsonl` that are no records.

    Raises:
        LogUnavailable: `log.cannot_open`: it is no pack.
    """

    def __init__(self, path: Path) -> None:
        self.unread = 0
        self._folder = path if path.is_dir() else None
        self._opened = ExitStack()
        self._tar: tarfile.TarFile | None = None
        try:
            if self._folder is None:
                tar = tarfile.open(fileobj=self._plain(path), mode="r:")  # noqa: SIM115 - open as long as the pack
                self._tar = self._opened.enter_context(tar)
            self._disclosed = self._file("disclosed.jsonl")
            self._offsets = dict(_offsets(self._disclosed)) if self._disclosed else {}
        except (OSError, tarfile.TarError, EOFError, ValueError, DeflateError) as error:
            self._opened.close()
            raise LogUnavailable("log.cannot_open", f"{path} is no evidence pack: {error}") from error

    def decisions(self, span: Span) -> Iterator[Recalled]:
        """Yield the decisions in question, in the order of the log.

        Raises:
            LogUnavailable: `log.cannot_open`: the pack has no entries, or can't be read.
        """
        entries = self._file("entries.jsonl")
        if entries is None:
            raise LogUnavailable("log.cannot_open", "the pack has no entries.jsonl")
        try:
            while line := entries.readline(_MOST_LINE_BYTES):
                # Anything a caller wrote has its quotes escaped, so nothing else can look like this.
                if b'"typ":"decision"' not in line:
                    continue
                try:
                    record = orjson.loads(line)
                    found = recalled(record, self) if span.covers(record) else None
                except (ValueError, KeyError, TypeError):
                    self.unread += 1
                    continue
                if found is not None:
                    yield found
        except (OSError, tarfile.TarError, EOFError) as error:
            raise LogUnavailable("log.cannot_open", f"the pack can't be read: {error}") from error

    def get(self, record_id: str, commitment: str) -> bytes | Gone:
        """Return what a policy was asked, as the pack discloses it; see `audit.vault.questions`."""
        at = self._offsets.get(record_id)
        if at is None or self._disclosed is None:
            return "absent"
        self._disclosed.seek(at)
        found = orjson.loads(self._disclosed.readline(_MOST_LINE_BYTES))
        nonce, payload = b64decode(found["nonce"]), b64decode(found["payload"])
        return payload if opens(commitment, nonce=nonce, label=LABEL, data=payload) else "altered"

    def bundle_archive(self, name: str) -> bytes | None:
        """Return the archive of a policy by its revision, or by its digest's hex digits; None: not there."""
        if "/" in name or name.startswith("."):
            return None
        file = self._file(f"bundles/{name}.tar.gz")
        if file is None:
            return None
        data = file.read(_MOST_BUNDLE_BYTES + 1)
        return data if len(data) <= _MOST_BUNDLE_BYTES else None

    def close(self) -> None:
        """Close the pack."""
        self._opened.close()

    def _plain(self, path: Path) -> IO[bytes]:
        """Return the tar as a file that can be read in any order."""
        file = self._opened.enter_context(path.open("rb"))
        magic = file.read(2)
        file.seek(0)
        if magic != b"\x1f\x8b":
            return file
        spool = tempfile.TemporaryFile()  # noqa: SIM115 - the same
        self._opened.enter_context(spool)
        with gzip.GzipFile(fileobj=file) as packed:
            while chunk := packed.read(_CHUNK):
                spool.write(chunk)
                if spool.tell() > _MOST_UNPACKED_BYTES:
                    raise ValueError(f"it unpacks to more than {_MOST_UNPACKED_BYTES} bytes")
        spool.seek(0)
        return spool

    def _file(self, name: str) -> IO[bytes] | None:
        if self._tar is not None:
            try:
                return self._tar.extractfile(name)
            except KeyError:
                return None
        path = (self._folder or Path()) / name
        return self._opened.enter_context(path.open("rb")) if path.is_file() else None


def _offsets(file: IO[bytes]) -> Iterator[tuple[str, int]]:
    """Yield (record id, offset) of each question that is disclosed."""
    at = 0
    while line := file.readline(_MOST_LINE_BYTES):
        try:
            found = orjson.loads(line)
            if found["label"] == LABEL:
                yield str(found["record"]), at
        except (ValueError, KeyError, TypeError):
            pass  # it discloses nothing, and `verify --deep` says so
        at += len(line)
