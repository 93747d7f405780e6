"""An issuer's keys as it publishes them: OpenID discovery and a JWK Set over HTTP; knows no tokens.

What an issuer's address answers may be anything, so it is bounded in size and time,
and nothing in it can send the gateway to a place that the issuer couldn't speak for.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from gateway.errors import SettingsError
from gateway.identity.documents import parse_object
from gateway.identity.keys import KeysError, read_key_set

if TYPE_CHECKING:
    from gateway.identity.keys import KeySet
    from gateway.settings import Issuer

MAX_DOCUMENT_BYTES: Final = 512 * 1024
FETCH_TIMEOUT_S: Final = 10.0
"""Seconds for discovery and key set together, from the first connection to the last byte."""

_STEP_TIMEOUT_S: Final = 5.0
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class PublishedKeys:
    """The key set that an issuer publishes; a `KeySource`.

    Args:
        issuer: its settings; with `jwks_uri` discovery is skipped.
        timeout_s: seconds that one fetch may take as a whole.

    Raises:
        SettingsError: an address isn't https (or loopback), or `ca_file` can't be read.
    """

    def __init__(self, issuer: Issuer, *, timeout_s: float = FETCH_TIMEOUT_S) -> None:
        self._issuer = issuer.issuer
        self._jwks_uri = issuer.jwks_uri
        self._timeout_s = timeout_s
        self._loopback = _is_loopback(issuer.issuer)
        for url in filter(None, (issuer.issuer, issuer.jwks_uri)):
            if not (_is_https(url) or _is_loopback(url)):
                raise SettingsError(f"{url} must be an https URL without user name")
        try:
            trust: ssl.SSLContext | bool = (
                ssl.create_default_context(cafile=issuer.ca_file) if issuer.ca_file else True
            )
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"{issuer.ca_file}: {error}") from None
        # No proxies or certificates from the environment; a redirect would let others answer for the issuer;
        # a connection kept for ten minutes would mostly be found dead.
        self._client = httpx.AsyncClient(
            verify=trust,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(_STEP_TIMEOUT_S),
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )

    async def fetch(self) -> KeySet:
        """Ask the issuer for its keys.

        Raises:
            KeysError: it can't be reached in time, or doesn't answer with its keys.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return read_key_set(await self._get(self._jwks_uri or await self._discovered()))
        except TimeoutError:
            raise KeysError("the issuer did not answer in time") from None

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()

    async def _discovered(self) -> str:
        """The `jwks_uri` of the issuer's metadata (OpenID Connect Discovery 1.0, section 4)."""
        body = await self._get(self._issuer.removesuffix("/") + "/.well-known/openid-configuration")
        try:
            document = parse_object(body)
        except ValueError:
            raise KeysError("the issuer's metadata is not a JSON object") from None
        if document.get("issuer") != self._issuer:
            # The mix-up attack: one issuer's metadata served as another's (section 4.3).
            raise KeysError("the metadata names another issuer")
        url = document.get("jwks_uri")
        # Request forgery: an issuer out there must not point the gateway at services of this machine.
        if not isinstance(url, str) or not (_is_https(url) or (self._loopback and _is_loopback(url))):
            raise KeysError("the metadata has no jwks_uri over https")
        return url

    async def _get(self, url: str) -> bytes:
        try:
            async with self._client.stream("GET", url) as response:
                if response.status_code != httpx.codes.OK:
                    raise KeysError(f"the issuer answered with status {response.status_code}")
                body = bytearray()
                # Raw: what an issuer compressed unasked isn't unpacked, so it can't grow beyond the bound.
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > MAX_DOCUMENT_BYTES:
                        raise KeysError(f"the answer is longer than {MAX_DOCUMENT_BYTES} bytes")
                return bytes(body)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise KeysError(f"the issuer cannot be reached: {type(error).__name__}") from None


def _is_https(url: str) -> bool:
    parts = _split(url)
    return parts is not None and parts[0] == "https"


def _is_loopback(url: str) -> bool:
    parts = _split(url)
    return parts is not None and parts[0] == "http" and parts[1] in _LOOPBACK


def _split(url: str) -> tuple[str, str] | None:
    """Scheme and host; None for what isn't a plain URL of a host (`http://localhost@evil` is not)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return (parts.scheme, host) if host and "@" not in parts.netloc else None
