"""Whether a caller may administer or audit the gateway: asked of policy, like everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.engine.ruling import rule
from gateway.errors import Refused
from gateway.question import ADMIN, administration
from gateway.steps.authenticate import authenticate
from gateway.steps.enforce import insist

if TYPE_CHECKING:
    from gateway.ports import Ports, Release
    from gateway.types import Trail


async def permit(trail: Trail, house: Ports) -> Release | None:
    """Ask who it is and whether they may, as if they had just come.

    Returns:
        the very bundle by which it was decided; None where there is none to hand on.

    Raises:
        Refused: an `identity.*` code, the policy's reason, or `obligation.unknown`: nothing is enforced here.
    """
    trail.principal = await authenticate(trail.raw, house.identity)
    question = administration(trail.raw, trail.principal, house.now_us())
    engine, release = house.policies.current(), house.policies.release
    trail.decision = await rule(engine, ADMIN, question)
    if insist(trail.decision).obligations:
        raise Refused("obligation.unknown")
    return release
