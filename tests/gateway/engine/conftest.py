"""A small bundle whose rules answer, fail and stay silent on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
package probe

echo := input

silent if false

conflict := 1 if input.n
conflict := 2 if input.n

builtin := 1 / input.n
"""
AUTHORIZATION = """
package system.authz

default allow := false

allow if input.path == ["health"]

allow if input.identity == "t0ken"
"""


@pytest.fixture(scope="session")
def probe_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle's folder; its rules are `probe/echo`, `silent`, `conflict` and `builtin`."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / ".manifest").write_bytes(orjson.dumps({"revision": "r-probe", "roots": ["probe", "system"]}))
    (folder / "probe.rego").write_text(RULES)
    (folder / "authz.rego").write_text(AUTHORIZATION)
    return folder
