"""settle: what the call took takes the place of what was held for it, however the call ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.contract import Completed, UpstreamCode, Usage
from gateway.accounts import Amount, Concurrency
from gateway.pricing.terms import of as terms_of
from gateway.types import Charge

if TYPE_CHECKING:
    from gateway.ports import Ports
    from gateway.types import Deployment, Reply, Trail

# Failures after which the place may have read the prompt, and will charge for it.
_CHARGED = frozenset(
    {UpstreamCode.BROKEN, UpstreamCode.TIMEOUT, UpstreamCode.MALFORMED, UpstreamCode.TOO_LARGE}
)


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
    trail.charge = _charge(trail, house, cut=cut)
    held, counting = trail.reservation, house.counting
    if held is None or counting is None:
        return
    actual = _actual(trail.charge) if trail.opened or trail.unrecorded else None
    done = counting.settling.begin(held, actual)
    if any(isinstance(each, Concurrency) for each in held.allowances):
        await asyncio.shield(done)


def _actual(charge: Charge) -> Amount:
    return Amount(1, charge.prompt_tokens + charge.completion_tokens, charge.usd_micros or 0)


def _charge(trail: Trail, house: Ports, *, cut: bool) -> Charge:
    reply = trail.reply
    if reply is None:
        place = _read_by(trail, cut=cut)
        return Charge(usd_micros=0) if place is None else _estimated(trail, house, place, 0, 0)
    usage, took_us = reply.upstream.usage, _took_us(reply, trail, house)
    if usage is None:
        return _estimated(trail, house, reply.deployment, _told(reply, trail, house), took_us)
    early = (cut or trail.delivery.error is not None) and reply.upstream.finish_reason is None
    told = _told(reply, trail, house) if early else 0
    if told > usage.completion_tokens:
        # Some report as they go, or at the beginning, when nothing had been told yet.
        return _estimated(trail, house, reply.deployment, told, took_us)
    return Charge(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        usd_micros=_cost(reply.deployment, usage, took_us, trail, house),
        prices=_prices(reply.deployment, house),
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
    """Who may have read the prompt of a call that nobody answered."""
    permitted, tried = trail.permitted, len(trail.attempts)
    if permitted is None or not (trail.opened or trail.unrecorded):
        return None
    if cut and tried < len(permitted.deployments):
        return permitted.deployments[tried]
    read = [place for place, each in enumerate(trail.attempts) if each.outcome in _CHARGED]
    return permitted.deployments[read[-1]] if read else None


def _estimated(trail: Trail, house: Ports, place: Deployment, completion: int, upstream_us: int) -> Charge:
    """A charge without the provider's word for it: from what was asked and what was sent."""
    prompt = house.tokens.prompt(trail.permitted.body, [place.model]).expected if trail.permitted else 0
    cost = _cost(place, Usage(prompt, completion, prompt + completion), upstream_us, trail, house)
    return Charge(prompt, completion, estimated=True, usd_micros=cost, prices=_prices(place, house))
