"""One issuer's keys over time: fetched when due, kept while the issuer is away, gone when it drops them.

Knows when to ask a `KeySource`, not how one answers.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from gateway.errors import Refused
from gateway.identity.keys import KeysError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.identity.keys import KeySet, KeySource, VerifyingKey

LOOK_AHEAD: Final = 0.8
"""The part of their time to live after which keys are looked at again in the background."""

STALE_S: Final = 3600.0
"""Seconds past their time to live for which keys serve on while their issuer can't be reached."""

_log = structlog.get_logger(__name__)


class KeyRing:
    """The keys of one issuer.

    Keys are looked at again before their time to live is over, and when a token names a key that isn't known.
    One look serves everybody who waits for it, and looks begin at least `cooldown_s` apart:
    tokens with invented key names must not become a flood at the issuer.

    With calls coming, the look happens in the background shortly before the time to live is over, and nobody
    waits. Past it the keys verify nothing until a look was tried: so a key that its issuer dropped is gone by
    then. Only if the issuer can't be reached do the keys at hand serve on, until `STALE_S` past their time to
    live and no longer.

    The set is replaced only if it changed, so its identity tells whether what it verified still holds.

    Args:
        name: the issuer's name in the settings, for log lines.
        source: where the keys come from.
        ttl_s: seconds for which fetched keys are used.
        cooldown_s: the least seconds between two looks.
        monotonic_s: a clock that only goes forward, in seconds.
    """

    def __init__(
        self,
        name: str,
        source: KeySource,
        *,
        ttl_s: float,
        cooldown_s: float,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._name = name
        self._source = source
        self._ttl_s = ttl_s
        self._cooldown_s = cooldown_s
        self._monotonic_s = monotonic_s
        self._keys: KeySet | None = None
        self._fetched_at = self._look_at = self._usable_until = self._next_look = float("-inf")
        self._failed = False
        self._look: asyncio.Task[None] | None = None

    def usable(self) -> KeySet | None:
        """The keys that may verify now, or None; starts a look in the background when one is due."""
        now = self._monotonic_s()
        if now >= self._look_at:
            self._begin(now)
        return self._keys if now < self._usable_until else None

    async def key(self, kid: str | None, algorithm: str) -> tuple[VerifyingKey, KeySet]:
        """The key for a token's header, and the set that it is in.

        Raises:
            Refused: `identity.key` if the issuer publishes no such key, `identity.unavailable` if
                it can't be asked.
        """
        keys = self.usable()
        found = keys.find(kid, algorithm) if keys else None
        if keys is None or found is None:
            await self.refresh()
            keys = self.usable()
            found = keys.find(kid, algorithm) if keys else None
        if keys is None or (found is None and self._failed):
            raise Refused("identity.unavailable")
        if found is None:
            raise Refused("identity.key")
        return found, keys

    async def refresh(self) -> None:
        """Look for new keys unless that was done just now; wait for the look that is under way."""
        self._begin(self._monotonic_s())
        if self._look is not None:
            # `wait` leaves the look alone when a caller goes away: the others still need its keys.
            await asyncio.wait({self._look})

    async def close(self) -> None:
        """Stop looking and release the source."""
        if self._look is not None:
            self._look.cancel()
            await asyncio.wait({self._look})
        await self._source.close()

    def _begin(self, now: float) -> None:
        if self._look is None and now >= self._next_look:
            self._next_look = now + self._cooldown_s
            self._look = asyncio.get_running_loop().create_task(self._fetch())
        self._look_at = max(self._look_at, self._next_look)

    async def _fetch(self) -> None:
        try:
            keys = await self._source.fetch()
        except KeysError as error:
            self._keep(error.detail)
        except Exception as error:  # noqa: BLE001 - whatever a source does, waiting callers get an answer
            self._keep(type(error).__name__)
        else:
            self._replace(keys)
        finally:
            self._look = None

    def _replace(self, keys: KeySet) -> None:
        now = self._monotonic_s()
        self._failed = False
        self._fetched_at = now
        self._look_at = now + LOOK_AHEAD * self._ttl_s
        self._usable_until = now + self._ttl_s
        if keys != self._keys:
            self._keys = keys
            _log.info("identity.keys_changed", issuer=self._name, keys=len(keys.keys))
        if not keys.keys:
            _log.warning("identity.no_usable_keys", issuer=self._name)

    def _keep(self, detail: str) -> None:
        now = self._monotonic_s()
        self._failed = True
        self._look_at = self._next_look
        self._usable_until = min(self._fetched_at + self._ttl_s + STALE_S, now + self._ttl_s)
        if now >= self._usable_until:
            self._keys = None
        _log.warning(
            "identity.keys_unavailable",
            issuer=self._name,
            detail=detail,
            serving_stale=self._keys is not None,
        )
