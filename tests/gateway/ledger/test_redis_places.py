"""Where a ledger's Redis may be: behind TLS, under Sentinels, in a Cluster, with replicas or few rights."""

from __future__ import annotations

import datetime as dt
import ipaddress
import secrets
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.errors import LedgerError
from gateway.ledger.redis import RedisLedger, Terms
from gateway.ledger.redis_call import Witnesses
from gateway.ledger.redis_target import Target
from tests.gateway.ledger.places import held
from tests.gateway.ledger.test_redis_faults import ALL, CALL, PATIENT, code, soon, taken
from tests.servers.processes import free_port
from tests.servers.redis_server import (
    NO_PERSISTENCE,
    redis_cluster,
    redis_running,
    replicated,
    until,
    watched,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.redis_server import RedisServer

pytestmark = [pytest.mark.server, pytest.mark.slow]

# As docs/ledger-redis.md gives it to whoever runs the server.
RIGHTS = (
    "+evalsha", "+eval", "+script|load", "+info", "+wait", "+time", "+get", "+set", "+del", "+exists",
    "+pexpire", "+pttl", "+zadd", "+zrem", "+zscore", "+zrange", "+zrangebyscore", "+sadd", "+srem", "+spop",
)  # fmt: skip


async def test_tls_is_checked(tmp_path: Path) -> None:
    """A certificate of the authority that is named, or nobody is asked."""
    certificate, key = _self_signed(tmp_path, "server")
    other, _ = _self_signed(tmp_path, "other")
    port = free_port()
    options = ("--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    with redis_running(*NO_PERSISTENCE, *options, "--tls-auth-clients", "no"):
        ledger = RedisLedger(Target(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate}"), PATIENT)
        held(await ledger.reserve(ALL, CALL))
        assert await taken(ledger, *ALL) == [1, 10, 1, 10]
        await ledger.close()
        for url in (f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={other}", f"rediss://127.0.0.1:{port}/0"):
            ledger = RedisLedger(Target(url), PATIENT)
            assert await code(ledger.reserve(ALL, CALL)) == "ledger.unavailable"
            await ledger.close()


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("rediss://a:1/0?ssl_cert_reqs=none", {}),
        ("rediss://a:1/0?ssl_check_hostname=false", {}),
        ("http://a:1", {}),
        ("unix:///run/redis.sock", {"cluster": True}),
        ("redis://a:1", {"service": "main"}),
        ("redis://a:1", {"sentinels": ("redis://b:1",)}),
        ("redis://a:1", {"sentinels": ("rediss://b:1?ssl_cert_reqs=none",), "service": "main"}),
    ],
)
def test_an_address_that_is_doubtful_is_refused(url: str, more: dict[str, object]) -> None:
    """Nobody switches the check of a certificate off by an address."""
    with pytest.raises(ValueError, match=r".+"):
        Target(url, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "terms",
    [Terms(name="A"), Terms(name=""), Terms(name="a}b"), Terms(deadline_s=0.1, witnesses=Witnesses(1, 100))],
)
def test_terms_that_cannot_be_kept_are_refused(terms: Terms) -> None:
    """A name that would end the hash tag, and replicas that may answer after the deadline."""
    with pytest.raises(ValueError, match=r".+"):
        RedisLedger(Target("redis://127.0.0.1:1"), terms)


async def test_a_socket_of_this_machine_is_an_address(redis_server: RedisServer) -> None:
    """Without TCP."""
    terms = Terms(f"t-{secrets.token_hex(8)}", 20)
    ledger = RedisLedger(Target(f"unix://{redis_server.folder}/redis.sock"), terms)
    held(await ledger.reserve(ALL, CALL))
    await ledger.close()


async def test_a_cluster_keeps_a_ledger_on_one_node() -> None:
    """Found from any node; each ledger's keys have one slot, and the levels of a decision are one script."""
    with redis_cluster() as servers:
        homes = set()
        for name in ("one", "two", "three", "four", "five"):
            ledgers = [RedisLedger(Target(each.url, cluster=True), Terms(name, 20)) for each in servers]
            for ledger in ledgers:
                held(await ledger.reserve(ALL, CALL))
            gone = held(await ledgers[0].reserve(ALL, CALL))
            await ledgers[0].close()
            assert gone.id in {each.reservation for each in await ledgers[1].expired()}
            assert await taken(ledgers[1], *ALL) == [4, 40, 2, 40]
            for ledger in ledgers[1:]:
                await ledger.close()
            for number, server in enumerate(servers):
                with server.client() as client:
                    homes |= {number} if client.keys(f"{{regent:{name}}}:*") else set()
        assert len(homes) > 1


async def test_a_cluster_that_lost_its_slots_is_unavailable() -> None:
    """A node without our slot sends us on, and nobody answers for it."""
    with redis_cluster() as servers:
        ledger = RedisLedger(Target(servers[0].url, cluster=True), PATIENT)
        held(await ledger.reserve(ALL, CALL))
        for server in servers:
            with server.client() as client:
                if client.keys("*"):
                    server.tell("CLUSTER", "DELSLOTS", server.tell("CLUSTER", "KEYSLOT", "{regent:regent}:"))
        assert await code(ledger.reserve(ALL, CALL)) == "ledger.unavailable"
        await ledger.close()


async def test_a_promoted_replica_goes_on_with_what_was_witnessed() -> None:
    """The primary is killed, its replica promoted, and each reservation that was given is there."""
    with replicated() as (primary, replica), watched("main", primary) as sentinel:
        target = Target("redis://anywhere/0", (sentinel.url,), "main")
        ledger = RedisLedger(target, Terms(deadline_s=5, witnesses=Witnesses(1, 4000)))
        calls = [held(await ledger.reserve(ALL, CALL)) for _ in range(20)]
        primary.kill()
        with replica.client() as client:
            until(lambda: client.info("replication")["role"] == "master")
        # Nobody follows the new primary, so nothing more is witnessed; but it is read.
        await soon(lambda: _holds(ledger, [20, 200, 20, 200]))
        for each in calls:
            await ledger.settle(each, CALL)
        assert await taken(ledger, *ALL) == [20, 200, 0, 200]
        assert await code(ledger.reserve(ALL, CALL)) == "ledger.unavailable"
        await soon(lambda: _holds(ledger, [20, 200, 0, 200]))
        await ledger.close()


async def test_what_no_replica_has_heard_of_is_not_given() -> None:
    """A replica that stands still, then one that goes on."""
    with replicated() as (primary, replica):
        ledger = RedisLedger(Target(primary.url), Terms(deadline_s=20, witnesses=Witnesses(1, 2000)))
        held(await ledger.reserve(ALL, CALL))
        replica.pause()
        with pytest.raises(LedgerError, match="0 of 1 replicas"):
            await ledger.reserve(ALL, CALL)
        await soon(lambda: _holds(ledger, [1, 10, 1, 10]))
        replica.resume()
        await soon(lambda: _reserves(ledger))
        await ledger.close()


async def test_the_rights_of_the_docs_are_enough() -> None:
    """One user, these commands, these keys, and nothing else."""
    with redis_running() as server, server.client() as client:
        server.tell("ACL", "SETUSER", "regent", "on", ">secret", "~{regent:*", *RIGHTS)
        url = server.url.replace("//", "//regent:secret@")
        ledger, other = (RedisLedger(Target(url), PATIENT) for _ in range(2))
        call = held(await ledger.reserve(ALL, CALL))
        await ledger.settle(call, CALL)
        gone = held(await other.reserve(ALL, CALL))
        await other.close()
        assert [each.reservation for each in await ledger.expired()] == [gone.id]
        await ledger.settle(gone, CALL)
        await ledger.acknowledge([gone.id])
        client.script_flush()
        assert await taken(ledger, *ALL) == [2, 20, 0, 20]
        await ledger.close()
        server.tell("ACL", "SETUSER", "regent", "-sadd")
        ledger = RedisLedger(Target(url), PATIENT)
        assert await code(ledger.reserve(ALL, CALL)) == "ledger.unavailable"
        await ledger.close()


async def _holds(ledger: RedisLedger, expected: list[int]) -> bool:
    return await taken(ledger, *ALL) == expected


async def _reserves(ledger: RedisLedger) -> bool:
    held(await ledger.reserve(ALL, CALL))
    return True


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
