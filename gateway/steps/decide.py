"""decide: Question -> Decision. The policy says allow, with obligations, or deny, with reasons.

A policy that reads how limits and budgets stand is asked twice: only its first answer says which of them this
call falls under. The second, with that in front of it, is the decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import obligations
from gateway.engine.ruling import rule
from gateway.errors import LedgerError, Refused
from gateway.question import REQUEST, USAGE, with_content, with_usage
from gateway.types import Deny

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.accounts import Allowance, Standing
    from gateway.ports import Counting, PolicyEngine
    from gateway.types import Call, Candidates, Decision, Findings, Question


async def decide(
    question: Question,
    call: Call,
    candidates: Candidates,
    findings: Findings,
    engine: PolicyEngine,
    counting: Counting | None = None,
) -> Decision:
    """Ask the entrypoint `gateway/request`; every failure on the way is a deny.

    Args:
        counting: where limits and budgets are counted; None where they can't be.

    Raises:
        Refused: `model.unknown` if no deployment serves the model. Only admitted callers learn that.
            `ledger.*`: the policy reads how limits and budgets stand, and nobody can tell.
    """
    if not candidates.deployments:
        raise Refused("model.unknown", param="model")
    asked = with_content(question, call, findings)
    first = await rule(engine, REQUEST, asked)
    if isinstance(first, Deny) or counting is None or not engine.reads(REQUEST, USAGE):
        return first
    allowances = obligations.allowances(first.obligations)
    if not allowances:
        return first
    return await rule(engine, REQUEST, with_usage(asked, await _standings(allowances, counting)))


async def _standings(allowances: Sequence[Allowance], counting: Counting) -> tuple[Standing, ...]:
    try:
        return await counting.ledger.usage(allowances)
    except LedgerError as error:
        raise Refused(error.code) from error
