"""enforce: the only place that makes a PermittedCall, and it makes none without a route."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.errors import Refused
from gateway.steps.enforce import enforce, insist
from gateway.types import Allow, Candidates, Clamp, Deny, Origin, Reason, Route

if TYPE_CHECKING:
    from tests.gateway.conftest import Builders

ROOT = Path(__file__).parents[3]
ORIGIN = Origin(engine="embedded", revision="r-1", bundle="", path="p")


def test_no_other_module_makes_a_permitted_call() -> None:
    """Leaving policy out is a type error only as long as nobody else calls the constructor."""
    makers = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "gateway").rglob("*.py")
        if re.search(r"\bPermittedCall\(", path.read_text(encoding="utf-8"))
    ]

    assert makers == ["gateway/steps/enforce.py"]


def test_a_deny_becomes_a_refusal_with_its_first_reason() -> None:
    """The caller gets the policy's text for users; the decision goes on to the record."""
    deny = Deny(
        (Reason("residency.hr_onprem", "HR data stays on-prem.", "zone cloud"), Reason("b", "c")), ORIGIN
    )
    with pytest.raises(Refused) as refused:
        insist(deny)

    assert ("residency.hr_onprem", "HR data stays on-prem.", 403, deny) == (
        refused.value.code,
        refused.value.message,
        refused.value.status,
        refused.value.decision,
    )


def test_an_engine_failure_keeps_its_own_status() -> None:
    """A policy that couldn't be asked is the house's trouble: 503 with retry-after, not 403."""
    with pytest.raises(Refused) as refused:
        insist(Deny((Reason("engine.timeout", ""),), ORIGIN))

    assert (refused.value.status, refused.value.retry_after) == (503, "1")


def test_obligations_of_both_decisions_hold(build: Builders) -> None:
    """What admission asks for is enforced together with what the request decision asks for."""
    cloud, onprem = build.deployment("cloud"), build.deployment("onprem")
    candidates = Candidates((cloud, onprem), ())
    admission = Allow((), (Clamp(10),), ORIGIN)
    permitted = enforce(
        build.call(),
        build.principal(),
        candidates,
        admission,
        build.allow(Route(("onprem", "cloud")), Clamp(20)),
    )

    assert ((onprem, cloud), 10) == (permitted.deployments, permitted.max_tokens)


def test_an_allow_without_a_route_is_refused(build: Builders) -> None:
    """The policy named no place where this may run."""
    with pytest.raises(Refused) as refused:
        enforce(
            build.call(),
            build.principal(),
            Candidates((build.deployment(),), ()),
            Allow((), (), ORIGIN),
            build.allow(Clamp(5)),
        )

    assert refused.value.code == "obligation.no_route"
