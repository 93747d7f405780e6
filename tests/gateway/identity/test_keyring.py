"""Keys over time, against an issuer on real sockets: rotation, removal, floods, outages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from structlog.testing import capture_logs

from gateway.errors import Refused
from gateway.identity.keyring import STALE_S

if TYPE_CHECKING:
    from tests.gateway.identity.conftest import Bench, Signer

TTL_S = 600
COOLDOWN_S = 10


async def code_of(bench: Bench, token: str) -> str:
    """`ok`, or the code that the token is refused with."""
    try:
        await bench.principal(token)
    except Refused as refused:
        return refused.code
    return "ok"


async def test_keys_are_fetched_once(bench: Bench) -> None:
    """Within their time to live keys are fetched once, however many tokens come."""
    for number in range(5):
        assert await code_of(bench, bench.token(jti=str(number))) == "ok"
        bench.clock.advance(TTL_S / 6)
    assert bench.issuer.hits.count("/keys") == 1


async def test_a_new_key_is_found_at_once(bench: Bench, other_rsa: Signer) -> None:
    """A token that names an unknown key makes the ring look, so a rotation needs no waiting."""
    await bench.principal(bench.token())
    bench.clock.advance(COOLDOWN_S)
    bench.issuer.keys.append(other_rsa.jwk)
    assert await code_of(bench, other_rsa.sign(bench.claims())) == "ok"
    assert bench.issuer.hits.count("/keys") == 2


async def test_invented_key_names_do_not_flood_the_issuer(bench: Bench) -> None:
    """Unknown key names cost the issuer at most one look in each cooldown."""
    await bench.principal(bench.token())
    for round_ in range(3):
        bench.clock.advance(COOLDOWN_S)
        tokens = [bench.rsa.sign(bench.claims(), kid=f"{round_}-{number}") for number in range(40)]
        codes = await asyncio.gather(*(code_of(bench, token) for token in tokens))
        assert {"identity.key"} == set(codes)
    assert bench.issuer.hits.count("/keys") == 4


async def test_a_removed_key_ends_cached_tokens_before_the_ttl(bench: Bench) -> None:
    """The hit path itself makes the ring look, and then a cached token of a removed key is refused."""
    token = bench.token(exp=int(bench.clock.wall) + 100_000)
    await bench.principal(token)
    bench.issuer.keys = [bench.ec.jwk]
    bench.clock.advance(TTL_S / 2)
    assert await code_of(bench, token) == "ok"
    bench.clock.advance(TTL_S * 0.3)
    assert await code_of(bench, token) == "ok"  # starts the look and isn't held up by it
    await bench.identity.warm()
    assert await code_of(bench, token) == "identity.key"
    assert len(bench.identity._cache) == 0


async def test_after_a_long_silence_the_first_call_waits_for_the_keys(bench: Bench) -> None:
    """A gateway that nobody called doesn't serve even one call with keys past their time to live."""
    token = bench.token(exp=int(bench.clock.wall) + 100_000)
    await bench.principal(token)
    bench.issuer.keys = [bench.ec.jwk]
    bench.clock.advance(TTL_S)
    assert await code_of(bench, token) == "identity.key"


async def test_an_unchanged_key_set_keeps_the_cache(bench: Bench) -> None:
    """A look that finds the same keys doesn't send every token through verification again."""
    token = bench.token(exp=int(bench.clock.wall) + 100_000)
    first = await bench.principal(token)
    bench.clock.advance(TTL_S * 0.9)
    await bench.principal(token)
    await bench.identity.warm()
    assert first is await bench.principal(token)
    assert bench.issuer.hits.count("/keys") == 2


async def test_another_key_under_the_same_name_is_another_key(bench: Bench, other_rsa: Signer) -> None:
    """An issuer that swaps a key and keeps its `kid` ends the tokens of the old one, cached ones too."""
    token = bench.token(exp=int(bench.clock.wall) + 100_000)
    await bench.principal(token)
    bench.issuer.keys = [{**other_rsa.jwk, "kid": bench.rsa.kid}]
    bench.clock.advance(2 * TTL_S)
    assert await code_of(bench, token) == "identity.signature"


