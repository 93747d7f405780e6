"""One request, top to bottom: twelve steps, each a file of its name in `gateway/steps/`.

Who calls is settled before what: a stranger gets no byte of his body read.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gateway.conclusion import Conclusion
from gateway.engine.pinned import Sitting
from gateway.question import describe
from gateway.steps import record
from gateway.steps.admit import admit
from gateway.steps.authenticate import authenticate
from gateway.steps.decide import decide
from gateway.steps.enforce import enforce, insist
from gateway.steps.forward import forward
from gateway.steps.inspect import inspect
from gateway.steps.receive import receive
from gateway.steps.release import release
from gateway.steps.reserve import reserve, reserve_again
from gateway.steps.settle import settle
from gateway.types import Trail

if TYPE_CHECKING:
    from gateway.conclusion import Deliver
    from gateway.ports import Ports
    from gateway.types import RawRequest


async def serve(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Take a call from its bytes to its record; every way out leaves through the conclusion."""
    trail = Trail(raw)
    async with Conclusion(trail, house, deliver):
        principal = trail.principal = await authenticate(raw, house.identity)
        call = trail.call = await receive(raw, house.limits)
        candidates = house.catalogue.serving(call.model)
        question = describe(call, principal, house.now_us(), candidates.documents)
        sitting = Sitting(house.policies)
        while True:  # once, unless an OPA server takes another bundle between the two decisions
            trail.admission = trail.decision = await admit(question, sitting.engine)
            admission = insist(trail.decision)
            findings = inspect(call, candidates, sitting.engine, house.tokens)
            decision = trail.decision = await decide(
                question, call, candidates, findings, sitting.engine, house.counting
            )
            if sitting.holds():
                break
        permitted = trail.permitted = enforce(
            call, principal, candidates, admission, decision, house.counting
        )
        held = trail.reservation = await reserve(permitted, house.counting, house.tokens)
        await record.opening(trail, house)
        again = partial(reserve_again, trail, house)
        reply = trail.reply = await forward(permitted, house.upstreams, trail.attempts, again)
        trail.replied_us = house.now_us()
        settling = partial(settle, trail, house)
        if call.stream:
            trail.delivery.sent = house.tokens.sent(reply.deployment.model)
        else:
            await settling()
        answer = release(reply, permitted, trail.delivery, held, settling)
        trail.delivery.status = answer.status
        await deliver(answer)
        await settle(trail, house)
        record.closing(trail, house.log, house.now_us())
