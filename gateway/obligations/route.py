"""`route`: the call may only be served by these deployments. Several routes intersect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.obligations.terms import Terms
    from gateway.types import Route


def enforce(terms: Terms, routes: Sequence[Route]) -> None:
    """Keep the candidates that every route names, in the order of the first.

    A route that names a deployment which doesn't serve the model adds nothing: a policy narrows
    the candidates and never widens them.

    Raises:
        Refused: `obligation.no_route` if none is left.
    """
    first, *others = routes
    common = set(first.deployments).intersection(*(route.deployments for route in others))
    by_id = {deployment.id: deployment for deployment in terms.candidates}
    permitted = tuple(by_id[name] for name in first.deployments if name in common and name in by_id)
    if not permitted:
        raise Refused("obligation.no_route")
    terms.permitted = permitted
