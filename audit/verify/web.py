"""A log read over HTTP, as C2SP `tlog-tiles` serves it: one GET a file, bounded in size and time."""

import ssl
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from audit.verify.sources import Unreadable

TIMEOUT_S = 30.0
DEADLINE_S = 120.0
CONNECTIONS = 8
_ATTEMPTS = 3
_PAUSE_S = 0.2
_CHUNK = 1 << 16
_NOT_FOUND = 404
_UNAUTHORIZED = 401
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


# `typing.override` comes with Python 3.12, and this room needs the standard library only.
class _Timed(RawIOBase):
    """What a server sends, until its time is over: one that drips could keep the reader for ever."""

    def __init__(self, stream: RawIOBase) -> None:
        self._stream, self._deadline = stream, time.monotonic() + DEADLINE_S

    def readable(self) -> bool:  # type: ignore[explicit-override]
        """Say that this is for reading."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # type: ignore[explicit-override]
        """Take what has come; head and body both come through here."""
        if time.monotonic() > self._deadline:
            raise Unreadable(f"the server took more than {DEADLINE_S:.0f} s for a file")
        count: int | None = self._stream.readinto(buffer)
        return count

    def close(self) -> None:  # type: ignore[explicit-override]
        """Close what is below."""
        self._stream.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer whose head and body together have a bounded time."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fp = BufferedReader(_Timed(self.fp.detach()))


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class _Http(HTTPHandler):
    def http_open(self, req: Request) -> Any:  # type: ignore[explicit-override]
        """Open an address with a bounded answer."""
        return self.do_open(_Connection, req)


class _Https(HTTPSHandler):
    def https_open(self, req: Request) -> Any:  # type: ignore[explicit-override]
        """Open an address with a bounded answer."""
        return self.do_open(_SecureConnection, req, context=self._trusted)

    def __init__(self) -> None:
        self._trusted = ssl.create_default_context()
        super().__init__(context=self._trusted)


class Web:
    """A log behind a URL prefix.

    Args:
        prefix: `http://` or `https://` and what follows; the checkpoint is at `<prefix>/checkpoint`.
        token: sent as `Authorization: Bearer <token>` where one is needed.
    """

    folder: Path | None = None

    def __init__(self, prefix: str, token: str | None = None) -> None:
        try:
            parts = urlsplit(prefix)
        except ValueError as error:
            raise Unreadable("a log's address is http(s)://host/path") from error
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise Unreadable("a log's address is http(s)://host/path")
        if token is not None and not token.isprintable():
            raise Unreadable("the token is none that a header can carry")
        self._prefix = prefix.rstrip("/")
        self._headers = {"Accept-Encoding": "gzip, identity", "User-Agent": "regent-audit-verify"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="audit-verify")
        self._ahead: dict[str, Future[bytes | None]] = {}
        # No handler of redirections: they would carry the token to whoever is named there.
        self._opener = OpenerDirector()
        for handler in (ProxyHandler, _Http, _Https, HTTPDefaultErrorHandler, HTTPErrorProcessor):
            self._opener.add_handler(handler())

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the body of an answer 200, None for 404; another answer is no answer."""
        ahead = self._ahead.pop(path, None)
        return ahead.result() if ahead else self._fetch(path, limit)

    def expect(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Fetch these ahead, several at a time."""
        for path, limit in wanted:
            self._ahead[path] = self._pool.submit(self._fetch, path, limit)

    def _fetch(self, path: str, limit: int) -> bytes | None:
        for attempt in range(_ATTEMPTS):
            try:
                return self._get(path, limit)
            except HTTPError as error:
                error.close()
                if error.code == _NOT_FOUND:
                    return None
                hint = "; it wants a bearer token: --token" if error.code == _UNAUTHORIZED else ""
                raise Unreadable(f"{path}: the server answered {error.code}{hint}") from error
            except (URLError, HTTPException, OSError, ValueError, zlib.error) as error:
                if attempt == _ATTEMPTS - 1:
                    raise Unreadable(f"{path} cannot be fetched: {type(error).__name__}") from error
                time.sleep(_PAUSE_S)
        raise AssertionError("every attempt returns or raises")

    def chunks(self, path: str) -> Iterator[bytes]:
        """Refuse: what is read like this is an evidence pack, and nobody serves those file by file."""
        raise Unreadable(f"{path}: fetch the pack first, and check the file")

    def names(self, under: str) -> list[str]:
        """Return nothing: a tlog-tiles server lists no files."""
        del under
        return []

    def close(self) -> None:
        """Fetch nothing further."""
        self._pool.shutdown(cancel_futures=True)

    def _get(self, path: str, limit: int) -> bytes:
        request = Request(f"{self._prefix}/{path}", headers=self._headers)  # noqa: S310 - http(s), see above
        with self._opener.open(request, timeout=TIMEOUT_S) as answer:
            packed = answer.headers.get("Content-Encoding", "identity").strip().lower()
            if packed not in {"gzip", "identity"}:
                raise Unreadable(f"{path}: the server sent the encoding {packed[:20]!r}")
            inflate = zlib.decompressobj(_GZIP_WINDOW) if packed == "gzip" else None
            data = bytearray()
            while chunk := answer.read(_CHUNK):
                data += inflate.decompress(chunk, limit + 1 - len(data)) if inflate else chunk
                if len(data) > limit or (inflate and inflate.unconsumed_tail):
                    raise Unreadable(f"{path} has more than {limit} bytes")
            if answer.length or (inflate and not inflate.eof):
                raise Unreadable(f"{path} is cut off")
        return bytes(data)
