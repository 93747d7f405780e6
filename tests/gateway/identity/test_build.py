"""Composing identity from settings: what is in doubt doesn't start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gateway.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_two_issuers_cannot_share_a_url(compose: Callable[..., Any]) -> None:
    """One `iss` with two sets of rules could be read in two ways, so the gateway doesn't start."""
    issuer = {"issuer": "https://idp.example"}
    with pytest.raises(SettingsError, match="two issuers"):
        compose(issuer, issuer)


def test_too_many_exposed_claims_are_refused_at_start(compose: Callable[..., Any]) -> None:
    """A policy can't be asked about more than 32 claims, so a mapping of more doesn't start."""
    expose = {f"c{number}": "c" for number in range(33)}
    with pytest.raises(SettingsError, match="32 names"):
        compose({"issuer": "https://idp.example", "claims": {"expose": expose}})


def test_keys_may_not_run_out_before_the_next_look(compose: Callable[..., Any]) -> None:
    """A cooldown longer than the keys' time to live would refuse everybody in between."""
    with pytest.raises(SettingsError, match="refresh_cooldown_s"):
        compose({"issuer": "https://idp.example"}, keys_ttl_s=10, refresh_cooldown_s=11)
