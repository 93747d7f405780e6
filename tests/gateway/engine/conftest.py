"""A small bundle whose rules answer, fail and stay silent on request."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import orjson
import pytest

from tests.servers.processes import executable

ROOT = Path(__file__).parents[3]
RULE_NAMES = ("echo", "silent", "conflict", "builtin", "nested", "loop")
RULES = """
package probe

echo := input

silent if false

conflict := 1 if input.n
conflict := 2 if input.n

builtin := 1 / input.n

nested if {
	input.context.content.labels[_] == "hr"
	input.subject.id == "x"
}

loop := count([1 | some i in numbers.range(1, 2000); some j in numbers.range(1, 2000); i < j])
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


@pytest.fixture(scope="session")
def probe_plan(probe_bundle: Path) -> bytes:
    """The same rules, compiled; besides, `loop` is more work than a decision may be."""
    opa = executable("opa", [ROOT / ".tools"], "tools")
    archive = probe_bundle.parent / "probe.tar.gz"
    entrypoints = [part for name in RULE_NAMES for part in ("--entrypoint", f"probe/{name}")]
    command: list[str | Path] = [
        opa,
        "build",
        "--target",
        "plan",
        *entrypoints,
        "--bundle",
        probe_bundle,
        "--output",
        archive,
    ]
    subprocess.run(command, check=True, capture_output=True)
    with tarfile.open(archive) as files:
        member = files.extractfile("/plan.json")
        assert member is not None
        return member.read()
