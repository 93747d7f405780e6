"""forward: PermittedCall -> Reply. The only step that reaches out, and only inside the permitted set."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING

from adapters.contract import MAY_HAVE_CHARGED, ChatRequest, UpstreamCode, UpstreamError
from gateway.content.chat import LIMIT_FIELDS
from gateway.errors import Refused
from gateway.types import Attempt, Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from gateway.ports import Upstream
    from gateway.types import Deployment, PermittedCall

# Failures of one place that say nothing about the next; the others would only repeat themselves there.
# Not `upstream.broken`: the place may have served the call and charged for it; another would charge again.
ELSEWHERE = frozenset(
    {
        UpstreamCode.UNREACHABLE,
        UpstreamCode.TIMEOUT,
        UpstreamCode.RATE_LIMITED,
        UpstreamCode.QUOTA_EXHAUSTED,
        UpstreamCode.UNAUTHORIZED,
        UpstreamCode.UNAVAILABLE,
        UpstreamCode.MALFORMED,
    }
)


async def _on(_: Deployment) -> None:
    """Nothing is held, so nothing is to be held again."""


async def forward(
    permitted: PermittedCall,
    upstreams: Mapping[str, Upstream],
    attempts: list[Attempt],
    again: Callable[[Deployment], Awaitable[None]] = _on,
) -> Reply:
    """Ask the permitted deployments in order until one answers.

    A stream counts as answered when its head is there: after the first byte nobody else is asked.

    Args:
        attempts: filled with every try, also when all of them fail.
        again: called with a deployment that may charge for nothing, before another one is asked.

    Raises:
        Refused: the last deployment's `upstream.*` code, or what `again` raises.
    """
    started = perf_counter_ns()
    last = len(permitted.deployments) - 1
    for place, deployment in enumerate(permitted.deployments):
        upstream = upstreams[deployment.provider]
        try:
            answer = await upstream.adapter.chat(_request(permitted, deployment, upstream))
        except UpstreamError as error:
            attempts.append(Attempt(deployment.id, str(error.code)))
            if place == last or error.code not in ELSEWHERE:
                raise _refusal(error) from error
            if error.code in MAY_HAVE_CHARGED:
                await again(deployment)
            continue
        attempts.append(Attempt(deployment.id, "served"))
        return Reply(deployment, answer, (perf_counter_ns() - started) // 1000)
    raise Refused("obligation.no_route")


def _request(permitted: PermittedCall, deployment: Deployment, upstream: Upstream) -> ChatRequest:
    body = permitted.body
    if permitted.max_tokens is not None and not any(body.get(field) for field in LIMIT_FIELDS):
        body = {**body, upstream.limit_field: permitted.max_tokens}
    return ChatRequest(
        body=body,
        model=deployment.model,
        stream=permitted.call.stream,
        include_usage=permitted.call.include_usage,
        request_id=permitted.call.request_id,
        connect_timeout_s=upstream.connect_timeout_s,
        first_byte_timeout_s=upstream.first_byte_timeout_s,
        idle_timeout_s=upstream.idle_timeout_s,
        answer_timeout_s=upstream.answer_timeout_s,
    )


def _refusal(error: UpstreamError) -> Refused:
    return Refused(
        str(error.code),
        error.message,
        status=error.status,
        param=error.param,
        retry_after=error.retry_after,
        shown=error.as_openai(),
    )
