"""Issuers, keys, clocks and forged tokens for the tests of identity."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import web
from joserfc.jwa import JWS_ALGORITHMS
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64encode

from gateway.identity import OIDCIdentity, build
from gateway.settings import IdentitySettings, Limits
from gateway.types import UnverifiedToken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

AUDIENCE = "https://regent.test"
MODELS = {model.name: model for model in JWS_ALGORITHMS}
JSON = dict[str, Any]


@dataclass
class Clock:
    """Both clocks of the code under test, moved by hand."""

    wall: float = 1_795_000_000.0
    monotonic: float = 50.0

    def advance(self, seconds: float) -> None:
        """Let time pass on both."""
        self.wall += seconds
        self.monotonic += seconds


@dataclass(frozen=True)
class Signer:
    """One signing key of an issuer, and the algorithm that it signs with."""

    algorithm: str
    key: RSAKey | ECKey | OKPKey

    @property
    def kid(self) -> str:
        """The key's name."""
        return self.key.thumbprint()

    @property
    def jwk(self) -> JSON:
        """The public half, as an issuer publishes it."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def sign(self, claims: object, **header: object) -> str:
        """A compact JWS; header parameters that are None are left out."""
        full = {"alg": self.algorithm, "kid": self.kid, "typ": "at+jwt", **header}
        present = {name: value for name, value in full.items() if value is not None}
        return self.sign_raw(orjson.dumps(present), orjson.dumps(claims))

    def sign_raw(self, header: bytes, payload: bytes) -> str:
        """A compact JWS over these very bytes."""
        message = urlsafe_b64encode(header) + b"." + urlsafe_b64encode(payload)
        signature = MODELS[self.algorithm].sign(message, self.key)
        return (message + b"." + urlsafe_b64encode(signature)).decode()


@dataclass
class IssuerServer:
    """An issuer on the loopback whose answers a test bends."""

    keys: list[JSON]
    url: str = ""
    metadata: JSON = field(default_factory=dict)
    hits: list[str] = field(default_factory=list)
    answers: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(default_factory=dict)
    down: bool = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve discovery and keys, or what a test put in their place."""
        self.hits.append(request.path)
        if self.down:
            return web.Response(status=503)
        if request.path in self.answers:
            return await self.answers[request.path](request)
        if request.path == "/keys":
            return web.json_response({"keys": self.keys})
        if request.path == "/.well-known/openid-configuration":
            return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.metadata})
        return web.Response(status=404)


@dataclass
class Bench:
    """One issuer, one gateway identity that trusts it, and what forging takes."""

    issuer: IssuerServer
    clock: Clock
    rsa: Signer
    ec: Signer
    identity: OIDCIdentity

    def claims(self, **changes: object) -> JSON:
        """Good claims with some changed; None removes one."""
        good: JSON = {
            "iss": self.issuer.url,
            "sub": "alice",
            "aud": AUDIENCE,
            "iat": int(self.clock.wall) - 10,
            "exp": int(self.clock.wall) + 600,
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def token(self, **changes: object) -> str:
        """A good token with some claims changed."""
        return self.rsa.sign(self.claims(**changes))

    async def principal(self, token: str) -> Any:
        """Ask the identity under test."""
        return await self.identity.principal(UnverifiedToken(token))


@pytest.fixture
def clock() -> Clock:
    """Clocks that stand still until a test moves them."""
    return Clock()


@pytest.fixture(scope="session")
def rsa() -> Signer:
    """An RS256 key."""
    return Signer("RS256", RSAKey.generate_key(2048))


@pytest.fixture(scope="session")
def other_rsa() -> Signer:
    """An RS256 key that the issuer under test doesn't publish."""
    return Signer("RS256", RSAKey.generate_key(2048))


@pytest.fixture(scope="session")
def ec() -> Signer:
    """An ES256 key."""
    return Signer("ES256", ECKey.generate_key("P-256"))


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[IssuerServer], Awaitable[IssuerServer]]]:
    """Start issuers on the loopback; all stop after the test."""
    runners: list[web.AppRunner] = []

    async def start(issuer: IssuerServer) -> IssuerServer:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", issuer.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return issuer

    yield start
    await asyncio.gather(*(runner.cleanup() for runner in runners))


@pytest.fixture
async def compose(tmp_path: Path, clock: Clock) -> AsyncIterator[Callable[..., OIDCIdentity]]:
    """Build identities from settings, as the gateway does; all close after the test."""
    built: list[OIDCIdentity] = []

    def make(*issuers: Mapping[str, object], **settings: Any) -> OIDCIdentity:
        full = [
            {"name": f"issuer-{number}", "audience": AUDIENCE, **issuer}
            for number, issuer in enumerate(issuers)
        ]
        identity = build(
            IdentitySettings.model_validate({"issuers": full, **settings}),
            tmp_path,
            Limits(),
            wall_s=lambda: clock.wall,
            monotonic_s=lambda: clock.monotonic,
        )
        built.append(identity)
        return identity

    yield make
    await asyncio.gather(*(identity.close() for identity in built))


@pytest.fixture
async def bench(
    serve: Callable[[IssuerServer], Awaitable[IssuerServer]],
    compose: Callable[..., OIDCIdentity],
    clock: Clock,
    rsa: Signer,
    ec: Signer,
) -> Bench:
    """The usual setting: one issuer with an RSA and an EC key, which accepts `at+jwt` and `JWT`."""
    issuer = await serve(IssuerServer([rsa.jwk, ec.jwk]))
    mapping = {
        "organization": "org",
        "team": "realm.team",
        "roles": "realm.roles",
        "groups": "groups",
        "expose": {"department": "https://acme.test/department", "grade": "grade"},
    }
    identity = compose({"issuer": issuer.url, "name": "acme", "claims": mapping})
    return Bench(issuer, clock, rsa, ec, identity)
