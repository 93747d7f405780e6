"""The hot surfaces as plain ASGI endpoints, and the front that chooses them before the framework.

A framework's route costs more than everything else that happens to a request here
(`docs/performance.md`), so the framework holds what isn't hot.
"""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import TYPE_CHECKING

from gateway.http import body
from gateway.http.delivery import deliver
from gateway.http.server import CONNECTION
from gateway.types import RawRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from gateway.http.asgi import ASGIApp, Message, Receive, Scope, Send
    from gateway.ports import Ports
    from gateway.types import Action, Answer

    Steps = Callable[[RawRequest, Ports, Callable[[Answer], Awaitable[None]]], Awaitable[None]]


class Surface:
    """One surface of the API, as an ASGI endpoint over one list of steps.

    Args:
        action: what a policy calls this surface.
        steps: what happens to a request, top to bottom.
        house: the ports; a callable because the house is built when the server starts.
    """

    def __init__(self, action: Action, steps: Steps, house: Callable[[], Ports]) -> None:
        self._action = action
        self._steps = steps
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; if the client leaves, everything that is done for it is cancelled."""
        house = self._house()
        raw = self._raw(scope, receive, house)
        presence = _Presence(scope)

        async def hand_over(answer: Answer) -> None:
            await deliver(answer, send)
            # Who leaves with the whole answer in hand cancels nothing: the closing record is still to come.
            presence.forget()

        try:
            await self._steps(raw, house, hand_over)
        except asyncio.CancelledError:
            if not presence.lost:
                raise
        finally:
            presence.forget()

    def _raw(self, scope: Scope, receive: Receive, house: Ports) -> RawRequest:
        unique = secrets.token_hex(32)
        client = scope.get("client")
        return RawRequest(
            action=self._action,
            request_id=f"req_{unique[:32]}",
            decision_id=unique[32:],
            headers=_by_name(scope["headers"]),
            client_ip=client[0] if client else "unknown",
            received_us=house.now_us(),
            read_body=lambda: body.read(receive, house.limits, whole=_is_whole(scope)),
            subpath=_subpath(scope),
            parameters=scope.get("query_string", b""),
            on_stop=partial(scope.get("extensions", {}).get(CONNECTION, {}).__setitem__, "stopping"),
        )


def _by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, tuple[bytes, ...]]:
    """Headers by name; ASGI gives names in lower case and keeps repeats."""
    found: dict[bytes, tuple[bytes, ...]] = {}
    repeats: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        if name in found:
            repeats.setdefault(name, [*found[name]]).append(value)
        else:
            found[name] = (value,)
    return {**found, **{name: tuple(values) for name, values in repeats.items()}} if repeats else found


def _subpath(scope: Scope) -> str:
    """What the route left open, with a line's end behind it that the framework's pattern passes over."""
    found = "".join(scope.get("path_params", {}).values())
    return found + "\n" if scope["path"].endswith("\n") and not found.endswith("\n") else found


def _is_whole(scope: Scope) -> bool:
    """Whether the body has arrived to its last byte, as far as the server tells."""
    return bool(scope.get("extensions", {}).get(CONNECTION, {}).get("whole"))


class _Presence:
    """Whether the client is still there: its leaving cancels the task that serves it."""

    def __init__(self, scope: Scope) -> None:
        self.lost = False
        self._task = asyncio.current_task()
        self._extension = scope.get("extensions", {}).get(CONNECTION)
        if self._extension is not None:
            self._extension["callback"] = self._leave

    def _leave(self) -> None:
        self.lost = True
        if self._task is not None:
            self._task.cancel()

    def forget(self) -> None:
        if self._extension is not None:
            self._extension.pop("callback", None)


class Front:
    """Chooses the hot surfaces by method and path; everything else goes on to the framework.

    Args:
        hot: endpoints by (method, path).
        rest: the framework's application.
    """

    def __init__(self, hot: Mapping[tuple[str, str], ASGIApp], rest: ASGIApp) -> None:
        self._hot = hot
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "http":
            endpoint = self._hot.get((scope["method"], scope["path"]))
            if endpoint is not None:
                return await endpoint(scope, receive, send)
        return await self._rest(scope, receive, _named(send) if scope["type"] == "http" else send)


def _named(send: Send) -> Send:
    """Give every answer a request id that has none yet."""

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start" and all(
            name != b"x-request-id" for name, _ in message["headers"]
        ):
            message["headers"] = [
                *message["headers"],
                (b"x-request-id", b"req_" + secrets.token_hex(16).encode()),
            ]
        await send(message)

    return named
