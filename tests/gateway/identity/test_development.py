"""The development identity: loud, local, and verified like everybody's."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from joserfc.jwk import OKPKey
from structlog.testing import capture_logs

from gateway.errors import Refused, SettingsError
from gateway.identity import development
from gateway.types import Principal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.gateway.identity.conftest import Bench, Clock

ON = {"enabled": True}


async def test_an_issued_token_is_accepted(compose: Callable[..., Any], tmp_path: Path, clock: Clock) -> None:
    """What `issue` says about the caller is what the gateway learns, with the method for all to see."""
    identity = compose(development=ON)
    token = development.issue(
        tmp_path,
        "alice",
        team="hr",
        roles=["analyst"],
        groups=["g"],
        organization="acme",
        ttl_s=60,
        wall_s=lambda: clock.wall,
    )
    expected = Principal(
        id="alice@development",
        type="user",
        issuer="https://development.regent.invalid",
        organization="acme",
        team="hr",
        roles=("analyst",),
        groups=("g",),
        claims={},
        method="development",
        authenticated_at_s=int(clock.wall),
        expires_at_s=int(clock.wall) + 60,
    )
    assert expected == await identity.principal(token)
    clock.advance(91)
    with pytest.raises(Refused, match=r"identity\.expired"):
        await identity.principal(token)


async def test_a_service_can_be_tried_out(compose: Callable[..., Any], tmp_path: Path, clock: Clock) -> None:
    """`service` makes the principal a service."""
    token = development.issue(tmp_path, "batch", service=True, wall_s=lambda: clock.wall)
    assert (await compose(development=ON).principal(token)).type == "service"


async def test_it_is_refused_unless_enabled(bench: Bench, tmp_path: Path, clock: Clock) -> None:
    """Where the development identity is off its tokens come from an unknown issuer."""
    token = development.issue(tmp_path, "alice", wall_s=lambda: clock.wall)
    with pytest.raises(Refused, match=r"identity\.issuer"):
        await bench.principal(token)


async def test_another_data_folder_is_another_key(
    compose: Callable[..., Any], tmp_path: Path, clock: Clock
) -> None:
    """A token made elsewhere doesn't pass."""
    identity = compose(development=ON)
    elsewhere = development.issue(tmp_path / "elsewhere", "alice", wall_s=lambda: clock.wall)
    with pytest.raises(Refused, match=r"identity\.key"):
        await identity.principal(elsewhere)


async def test_removing_the_key_ends_its_tokens(
    compose: Callable[..., Any], tmp_path: Path, clock: Clock
) -> None:
    """Without its file the key verifies nothing after the keys' time to live, in the cache or out of it."""
    identity = compose(development=ON)
    token = development.issue(tmp_path, "alice", ttl_s=10_000, wall_s=lambda: clock.wall)
    await identity.principal(token)
    development.key_path(tmp_path).unlink()
    clock.advance(1200)
    with pytest.raises(Refused, match=r"identity\.key"):
        await identity.principal(token)


def test_it_shouts(compose: Callable[..., Any]) -> None:
    """Building with the development identity logs the warning; building without it doesn't."""
    with capture_logs() as logs:
        compose(development=ON)
    assert [(line["event"], line["log_level"], line["warning"]) for line in logs] == [
        (development.ENABLED_EVENT, "warning", development.WARNING)
    ]
    with capture_logs() as logs:
        compose({"issuer": "https://idp.example"})
    assert logs == []


def test_no_issuer_may_take_its_name(compose: Callable[..., Any]) -> None:
    """A real issuer called `development` would share ids with invented people."""
    with pytest.raises(SettingsError, match="development"):
        compose({"issuer": "https://idp.example", "name": "development"}, development=ON)


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    """Folder and file are closed to others, whatever the umask."""
    old = os.umask(0)
    try:
        development.ensure_key(tmp_path)
    finally:
        os.umask(old)
    path = development.key_path(tmp_path)
    assert (
        stat.S_IMODE(path.stat().st_mode),
        stat.S_IMODE(path.parent.stat().st_mode),
    ) == (0o600, 0o700)
    assert [path] == list(path.parent.iterdir())


def test_many_starts_create_one_key(tmp_path: Path) -> None:
    """Of many that create the key at once one wins, and nobody's key is replaced."""
    path = development.key_path(tmp_path)

    def create(_: int) -> bytes:
        development.ensure_key(tmp_path)
        return path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(create, range(32)))
    assert {path.read_bytes()} == seen
    assert [path] == list(path.parent.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        orjson.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False)),
        orjson.dumps(OKPKey.generate_key("Ed448").as_dict(private=True)),
    ],
    ids=["empty", "list", "no key", "public only", "another curve"],
)
async def test_a_broken_key_does_not_start(
    compose: Callable[..., Any], tmp_path: Path, content: bytes
) -> None:
    """A file that doesn't hold the private key stops the start and is left as it is."""
    path = development.key_path(tmp_path)
    path.parent.mkdir()
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(SettingsError):
        compose(development=ON)
    assert content == path.read_bytes()


def test_a_key_that_others_can_read_does_not_start(compose: Callable[..., Any], tmp_path: Path) -> None:
    """A readable private key has leaked already."""
    development.ensure_key(tmp_path)
    development.key_path(tmp_path).chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        compose(development=ON)


def test_a_link_in_place_of_the_key_does_not_start(compose: Callable[..., Any], tmp_path: Path) -> None:
    """A symbolic link could make the gateway trust somebody else's file."""
    development.ensure_key(tmp_path / "other")
    path = development.key_path(tmp_path)
    path.parent.mkdir()
    path.symlink_to(development.key_path(tmp_path / "other"))
    with pytest.raises(SettingsError):
        compose(development=ON)


@pytest.mark.parametrize("ttl_s", [0, -1, 30 * 24 * 3600 + 1])
def test_lifetimes_are_bounded(tmp_path: Path, ttl_s: int) -> None:
    """A development token can't live for ever."""
    with pytest.raises(ValueError, match="development token"):
        development.issue(tmp_path, "alice", ttl_s=ttl_s)


@pytest.mark.parametrize("user", ["", "x" * 401, "a\nb"])
def test_what_the_gateway_would_refuse_is_not_issued(tmp_path: Path, user: str) -> None:
    """A token that couldn't be used is refused where it is made."""
    with pytest.raises(Refused, match=r"identity\.claims"):
        development.issue(tmp_path, user)
