"""Policies that an OPA server has from elsewhere: what the gateway doesn't look at is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from gateway import policy
from gateway.policy.elsewhere import Elsewhere
from gateway.settings import OPA, Person, Policy, ReleaseKey, Trust
from tests.bundles.signing import pair

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = tuple(
    Person(name=name, public_key=pair(key_id=name).public_pem.decode()) for name in ("alice", "bob", "carol")
)
KEY = ReleaseKey(id="release", public_key=pair().public_pem.decode())


async def _said(folder: Path, **fields: object) -> list[str]:
    chosen = Policy(engine="opa", opa=OPA(url="http://127.0.0.1:1"), **fields)  # type: ignore[arg-type]
    made = policy.build(chosen, folder, lambda _: 1 / 0, ())  # type: ignore[arg-type,return-value]  # never asked
    assert isinstance(made, Elsewhere)
    with structlog.testing.capture_logs() as lines:
        await made.begin()
    await made.close()
    return [line["event"] for line in lines]


async def test_trust_that_nobody_applies_is_said(tmp_path: Path) -> None:
    """Signatures and approvals that the settings ask for aren't looked for in what OPA decides by."""
    assert await _said(tmp_path, trust=Trust(keys=(KEY,))) == ["policy.unverified"]
    assert await _said(tmp_path, trust=Trust(people=PEOPLE, approvals=1)) == ["policy.unverified"]
    assert await _said(tmp_path, store=tmp_path, trust=Trust(people=PEOPLE)) == ["policy.unverified"]
    assert await _said(tmp_path) == []
