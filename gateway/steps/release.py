"""release: Reply -> Answer. What the client gets, whole or streamed; a stream that breaks says so in-band."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.contract import Completed, UpstreamError
from gateway.answers import EVENTS, JSON, error_body, naming, warning
from gateway.types import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from adapters.contract import Streaming
    from gateway.types import Delivery, PermittedCall, Reply

_DONE = b"data: [DONE]\n\n"


def release(reply: Reply, permitted: PermittedCall, delivery: Delivery) -> Answer:
    """Make the reply fit for the client.

    Args:
        delivery: learns what is released, and why a stream ended early.
    """
    call = permitted.call
    names = naming(call.request_id, call.decision_id, permitted.decision.origin.revision, delivery.receipt)
    names += warning(permitted.advice)
    if isinstance(reply.upstream, Completed):
        if delivery.digest is not None:
            delivery.digest.update(reply.upstream.body)
        return Answer(reply.upstream.status, (*JSON, *names), reply.upstream.body)
    return Answer(200, (*EVENTS, *names), _events(reply.upstream, delivery, call.decision_id))


async def _events(stream: Streaming, delivery: Delivery, decision_id: str) -> AsyncGenerator[bytes, None]:
    """The stream's events; after a failure an error event, never a `stop` that nobody said."""
    try:
        async for event in stream:
            delivery.events += 1
            if delivery.digest is not None:
                delivery.digest.update(event)
            yield event
            # Clients leave as soon as they have read this; the upstream may take its time to close.
            delivery.complete = event.endswith(_DONE)
    except UpstreamError as error:
        delivery.error = error
        yield b"data: " + error_body(error.as_openai(), decision_id) + b"\n\n" + _DONE
    finally:
        await stream.aclose()
