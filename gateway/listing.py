"""`/v1/models`: shows what the caller may use, by asking policy about each model.

Nothing is forwarded, so it is a shorter list of the same steps, with records of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from gateway import obligations
from gateway.answers import JSON, naming, warning
from gateway.conclusion import Conclusion
from gateway.engine.pinned import Sitting
from gateway.engine.ruling import rule
from gateway.errors import Refused
from gateway.obligations.terms import Terms
from gateway.question import CATALOGUE, describe
from gateway.steps import record
from gateway.steps.admit import admit
from gateway.steps.authenticate import authenticate
from gateway.steps.enforce import insist
from gateway.steps.receive import receive
from gateway.types import Allow, Answer, Trail

if TYPE_CHECKING:
    from gateway.conclusion import Deliver
    from gateway.ports import Ports
    from gateway.types import Call, Principal, RawRequest


async def serve(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """List the models that the caller may use, or show the one that the path names."""
    trail = Trail(raw)
    async with Conclusion(trail, house, deliver):
        principal = trail.principal = await authenticate(raw, house.identity)
        call = trail.call = await receive(raw, house.limits)
        question = describe(call, principal, house.now_us())
        sitting = Sitting(house.policies)
        while True:
            trail.admission = trail.decision = await admit(question, sitting.engine)
            admission = insist(trail.decision)
            wanted = (raw.subpath,) if raw.subpath else house.catalogue.models
            shown = [model for model in wanted if await _usable(model, call, principal, house, sitting)]
            if sitting.holds():
                break
        if raw.subpath and not shown:
            # The same words for a model that doesn't exist and one that the caller may not use.
            raise Refused("model.unknown", param="model")
        await record.opening(trail, house)
        answer = _answer(shown, call, admission, trail.delivery.receipt, single=bool(raw.subpath))
        trail.delivery.status = answer.status
        await deliver(answer)
        record.listed(trail, house.log, house.now_us())


async def _usable(model: str, listing: Call, principal: Principal, house: Ports, sitting: Sitting) -> bool:
    """Whether policy shows `model` to the caller, and a plain chat with it could be served."""
    candidates = house.catalogue.serving(model)
    if not candidates.deployments:
        return False
    call = replace(
        listing, action="chat.completions", model=model, modalities=("text",), body={"messages": []}
    )
    question = describe(call, principal, house.now_us(), candidates.documents)
    decision = await rule(sitting.engine, CATALOGUE, question)
    if not isinstance(decision, Allow):
        return False
    terms = Terms(candidates.deployments, call.body)
    try:
        obligations.enforce(terms, decision.obligations)
    except Refused:
        return False
    return bool(terms.permitted)


def _answer(models: list[str], call: Call, admission: Allow, receipt: str | None, *, single: bool) -> Answer:
    """OpenAI's shape: `{"object": "list", "data": [{"id", "object", "created", "owned_by"}]}`."""
    documents = [{"id": model, "object": "model", "created": 0, "owned_by": "regent"} for model in models]
    body = orjson.dumps(documents[0] if single else {"object": "list", "data": documents})
    names = naming(call.request_id, call.decision_id, admission.origin.revision, receipt)
    return Answer(200, (*JSON, *names, *warning(admission.advice)), body)
