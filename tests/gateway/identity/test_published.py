"""Discovery and key sets over HTTP, from issuers that misbehave on real sockets."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec as elliptic
from cryptography.x509.oid import NameOID

from gateway.errors import SettingsError
from gateway.identity.keys import KeysError
from gateway.identity.published import MAX_DOCUMENT_BYTES, PublishedKeys
from gateway.settings import Issuer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.gateway.identity.conftest import Bench, Signer

METADATA = "/.well-known/openid-configuration"


async def fetch(url: str, **settings: Any) -> int:
    """How many keys the issuer gives before patience ends."""
    source = PublishedKeys(Issuer(name="acme", issuer=url, audience="a", **settings), timeout_s=0.4)
    try:
        return len((await source.fetch()).keys)
    finally:
        await source.close()


async def redirect(_: web.Request) -> web.StreamResponse:
    """Send the gateway elsewhere."""
    raise web.HTTPFound("/keys")


async def garbage(_: web.Request) -> web.StreamResponse:
    """Answer with something else."""
    return web.Response(text="<html></html>")


async def listed(_: web.Request) -> web.StreamResponse:
    """Answer with JSON that isn't an object."""
    return web.json_response(["keys"])


async def slow(_: web.Request) -> web.StreamResponse:
    """Answer after the patience of anybody."""
    await asyncio.sleep(30)
    return web.Response()


async def dripping(request: web.Request) -> web.StreamResponse:
    """Send a byte now and then, for ever: no single read times out."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


async def endless(request: web.Request) -> web.StreamResponse:
    """Send as much as the socket takes, for ever."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 65_536)


async def compressed(_: web.Request) -> web.StreamResponse:
    """Compress unasked, as a bomb would."""
    return web.Response(body=b"\x1f\x8b", headers={"content-encoding": "gzip"})


@pytest.mark.parametrize("path", [METADATA, "/keys"])
@pytest.mark.parametrize("answer", [redirect, garbage, listed, slow, dripping, endless, compressed])
async def test_a_misbehaving_issuer_gives_no_keys(
    bench: Bench, path: str, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> None:
    """Whatever an issuer does at either address ends in an error, within size and time."""
    bench.issuer.answers[path] = answer
    async with asyncio.timeout(5):
        with pytest.raises(KeysError):
            await fetch(bench.issuer.url)


async def test_a_redirect_is_not_followed(bench: Bench) -> None:
    """The address that a redirect names is never asked."""
    bench.issuer.answers[METADATA] = redirect
    with pytest.raises(KeysError, match="status 302"):
        await fetch(bench.issuer.url)
    assert bench.issuer.hits == [METADATA]


async def test_a_large_key_set_is_read_up_to_the_bound(bench: Bench) -> None:
    """A document of exactly the bound is read; one byte more is not."""
    text = b'{"keys":[]}'

    async def padded(_: web.Request) -> web.StreamResponse:
        return web.Response(body=text + b" " * (size - len(text)))

    bench.issuer.answers["/keys"] = padded
    size = MAX_DOCUMENT_BYTES
    assert await fetch(bench.issuer.url) == 0
    size += 1
    with pytest.raises(KeysError, match="longer"):
        await fetch(bench.issuer.url)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": 1},
        {"jwks_uri": "http://evil.example/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://127.0.0.1@evil.example/keys"},
        {"jwks_uri": "http://127.0.0.1:80@evil.example/keys"},
        {"jwks_uri": "https://[::1"},
        {"jwks_uri": "//127.0.0.1/keys"},
    ],
    ids=str,
)
async def test_metadata_that_points_elsewhere_is_refused(bench: Bench, metadata: dict[str, object]) -> None:
    """Metadata of another issuer, or keys at an address that anybody could answer, give no keys."""
    bench.issuer.metadata = metadata
    with pytest.raises(KeysError, match="the metadata"):
        await fetch(bench.issuer.url)
    assert bench.issuer.hits == [METADATA]


async def test_the_issuer_with_a_slash_is_another_issuer(bench: Bench) -> None:
    """The metadata's issuer must equal the configured one to the letter."""
    with pytest.raises(KeysError, match="another issuer"):
        await fetch(bench.issuer.url + "/")


async def test_a_configured_jwks_uri_skips_discovery(bench: Bench) -> None:
    """With `jwks_uri` only that address is asked."""
    assert await fetch("https://idp.example", jwks_uri=f"{bench.issuer.url}/keys") == 2
    assert bench.issuer.hits == ["/keys"]


async def test_nobody_listens(bench: Bench) -> None:
    """A refused connection is an error like any other."""
    with pytest.raises(KeysError, match="ConnectError"):
        await fetch("http://127.0.0.1:9")


async def test_the_environment_names_no_proxy(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment isn't used: it could answer for every issuer."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert await fetch(bench.issuer.url) == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:80@evil.example/", "https://user@idp.example"])
def test_an_address_with_a_user_name_does_not_start(url: str) -> None:
    """`http://127.0.0.1:80@evil.example` looks like the loopback and is not."""
    issuer = Issuer.model_construct(name="acme", issuer=url, audience="a", jwks_uri=None, ca_file=None)
    with pytest.raises(SettingsError, match="without user name"):
        PublishedKeys(issuer)


def test_an_unreadable_ca_file_does_not_start(tmp_path: Path) -> None:
    """A CA file that isn't one is found at start, not at the first token."""
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(SettingsError, match=r"ca\.pem"):
        PublishedKeys(
            Issuer(name="a", issuer="https://idp.example", audience="a", ca_file=tmp_path / "ca.pem")
        )


@pytest.fixture
async def tls(tmp_path: Path, rsa: Signer) -> AsyncIterator[tuple[str, Path]]:
    """An issuer over TLS, and the certificate that vouches for it; its metadata points at plain HTTP."""
    certificate = _self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def keys(_: web.Request) -> web.Response:
        return web.json_response({"keys": [rsa.jwk]})

    async def metadata(request: web.Request) -> web.Response:
        return web.json_response({"issuer": str(request.url.origin()), "jwks_uri": "http://127.0.0.1:9/keys"})

    app = web.Application()
    app.router.add_get("/keys", keys)
    app.router.add_get(METADATA, metadata)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}", certificate
    await runner.cleanup()


async def test_tls_trusts_the_configured_ca_and_no_stranger(tls: tuple[str, Path]) -> None:
    """Keys come over TLS from a server that `ca_file` vouches for; without it the server is a stranger."""
    url, certificate = tls
    assert await fetch(url, jwks_uri=f"{url}/keys", ca_file=certificate) == 1
    with pytest.raises(KeysError, match="ConnectError"):
        await fetch(url, jwks_uri=f"{url}/keys")


async def test_an_issuer_over_tls_cannot_point_at_this_machine(tls: tuple[str, Path]) -> None:
    """Request forgery: only an issuer on the loopback itself may keep its keys there."""
    url, certificate = tls
    with pytest.raises(KeysError, match="no jwks_uri over https"):
        await fetch(url, ca_file=certificate)


def _self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one PEM file."""
    key = elliptic.generate_private_key(elliptic.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = ipaddress.ip_address("127.0.0.1")
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
