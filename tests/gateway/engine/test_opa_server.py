"""The OPA engine over a real OPA: what it answers, and how it fails and comes back."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import time
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from gateway.engine.opa import OpaEngine
from gateway.errors import EngineError
from gateway.settings import OPA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from tests.servers.opa_server import OPAServer

pytestmark = pytest.mark.server

ECHO = "probe/echo"
RULES = (ECHO, "probe/silent", "probe/conflict", "probe/builtin", "probe/absent")


@pytest.fixture(scope="module", params=["tcp", "unix"])
def server(
    request: pytest.FixtureRequest, opa_server: Callable[..., OPAServer], probe_bundle: Path
) -> Iterator[OPAServer]:
    """An OPA with the small bundle on either kind of address."""
    running = opa_server(bundle=probe_bundle, unix=request.param == "unix")
    yield running
    running.stop()


@pytest.fixture
async def engine(server: OPAServer) -> AsyncIterator[OpaEngine]:
    """An engine over that OPA."""
    engine = OpaEngine(OPA(url=server.url, timeout_ms=5000), RULES)
    yield engine
    await engine.close()


async def code(engine: OpaEngine, entrypoint: str = ECHO) -> str:
    """The code of the error that asking ends with."""
    with pytest.raises(EngineError) as caught:
        await engine.ask(entrypoint, {"n": 0})
    return caught.value.code


async def echoes(engine: OpaEngine, calls: int) -> bool:
    """Whether concurrent calls each get their own answer."""
    asked = [{"n": n} for n in range(calls)]
    rulings = await asyncio.gather(*(engine.ask(ECHO, document) for document in asked))
    return [ruling.value for ruling in rulings] == asked


async def test_thirty_two_callers_get_their_own_answers(engine: OpaEngine) -> None:
    """Concurrent answers match their questions and name the active bundle's revision."""
    assert await echoes(engine, 32)
    assert await echoes(engine, 320)
    assert (await engine.ask(ECHO, {})).revision == "r-probe"


@pytest.mark.parametrize(
    ("entrypoint", "expected"),
    [
        ("probe/silent", "engine.undefined"),
        ("probe/absent", "engine.undefined"),
        ("probe/conflict", "engine.error"),
        ("probe/builtin", "engine.error"),
    ],
)
async def test_what_opa_cannot_say_is_an_error(engine: OpaEngine, entrypoint: str, expected: str) -> None:
    """Undefined rules, conflicts and builtin errors (by strictness) are told apart."""
    assert await code(engine, entrypoint) == expected


async def test_opas_own_words_reach_the_administrator(engine: OpaEngine) -> None:
    """The detail of an evaluation error says where and what."""
    with pytest.raises(EngineError, match=r"OPA answered 500.*eval_conflict_error"):
        await engine.ask("probe/conflict", {"n": 0})


async def test_a_killed_opa_is_missed_fast_and_found_again(server: OPAServer, engine: OpaEngine) -> None:
    """A crash fails calls at once; after the restart the same engine serves without help."""
    assert await echoes(engine, 32)
    flood = [asyncio.create_task(engine.ask(ECHO, {"n": n})) for n in range(200)]
    await asyncio.sleep(0.005)
    server.kill()
    for n, outcome in enumerate(await asyncio.gather(*flood, return_exceptions=True)):
        if isinstance(outcome, EngineError):
            assert outcome.code == "engine.unavailable"
        else:
            assert not isinstance(outcome, BaseException)
            assert outcome.value == {"n": n}
    began = time.monotonic()
    assert await code(engine) == "engine.unavailable"
    assert time.monotonic() - began < 1
    server.start()
    assert await echoes(engine, 200)


async def test_a_frozen_opa_times_out_and_thaws(server: OPAServer) -> None:
    """A server that keeps its sockets and says nothing costs the deadline; afterwards it serves again."""
    engine = OpaEngine(OPA(url=server.url, timeout_ms=300), RULES)
    await engine.ask(ECHO, {})
    server.pause()
    try:
        codes = await asyncio.gather(*(code(engine) for _ in range(100)))
    finally:
        server.resume()
    assert set(codes) == {"engine.timeout"}
    await asyncio.sleep(0.2)
    assert await echoes(engine, 32)
    await engine.close()


async def test_an_opa_without_its_bundle_has_nothing_to_say(opa_server: Callable[..., OPAServer]) -> None:
    """Before the first activation OPA answers 200 to everything; that is no decision."""
    service = ["--set", "services.s.url=http://127.0.0.1:9", "--set", "bundles.b.service=s"]
    server = opa_server(arguments=service, ready="/health")
    engine = OpaEngine(OPA(url=server.url), RULES)
    assert await code(engine) == "engine.undefined"
    await engine.close()
    server.stop()


async def test_a_rule_that_no_bundle_brought_is_not_asked_for(
    opa_server: Callable[..., OPAServer], probe_bundle: Path
) -> None:
    """Rules that were put in past the bundle evaluate, but nobody vouches for them."""
    server = opa_server(arguments=[probe_bundle / "probe.rego"])
    engine = OpaEngine(OPA(url=server.url), RULES)
    assert await code(engine) == "engine.undefined"
    await engine.close()
    server.stop()


async def test_a_token_opens_a_closed_opa(opa_server: Callable[..., OPAServer], probe_bundle: Path) -> None:
    """OPA's token authentication is served; without the token it is an error."""
    closed = ["--authentication=token", "--authorization=basic"]
    server = opa_server(bundle=probe_bundle, unix=True, arguments=closed)
    for token, opens in (("t0ken", True), ("wrong", False), (None, False)):
        engine = OpaEngine(OPA(url=server.url, token=SecretStr(token) if token else None), RULES)
        if opens:
            assert await echoes(engine, 3)
        else:
            assert await code(engine) == "engine.error"
        await engine.close()
    server.stop()


async def test_tls_trusts_the_given_authority_only(
    opa_server: Callable[..., OPAServer], probe_bundle: Path, tmp_path: Path
) -> None:
    """TLS works with the CA file that fits; with any other nobody is asked."""
    certificate, key = _self_signed(tmp_path, "server")
    other, _ = _self_signed(tmp_path, "other")
    server = opa_server(bundle=probe_bundle, tls=(certificate, key))
    engine = OpaEngine(OPA(url=server.url, timeout_ms=5000, ca_file=certificate), RULES)
    assert await echoes(engine, 32)
    await engine.close()
    for ca_file in (other, None):
        engine = OpaEngine(OPA(url=server.url, timeout_ms=5000, ca_file=ca_file), RULES)
        assert await code(engine) == "engine.unavailable"
        await engine.close()
    server.stop()


def _self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return pem, secret
