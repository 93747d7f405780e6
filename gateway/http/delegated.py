"""Routes that the framework shows and doesn't serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response
from typing_extensions import override

if TYPE_CHECKING:
    from gateway.http.asgi import ASGIApp, Receive, Scope, Send


class Delegated(Response):
    """A response that is another ASGI endpoint: the framework shows the route, the surface serves it."""

    def __init__(self, endpoint: ASGIApp) -> None:
        super().__init__()
        self._endpoint = endpoint

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._endpoint(scope, receive, send)
