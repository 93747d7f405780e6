"""One question to a bundle server, in OPA's bundle protocol; knows nothing of when to ask, or of bundles.

https://www.openpolicyagent.org/docs/management-bundles/#bundle-service-api
"""

from __future__ import annotations

import asyncio
import re
import ssl
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from gateway.errors import GatewayError, SettingsError
from gateway.policy.offer import MAX_ARCHIVE_BYTES

if TYPE_CHECKING:
    from gateway.settings import BundleServer

LONG_POLL_TYPE: Final = "application/vnd.openpolicyagent.bundles"
"""The Content-Type by which a server says that it holds questions, as OPA understands it."""

STEP_S: Final = 5.0
BODY_S: Final = 60.0
"""Seconds for all but the waiting: a server that sends a byte now and then must not hold us for ever."""

_TOKEN: Final = re.compile(r"[!-~]+")
_MAX_TOKEN_BYTES: Final = 64 * 1024
_MAX_ETAG_CHARS: Final = 1024


class Unreachable(GatewayError):
    """The server gave nothing that could be a bundle; the message has no word of its answer."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered.

    Args:
        archive: the bundle; None where it has nothing new.
        etag: its name for what it sent; None if it gave none.
        held: whether it holds questions until there is something new.
    """

    archive: bytes | None
    etag: str | None
    held: bool


class Fetching:
    """Asks one server.

    httpx, as for issuers' keys: nothing here is hot, and its streams can be bounded while they come.

    Args:
        settings: where, with which credential and whose certificate.

    Raises:
        SettingsError: the CA file can't be read.
    """

    def __init__(self, settings: BundleServer) -> None:
        self._settings = settings
        try:
            trust: ssl.SSLContext | bool = (
                ssl.create_default_context(cafile=settings.ca_file) if settings.ca_file else True
            )
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"{settings.ca_file}: {error}") from None
        # No proxies or certificates from the environment; a redirect could take our token to somebody else.
        self._client = httpx.AsyncClient(
            verify=trust,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(STEP_S),
            headers={"accept": "application/gzip, application/octet-stream", "accept-encoding": "identity"},
        )

    async def ask(self, etag: str | None, wait_s: int) -> Fetched:
        """Ask for what isn't `etag`.

        Args:
            wait_s: how long the server may hold the question; 0 for an answer at once.

        Raises:
            Unreachable: whatever happens instead of an answer.
        """
        preference = f"modes=snapshot;wait={wait_s}" if wait_s else "modes=snapshot"
        headers = {"prefer": preference, **self._credential()}
        if etag is not None:
            headers["if-none-match"] = etag
        timeout = httpx.Timeout(STEP_S, read=wait_s + STEP_S)
        try:
            async with (
                asyncio.timeout(wait_s + BODY_S),
                self._client.stream("GET", self._settings.url, headers=headers, timeout=timeout) as answer,
            ):
                return await _fetched(answer)
        except TimeoutError:
            raise Unreachable("the server did not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise Unreachable(f"the server cannot be reached: {type(error).__name__}") from None

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()

    def _credential(self) -> dict[str, str]:
        """The bearer token; one in a file is read each time, because it is replaced before it expires."""
        token = self._settings.token.get_secret_value() if self._settings.token else None
        path = self._settings.token_file
        if path is not None:
            try:
                with path.open("rb") as file:
                    if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
                        raise Unreachable(f"{path} can be read by others; chmod 600 it")
                    token = file.read(_MAX_TOKEN_BYTES).decode("ascii", "replace").strip()
            except OSError as error:
                raise Unreachable(f"{path}: {error.strerror}") from None
        if token is None:
            return {}
        if not _TOKEN.fullmatch(token):  # a line break would smuggle in headers
            raise Unreachable("the token has characters that a header can't carry")
        return {"authorization": f"Bearer {token}"}


async def _fetched(answer: httpx.Response) -> Fetched:
    held = answer.headers.get("content-type", "").split(";")[0].strip().lower() == LONG_POLL_TYPE
    etag = answer.headers.get("etag")
    if etag is not None and (len(etag) > _MAX_ETAG_CHARS or not etag.isascii() or not etag.isprintable()):
        etag = None  # it would go out again as a header of ours
    if answer.status_code == httpx.codes.NOT_MODIFIED:
        return Fetched(None, etag, held)
    if answer.status_code != httpx.codes.OK:
        raise Unreachable(f"the server answered with status {answer.status_code}")
    body = bytearray()
    # Raw: what a server compressed unasked isn't unpacked here, so it can't grow beyond the bound.
    async for part in answer.aiter_raw():
        body += part
        if len(body) > MAX_ARCHIVE_BYTES:
            raise Unreachable(f"the answer is longer than {MAX_ARCHIVE_BYTES} bytes")
    return Fetched(bytes(body), etag, held)
