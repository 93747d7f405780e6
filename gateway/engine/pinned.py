"""One revision for one request: holds an engine to its first answer's bundle, and begins anew if it changed.

The embedded engine is one bundle, so there is nothing to hold. An OPA server takes another bundle whenever
it has one: two decisions on a request could be by two policies, and neither permits the request alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import EngineError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.ports import Policies, PolicyEngine, Ruling

TRIES: Final = 4
"""How often a request is decided before it is refused: a bundle lives for seconds, a request for less."""

_CHANGING: Final = "policy.changing"


class OneRevision:
    """`PolicyEngine` for one request over an engine whose bundle may change.

    Args:
        engine: who evaluates; it isn't closed with this.

    Attributes:
        changed: whether another bundle answered than did the first time; then no answer is given any more.
    """

    __slots__ = ("_engine", "_revision", "changed", "name")

    def __init__(self, engine: PolicyEngine) -> None:
        self._engine = engine
        self._revision = ""
        self.name = engine.name
        self.changed = False

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        """Ask, and take no answer of another revision than the first one's.

        Raises:
            EngineError: as the engine does, and `policy.changing`.
        """
        ruling = await self._engine.ask(entrypoint, document)
        if self.changed or ruling.revision != (self._revision or ruling.revision):
            self.changed = True
            raise EngineError(_CHANGING, f"{self._revision:.80} came first, then {ruling.revision:.80}")
        self._revision = ruling.revision
        return ruling

    def reads(self, entrypoint: str, path: tuple[str, ...]) -> bool:
        """See `PolicyEngine.reads`."""
        return self._engine.reads(entrypoint, path)

    async def close(self) -> None:
        """Nothing of its own is open."""


class Sitting:
    """The decisions of one request, all by one revision.

    Args:
        policies: gives the engine, once for each try.
    """

    __slots__ = ("_policies", "_tries", "engine")

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._tries = 1
        self.engine = policies.current()

    def holds(self) -> bool:
        """Whether all decisions were of one revision; else they are to be asked for once more.

        Raises:
            Refused: `policy.changing` after `TRIES` tries.
        """
        if not isinstance(self.engine, OneRevision) or not self.engine.changed:
            return True
        if self._tries == TRIES:
            raise Refused(_CHANGING)
        self._tries += 1
        self.engine = self._policies.current()
        return False