async def test_keys_outlive_an_outage_for_an_hour_and_no_longer(bench: Bench) -> None:
    """While the issuer is down its known keys serve on, until the bound; then tokens are refused with 503."""
    token = bench.token(exp=int(bench.clock.wall) + 100_000)
    await bench.principal(token)
    bench.issuer.down = True
    passed = 0.0
    while passed + TTL_S / 2 < TTL_S + STALE_S:
        bench.clock.advance(TTL_S / 2)
        passed += TTL_S / 2
        assert await code_of(bench, token) == "ok", passed
        await bench.identity.warm()
    bench.clock.advance(TTL_S / 2)
    assert await code_of(bench, token) == "identity.unavailable"
    bench.issuer.down = False
    bench.clock.advance(COOLDOWN_S)
    assert await code_of(bench, token) == "ok"


async def test_an_issuer_that_was_never_reached_is_unavailable(bench: Bench) -> None:
    """Without keys tokens are refused as unavailable, at no more than one look in each cooldown."""
    bench.issuer.down = True
    await bench.identity.warm()
    assert [await code_of(bench, bench.token()) for _ in range(3)] == ["identity.unavailable"] * 3
    assert len(bench.issuer.hits) == 1
    bench.issuer.down = False
    bench.clock.advance(COOLDOWN_S)
    assert await code_of(bench, bench.token()) == "ok"


async def test_a_new_key_during_an_outage_is_unavailable_not_wrong(bench: Bench, other_rsa: Signer) -> None:
    """While the issuer can't say whether a key is its own, the caller is told to come back."""
    await bench.principal(bench.token())
    bench.issuer.down = True
    bench.clock.advance(COOLDOWN_S)
    assert await code_of(bench, other_rsa.sign(bench.claims())) == "identity.unavailable"
    assert await code_of(bench, bench.token(jti="2")) == "ok"


async def test_an_emptied_key_set_ends_every_token(bench: Bench) -> None:
    """An issuer that publishes no key any more is believed."""
    token = bench.token(exp=int(bench.clock.wall) + 100_000)
    await bench.principal(token)
    bench.issuer.keys = []
    bench.clock.advance(2 * TTL_S)
    with capture_logs() as logs:
        assert await code_of(bench, token) == "identity.key"
    assert [line["event"] for line in logs] == ["identity.keys_changed", "identity.no_usable_keys"]


async def test_a_caller_who_goes_away_leaves_the_keys_to_the_others(bench: Bench) -> None:
    """Cancelling one of the calls that wait for a look doesn't cancel the look."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def late(_: web.Request) -> web.Response:
        asked.set()
        await go.wait()
        return web.json_response({"keys": bench.issuer.keys})

    bench.issuer.answers["/keys"] = late
    first, second = (asyncio.create_task(code_of(bench, bench.token(jti=jti))) for jti in "ab")
    await asked.wait()
    first.cancel()
    go.set()
    assert await second == "ok"
    assert first.cancelled()


async def test_closing_ends_a_look_that_hangs(bench: Bench) -> None:
    """A stop doesn't wait for an issuer, and a call that waited is refused rather than left hanging."""
    asked = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        asked.set()
        await asyncio.sleep(60)
        return web.Response()

    bench.issuer.answers["/keys"] = never
    waiting = asyncio.create_task(code_of(bench, bench.token()))
    await asked.wait()
    await bench.identity.close()
    assert await waiting == "identity.unavailable"


async def test_failures_are_logged_in_our_own_words(bench: Bench) -> None:
    """A failed look leaves a warning that names the issuer and the fault, and nothing that it sent."""

    async def garbage(_: web.Request) -> web.Response:
        return web.Response(text="<html>forged line</html>")

    bench.issuer.answers["/keys"] = garbage
    with capture_logs() as logs:
        await bench.identity.warm()
    assert logs == [
        {
            "event": "identity.keys_unavailable",
            "log_level": "warning",
            "issuer": "acme",
            "detail": "the key set is not a JSON object",
            "serving_stale": False,
        }
    ]
