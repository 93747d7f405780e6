"""The verified-token cache: what it answers, for how long, and how much it keeps."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest

from gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.gateway.identity.conftest import Bench


async def test_a_hit_gives_the_same_principal(bench: Bench) -> None:
    """A token that was verified answers with the very same value."""
    token = bench.token()
    assert await bench.principal(token) is await bench.principal(token)


async def test_an_entry_never_outlives_its_token(bench: Bench) -> None:
    """A cached token answers until `exp` plus leeway, and not one moment longer."""
    token = bench.token(exp=int(bench.clock.wall) + 60)
    await bench.principal(token)
    bench.clock.advance(60 + 29.9)
    await bench.principal(token)
    bench.clock.advance(0.1)
    with pytest.raises(Refused, match=r"identity\.expired"):
        await bench.principal(token)
    assert len(bench.identity._cache) == 0


async def test_the_least_recently_used_goes_first(bench: Bench, compose: Callable[..., Any]) -> None:
    """The cache is bounded, and a hit keeps a token in it."""
    identity = compose({"issuer": bench.issuer.url}, cache_entries=3)
    tokens = [bench.token(jti=str(number)) for number in range(4)]
    first = [await identity.principal(token) for token in tokens[:3]]
    assert first[0] is await identity.principal(tokens[0])
    await identity.principal(tokens[3])
    assert len(identity._cache) == 3
    assert first[0] is await identity.principal(tokens[0])
    assert first[2] is await identity.principal(tokens[2])
    assert first[1] is not await identity.principal(tokens[1])


async def test_a_cache_of_nothing_keeps_nothing(bench: Bench, compose: Callable[..., Any]) -> None:
    """`cache_entries: 0` verifies every time."""
    identity = compose({"issuer": bench.issuer.url}, cache_entries=0)
    token = bench.token()
    assert await identity.principal(token) is not await identity.principal(token)
    assert len(identity._cache) == 0


async def test_no_token_is_kept(bench: Bench) -> None:
    """Nothing that the cache refers to holds a token or its signature."""
    token = bench.token()
    await bench.principal(token)
    signature = token.rsplit(".", 1)[1]
    seen: set[int] = set()
    todo: list[Any] = [bench.identity._cache._entries]
    while todo and len(seen) < 10_000:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type):
            continue
        seen.add(id(thing))
        assert not (isinstance(thing, str) and signature in thing)
        assert not (isinstance(thing, bytes) and signature.encode() in thing)
        if isinstance(thing, dict | list | tuple):
            todo.extend(gc.get_referents(thing))
    assert len(seen) > 5
