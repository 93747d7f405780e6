"""release: Reply -> Answer. What the client gets, whole or streamed; a stream that breaks says so in-band."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.contract import Completed, UpstreamError
from gateway.answers import EVENTS, JSON, error_body, naming, warning
from gateway.quotas import low, rates
from gateway.types import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from adapters.contract import Streaming
    from gateway.accounts import Reservation
    from gateway.types import Delivery, PermittedCall, Reply

_DONE = b"data: [DONE]\n\n"


def release(
    reply: Reply,
    permitted: PermittedCall,
    delivery: Delivery,
    held: Reservation | None,
    ended: Callable[[], Awaitable[None]],
) -> Answer:
    """Make the reply fit for the client.

    Args:
        delivery: learns what is released, and why a stream ended early.
        held: what is held for the call under limits and budgets.
        ended: called when all of a stream is there, before the client has its end.
    """
    call = permitted.call
    names = naming(call.request_id, call.decision_id, permitted.decision.origin.revision, delivery.receipt)
    if held is None:
        names += warning(permitted.advice)
    else:
        names += warning(permitted.advice, low(held.standings)) + rates(held.standings, held.at_us)
    if isinstance(reply.upstream, Completed):
        if delivery.digest is not None:
            delivery.digest.update(reply.upstream.body)
        return Answer(reply.upstream.status, (*JSON, *names), reply.upstream.body)
    return Answer(200, (*EVENTS, *names), _events(reply.upstream, delivery, call.decision_id, ended))


async def _events(
    stream: Streaming, delivery: Delivery, decision_id: str, ended: Callable[[], Awaitable[None]]
) -> AsyncGenerator[bytes, None]:
    """The stream's events; after a failure an error event, never a `stop` that nobody said."""
    try:
        async for event in stream:
            if delivery.sent is not None:
                delivery.sent.add(event)
            if delivery.digest is not None:
                delivery.digest.update(event)
            whole = event.endswith(_DONE)
            if whole:
                await ended()
            yield event
            # Clients leave as soon as they have read this; the upstream may take its time to close.
            delivery.complete = whole
    except UpstreamError as error:
        delivery.error = error
        await ended()
        yield b"data: " + error_body(error.as_openai(), decision_id) + b"\n\n" + _DONE
    finally:
        await stream.aclose()
