"""Tokens that were verified, by digest: the hot path of every call; knows not how they were verified."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.identity.keyring import KeyRing
    from gateway.identity.keys import KeySet
    from gateway.types import Principal


class _Entry(NamedTuple):
    principal: Principal
    until_s: float
    ring: KeyRing
    keys: KeySet


class TokenCache:
    """The most recently used verified tokens.

    Only a digest of each token is kept: a dump of this memory lets nobody in.
    An entry answers while its token hasn't expired and its issuer's key set is the very one that verified it:
    any change of the keys sends every token of that issuer through verification again.

    Args:
        entries: how many tokens are kept at most; 0 keeps none.
        wall_s: the time of day, seconds since the epoch.
    """

    def __init__(self, entries: int, wall_s: Callable[[], float]) -> None:
        self._most = entries
        self._wall_s = wall_s
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @staticmethod
    def digest(token: bytes) -> bytes:
        """The name under which a token is kept: its SHA-256."""
        return sha256(token).digest()

    def get(self, digest: bytes) -> Principal | None:
        """Whose token this is, if it was verified and still holds."""
        entry = self._entries.get(digest)
        if entry is None:
            return None
        principal, until_s, ring, keys = entry
        # `usable` also starts the look for new keys: without it a removed key would live while calls hit.
        if self._wall_s() < until_s and ring.usable() is keys:
            self._entries.move_to_end(digest)
            return principal
        del self._entries[digest]
        return None

    def put(self, digest: bytes, principal: Principal, until_s: float, ring: KeyRing, keys: KeySet) -> None:
        """Remember a verified token.

        Args:
            digest: from `digest`.
            principal: whose it is.
            until_s: when it ends, seconds since the epoch, leeway included.
            ring: its issuer's keys.
            keys: the set that verified it.
        """
        if self._most == 0:
            return
        self._entries[digest] = _Entry(principal, until_s, ring, keys)
        self._entries.move_to_end(digest)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)
