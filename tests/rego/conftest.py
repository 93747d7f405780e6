"""What the tests of `rego` share: a real plan, plans written by hand, `opa`, the conformance cases."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rego import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

_REPOSITORY = Path(__file__).parents[2]
_CASES = _REPOSITORY.parent / "shared" / "data" / "opa-conformance" / "cases.jsonl.gz"
Plan = dict[str, Any]


@pytest.fixture(scope="session")
def plan_bytes() -> bytes:
    """A plan that `opa build` wrote for `policies/request.rego`."""
    return (Path(__file__).parent / "policies" / "request.plan.json").read_bytes()


@pytest.fixture
def request_policy(plan_bytes: bytes) -> Policy:
    """That plan, compiled, with two teams as data."""
    return Policy.load(plan_bytes, {"teams": ["hr", "it"]})


@pytest.fixture
def question() -> dict[str, Any]:
    """A question that the policy denies for its labels."""
    return {
        "subject": {"properties": {"team": "hr"}},
        "action": {"name": "chat.completions"},
        "resource": {
            "properties": {"deployments": [{"id": "a", "zone": "cloud"}, {"id": "b", "zone": "onprem"}]}
        },
        "context": {"content": {"labels": ["hr"]}},
    }


@pytest.fixture
def by_hand() -> Callable[..., Plan]:
    """A maker of plans: statements of the entrypoint `main`, functions, strings and builtins."""

    def make(
        statements: list[tuple[str, dict[str, Any]]],
        *,
        strings: tuple[str, ...] = ("result",),
        builtins: tuple[str, ...] = (),
        functions: tuple[dict[str, Any], ...] = (),
    ) -> Plan:
        return {
            "static": {
                "strings": [{"value": value} for value in strings],
                "files": [{"value": "test.rego"}],
                "builtin_funcs": [
                    {"name": name, "decl": {"variadic": {}, "result": {}}} for name in builtins
                ],
            },
            "plans": {"plans": [{"name": "main", "blocks": [block(statements)]}]},
            "funcs": {"funcs": list(functions)},
        }

    return make


def block(statements: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Write statements given in short as a block of a plan."""
    return {"stmts": [{"type": kind, "stmt": given} for kind, given in statements]}


@pytest.fixture
def block_of() -> Callable[[list[tuple[str, dict[str, Any]]]], dict[str, Any]]:
    """`block`, for tests that nest blocks."""
    return block


@pytest.fixture(scope="session")
def planned(opa: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], bytes]:
    """A compiler of Rego source to a plan with one entrypoint."""

    def build(source: str, entrypoint: str) -> bytes:
        folder = tmp_path_factory.mktemp("plan")
        (folder / "policy.rego").write_text(source)
        command: list[str | Path] = [
            opa,
            "build",
            "-t",
            "plan",
            "-e",
            entrypoint,
            "-o",
            folder / "bundle.tar.gz",
            folder / "policy.rego",
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        with tarfile.open(folder / "bundle.tar.gz") as archive:
            plan = archive.extractfile("/plan.json")
            assert plan is not None
            return plan.read()

    return build


@pytest.fixture(scope="session")
def conformance_cases() -> Path:
    """OPA's conformance cases with compiled plans."""
    if not _CASES.exists():
        pytest.skip("OPA's conformance cases are not beside the repository (shared/data/opa-conformance)")
    return _CASES


@pytest.fixture(scope="session")
def conformance_page() -> Path:
    """The page that says how far conformance goes."""
    return _REPOSITORY / "docs" / "rego-conformance.md"
