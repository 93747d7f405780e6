"""Small policies: the rules of one answer, fail and stay silent on request."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.servers.processes import executable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[3]
RULE_NAMES = ("echo", "silent", "conflict", "builtin", "nested", "loop", "deep", "chosen", "chosen_part")
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

deep := count(json.unmarshal(concat("", array.concat(
	["[" | some _ in numbers.range(1, input.levels)],
	["]" | some _ in numbers.range(1, input.levels)],
))))

chosen := input.values[input.key]

chosen_part := input.values[input.key].part
"""
CLOCK = """
package clock

now := time.now_ns()

still := input.n
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
    """The same rules, compiled; besides, `loop` and `deep` are more work than a decision may be."""
    return planned(probe_bundle / "probe.rego", [f"probe/{name}" for name in RULE_NAMES])


@pytest.fixture(scope="session")
def clock_plan(compiled: Callable[[str, Sequence[str]], bytes]) -> bytes:
    """A plan with a rule that tells the time and one that doesn't."""
    return compiled(CLOCK, ["clock/now", "clock/still"])


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Sequence[str]], bytes]:
    """Compile one module with the real `opa` into a plan with the given entrypoints."""
    source = tmp_path_factory.mktemp("compiled") / "policy.rego"

    def plan(module: str, entrypoints: Sequence[str]) -> bytes:
        source.write_text(module)
        return planned(source, entrypoints)

    return plan


def planned(source: Path, entrypoints: Sequence[str]) -> bytes:
    """The plan that the real `opa` makes of a module."""
    opa = executable("opa", [ROOT / ".tools"], "tools")
    archive = source.with_suffix(".tar.gz")
    asked = [part for name in entrypoints for part in ("--entrypoint", name)]
    command: list[str | Path] = [opa, "build", "--target", "plan", *asked, source, "--output", archive]
    subprocess.run(command, check=True, capture_output=True)
    with tarfile.open(archive) as files:
        member = files.extractfile("/plan.json")
        assert member is not None
        return member.read()
