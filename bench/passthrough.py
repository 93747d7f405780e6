"""The bare pass-through beside which the gateway is measured: FastAPI and aiohttp as they come, one route.

Run as `python -m bench.passthrough PORT UPSTREAM_URL`. It decides, records and checks nothing.
"""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from bench import conversation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def build(upstream_url: str) -> FastAPI:
    """The application: what arrives goes on to `upstream_url`, what comes back is handed over."""

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as session:
            app.state.session = session
            yield

    app = FastAPI(lifespan=running)

    @app.post(conversation.PATH)
    async def chat(request: Request) -> Response:
        session: aiohttp.ClientSession = request.app.state.session
        headers = {"content-type": "application/json", "authorization": request.headers["authorization"]}
        answer = await session.post(upstream_url, data=await request.body(), headers=headers)
        if answer.content_type == "text/event-stream":
            return StreamingResponse(_pieces(answer), media_type="text/event-stream")
        async with answer:
            return Response(await answer.read(), answer.status, media_type="application/json")

    return app


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with answer:
        async for piece in answer.content.iter_any():
            yield piece


if __name__ == "__main__":
    uvicorn.run(
        build(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )
