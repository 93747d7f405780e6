"""Witnesses that answer as a test likes."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from audit.tlog.keys import KeyType, SigningKey
from audit.witness.witness import Witness

NOW_S = 1_790_000_000
KEY = SigningKey.generate("bad.example", KeyType.ED25519_COSIGNATURE)
Serving = Callable[[ASGIApp], str]
MakeWitness = Callable[..., Witness]
Asleep = Callable[[], Awaitable[None]]


def app_of(answer: Callable[[Request], Awaitable[Response]]) -> Starlette:
    """Return a witness that answers as it likes."""
    return Starlette(routes=[Route("/add-checkpoint", answer, methods=["POST"])])


def saying(status: int, body: str | bytes, content_type: str = "text/plain") -> Starlette:
    """Return a witness that always answers the same."""

    async def answer(_: Request) -> Response:
        return Response(body, status, {"content-type": content_type})

    return app_of(answer)
