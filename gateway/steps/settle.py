"""settle: what the call took takes the place of what was held for it, however the call ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from adapters.contract import MAY_HAVE_CHARGED, Completed, Usage
from gateway.accounts import Amount, Concurrency
from gateway.pricing.terms import of as terms_of
from gateway.types import Charge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.accounts import Reservation
    from gateway.ports import Ports
    from gateway.types import Deployment, Reply, Trail


async def settle(trail: Trail, house: Ports, *, cut: bool = False) -> None:
    """Reckon what the call took, once, and settle its reservation.

    A caller who is held to so many calls at once may send the next as soon as he has the last byte: then
    there must be room for it, so this waits. Otherwise it only begins.

    Args:
        trail: gets its charge.
        cut: whether the call was broken off from this side, so that an attempt may have been under way.
    """
    if trail.charge is not None:
        return
    lost = [_unseen(trail, house, each.place) for each in trail.lost]
    for each, part in zip(trail.lost, lost, strict=True):
        trail.attempts[each.number] = replace(trail.attempts[each.number], charge=part)
    last = _charge(trail, house, cut=cut)
    trail.charge = reduce(_together, lost, last)
    if trail.reservation is None or house.counting is None:
        return
    left = trail.opened or trail.unrecorded
    for held, actual in _by_hold(trail, [*lost, last]):
        done = house.counting.settling.begin(held, actual if left else None)
        if any(isinstance(each, Concurrency) for each in held.allowances):
            await asyncio.shield(done)


def _by_hold(trail: Trail, parts: Sequence[Charge]) -> list[tuple[Reservation, Amount]]:
    """What each hold is settled with: its own tries; the first has the request itself."""
    found: dict[str, tuple[Reservation, Amount]] = {}
    holds = [*(each.reservation for each in trail.lost), trail.reservation]
    for held, part in zip(holds, parts, strict=True):
        if held is not None:
            _, so_far = found.get(held.id, (held, Amount(0 if found else 1)))
            tokens = so_far.tokens + part.prompt_tokens + part.completion_tokens
            found[held.id] = held, Amount(so_far.requests, tokens, so_far.usd_micros + (part.usd_micros or 0))
    # The first one may be waited for, and the others are on their way by then.
    return [*found.values()][::-1]


def _together(one: Charge, other: Charge) -> Charge:
    """Two tries as one charge; a cost that isn't known is left out beside one that is."""
    costs = [each for each in (one.usd_micros, other.usd_micros) if each is not None]
    return replace(
        one,
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
        estimated=one.estimated or other.estimated,
        usd_micros=sum(costs) if costs else None,
        prices=one.prices or other.prices,
    )


def _charge(trail: Trail, house: Ports, *, cut: bool) -> Charge:
    reply = trail.reply
    if reply is None:
        place = _read_by(trail, cut=cut)
        return Charge(usd_micros=0) if place is None else _unseen(trail, house, place)
    usage, took_us = reply.upstream.usage, _took_us(reply, trail, house)
    if usage is None:
        return _estimated(trail, house, reply.deployment, _told(reply, trail, house), took_us)
    early = (cut or trail.delivery.error is not None) and reply.upstream.finish_reason is None
    told = _told(reply, trail, house) if early else 0
    if told > usage.completion_tokens:
        # Some report as they go, or at the beginning, when nothing had been told yet.
        return _estimated(trail, house, reply.deployment, told, took_us)
    billed = _billed(usage)
    return Charge(
        prompt_tokens=billed.prompt_tokens,
        completion_tokens=billed.completion_tokens,
        cached_tokens=billed.cached_tokens,
        reasoning_tokens=billed.reasoning_tokens,
        usd_micros=_cost(reply.deployment, billed, took_us, trail, house),
        prices=_prices(reply.deployment, house),
    )


def _billed(usage: Usage) -> Usage:
    """The usage as it is charged for; what was reported stands in the record beside it.

    xAI and Gemini report thoughts beside the completion, within the total alone: they are billed like the
    rest of what was written, and would else be free. No part is more than its whole.
    """
    beside = usage.total_tokens - usage.prompt_tokens - usage.completion_tokens
    if usage.reasoning_tokens > usage.completion_tokens:
        beside = max(beside, usage.reasoning_tokens)
    completion = usage.completion_tokens + max(0, beside)
    return replace(
        usage,
        completion_tokens=completion,
        cached_tokens=min(usage.cached_tokens, usage.prompt_tokens),
        reasoning_tokens=min(usage.reasoning_tokens, completion),
    )


def _told(reply: Reply, trail: Trail, house: Ports) -> int:
    """About how many tokens the caller was sent, or would have been."""
    if isinstance(reply.upstream, Completed):
        return house.tokens.reply(reply.upstream.body, reply.deployment.model)
    return trail.delivery.sent.tokens if trail.delivery.sent else 0


def _took_us(reply: Reply, trail: Trail, house: Ports) -> int:
    """How long the place was busy with it: with a stream until now, since only its head had come by then."""
    if isinstance(reply.upstream, Completed):
        return reply.took_us
    return reply.took_us + max(0, house.now_us() - trail.replied_us)


def _cost(place: Deployment, usage: Usage, upstream_us: int, trail: Trail, house: Ports) -> int | None:
    if house.counting is None or trail.call is None:
        return None
    return house.counting.prices.charge(place, usage, upstream_us, terms_of(trail.call))


def _prices(place: Deployment, house: Ports) -> str | None:
    return house.counting.prices.origin(place.id) if house.counting else None


def _read_by(trail: Trail, *, cut: bool) -> Deployment | None:
    """Who may have read the prompt of a call that nobody answered, of those that aren't counted as lost."""
    permitted, tried = trail.permitted, len(trail.attempts)
    if permitted is None or not (trail.opened or trail.unrecorded):
        return None
    if cut and trail.asking and tried < len(permitted.deployments):
        return permitted.deployments[tried]
    first = trail.lost[-1].number + 1 if trail.lost else 0
    read = [place for place in range(first, tried) if trail.attempts[place].outcome in MAY_HAVE_CHARGED]
    return permitted.deployments[read[-1]] if read else None


def _unseen(trail: Trail, house: Ports, place: Deployment) -> Charge:
    """The charge for a try that may have been served, though nothing of it came: nobody can say how much.

    A whole reply may have been written to its end, so it counts with the most that it can have taken, which
    is what was held for it: who hangs up in time would else spend more than there is. A stream is written
    while somebody reads it, and nobody did.
    """
    permitted = trail.permitted
    if permitted is None or permitted.call.stream or permitted.max_tokens is None:
        return _estimated(trail, house, place, 0, 0)
    prompt = house.tokens.prompt(permitted.body, [place.model])
    completion = permitted.max_tokens * (permitted.call.choices or 1)
    prices, cost = house.counting.prices if house.counting else None, None
    if prices is not None and prices.priced(place):
        cost = prices.estimate([place], prompt.bound, completion, terms_of(permitted.call))
    return Charge(prompt.upper, completion, estimated=True, usd_micros=cost, prices=_prices(place, house))


def _estimated(trail: Trail, house: Ports, place: Deployment, completion: int, upstream_us: int) -> Charge:
    """A charge without the provider's word for it: from what was asked and what was sent."""
    prompt = house.tokens.prompt(trail.permitted.body, [place.model]).expected if trail.permitted else 0
    cost = _cost(place, Usage(prompt, completion, prompt + completion), upstream_us, trail, house)
    return Charge(prompt, completion, estimated=True, usd_micros=cost, prices=_prices(place, house))
