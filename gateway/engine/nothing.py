"""The engine of a gateway for which no bundle is active: it answers nothing, so everything is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.ports import Ruling


class NothingActive:
    """`PolicyEngine` without a policy."""

    name = "none"

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:  # noqa: ARG002 - the port's signature
        """Refuse to answer.

        Raises:
            EngineError: `engine.undefined`, always.
        """
        raise EngineError("engine.undefined", "no bundle is active")

    def reads(self, entrypoint: str, path: tuple[str, ...]) -> bool:  # noqa: ARG002 - the port's signature
        """Nothing reads, so no fact is worth gathering."""
        return False

    async def close(self) -> None:
        """There is nothing to release."""
