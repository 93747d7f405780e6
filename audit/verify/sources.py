"""Where a log is read from: a folder or an archive. Reads named files of bounded size and changes none."""

import gzip
import stat
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol
from zlib import error as DeflateError  # noqa: N812 - zlib names its exception in lower case

MAX_ARCHIVE_BYTES = 16 << 30
MAX_MEMBERS = 10_000_000
MAX_HEAD_BYTES = 1 << 20  # what stands before a member's bytes: its name, and little else
_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"


class Unreadable(Exception):
    """What is there cannot be read: not the same as missing."""


class Source(Protocol):
    """**Protocol:** the files of a log."""

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the bytes of a file, None where there is none.

        Raises:
            Unreadable: when it is there and cannot be read, or is larger than `limit` bytes.
        """
        ...

    def expect(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Be told which files are read next, with their limits: what is far away may be fetched ahead."""
        ...

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file of any size.

        Raises:
            Unreadable: when it is not there or cannot be read.
        """
        ...

    def names(self, under: str) -> list[str]:
        """Return the paths of all files below a folder; of none where that cannot be asked."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...

    @property
    def folder(self) -> Path | None:
        """The folder on this machine, where it is one: the logs of writers are read there only."""
        ...


def lines(source: Source, path: str, limit: int) -> Iterator[bytes]:
    """Yield the lines of a file of any size, without their newlines; the last one must have one, too.

    Raises:
        Unreadable: when a line has more than `limit` bytes, or the file cannot be read or is cut off.
    """
    rest = b""
    for chunk in source.chunks(path):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > limit:
            raise Unreadable(f"{path} has a line of more than {limit} bytes")
        yield from whole
    if rest:
        raise Unreadable(f"{path} does not end in a newline")


class Folder:
    """A log's folder, live or copied."""

    def __init__(self, folder: Path) -> None:
        self.folder: Path | None = folder
        self._folder = folder

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the bytes of a file, None where there is none."""
        place = self._folder / path
        try:
            found = place.stat()
            if not stat.S_ISREG(found.st_mode):  # a pipe could keep the reader waiting for ever
                raise Unreadable(f"{path} is no plain file")
            if found.st_size > limit:
                raise Unreadable(f"{path} has more than {limit} bytes")
            with place.open("rb") as stream:
                data = stream.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise Unreadable(f"{path} cannot be read: {type(error).__name__}") from error
        if len(data) > limit:
            raise Unreadable(f"{path} has more than {limit} bytes")
        return data

    def expect(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Do nothing: what is near is read when it is wanted."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file of any size."""
        place = self._folder / path
        try:
            if not place.is_file():
                raise Unreadable(f"{path} is missing or no plain file")
            with place.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        except (OSError, ValueError) as error:
            raise Unreadable(f"{path} cannot be read: {type(error).__name__}") from error

    def names(self, under: str) -> list[str]:
        """Return the paths of all files below a folder of the log."""
        try:
            found = [each for each in (self._folder / under).rglob("*") if not each.is_dir()]
        except OSError as error:
            raise Unreadable(f"{under} cannot be listed: {type(error).__name__}") from error
        return sorted(each.relative_to(self._folder).as_posix() for each in found)

    def close(self) -> None:
        """Do nothing: each file is closed as soon as it was read."""


class Archive:
    """A tar file, compressed with gzip or not, whose members are the files of a log or a pack."""

    folder: Path | None = None

    def __init__(self, path: Path) -> None:
        self._members: dict[str, tuple[int, int]] = {}  # where its bytes begin, and how many they are
        self._stream: IO[bytes] | None = None
        try:
            self._stream = _plain(path)
            heads: Any = _Heads(self._stream)
            with tarfile.open(fileobj=heads, mode="r:") as tar:
                while member := tar.next():
                    self._add(member)
                    tar.members.clear()  # type: ignore[attr-defined]  # millions would fill the memory
        except Unreadable:
            self.close()
            raise
        except (OSError, tarfile.TarError, EOFError, ValueError, DeflateError) as error:
            self.close()
            raise Unreadable(f"it is no archive that can be read: {type(error).__name__}") from error

    def _add(self, member: tarfile.TarInfo) -> None:
        if member.isdir():
            return
        name = member.name.removeprefix("./")
        strange = not member.isreg() or member.issparse()  # a hole of any size takes no room in the archive
        if strange or name in self._members or ".." in name.split("/") or name.startswith("/"):
            raise Unreadable(f"the archive has a member that no log has: {name[:100]!r}")
        if len(self._members) >= MAX_MEMBERS:
            raise Unreadable(f"the archive has more than {MAX_MEMBERS} members")
        self._members[name] = member.offset_data, member.size

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the bytes of a member, None where there is none."""
        if path not in self._members:
            return None
        if self._members[path][1] > limit:
            raise Unreadable(f"{path} has more than {limit} bytes")
        return b"".join(self.chunks(path))

    def expect(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Do nothing: what is near is read when it is wanted."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a member of any size."""
        if path not in self._members or self._stream is None:
            raise Unreadable(f"{path} is missing")
        at, size = self._members[path]
        end = at + size
        while at < end:
            try:
                self._stream.seek(at)  # several members are read at a time
                chunk = self._stream.read(min(_CHUNK, end - at))
            except (OSError, ValueError) as error:
                raise Unreadable(f"{path} cannot be read: {type(error).__name__}") from error
            if not chunk:
                raise Unreadable(f"{path} is cut off")
            at += len(chunk)
            yield chunk

    def names(self, under: str) -> list[str]:
        """Return the names of all members below a folder."""
        prefix = f"{under}/" if under else ""
        return sorted(name for name in self._members if name.startswith(prefix))

    def close(self) -> None:
        """Close the archive."""
        if self._stream:
            self._stream.close()


class _Heads:
    """An archive as `tarfile` sees it, who takes a head of any size into memory."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.seek, self.tell, self._stream = stream.seek, stream.tell, stream

    def read(self, size: int) -> bytes:
        """Return bytes of a head."""
        if size > MAX_HEAD_BYTES:
            raise Unreadable(f"the archive has a head of more than {MAX_HEAD_BYTES} bytes")
        return self._stream.read(size)


def _plain(path: Path) -> IO[bytes]:
    """Return the archive's bytes as a file that can be read in any order."""
    stream = path.open("rb")
    start = stream.read(len(_GZIP))
    stream.seek(0)
    if start != _GZIP:
        return stream
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - read for as long as the archive is
    try:
        with stream, gzip.GzipFile(fileobj=stream) as unpacked:
            _copy(unpacked, spool)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool


def _copy(unpacked: gzip.GzipFile, spool: IO[bytes]) -> None:
    room = MAX_ARCHIVE_BYTES
    while chunk := unpacked.read(_CHUNK):
        room -= len(chunk)
        if room < 0:  # a small file can unpack to any size
            raise Unreadable(f"the archive unpacks to more than {MAX_ARCHIVE_BYTES} bytes")
        spool.write(chunk)
