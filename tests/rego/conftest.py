"""What the tests of `rego` share: a real plan, plans written by hand, `opa`, the conformance cases."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from rego import EvaluationError, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.opa_server import OPAServer

_REPOSITORY = Path(__file__).parents[2]
_CASES = _REPOSITORY.parent / "shared" / "data" / "opa-conformance" / "cases.jsonl.gz"
Plan = dict[str, Any]
_RULE: Final = re.compile(r"^(?:default )?([a-z]\w*)\b(?!\()", re.MULTILINE)
_WORDS: Final = {"package", "import", "default", "some", "every", "not"}
_FUNCTION: Final = re.compile(r"^\w+\(", re.MULTILINE)


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
def planned(opa: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """A compiler of Rego source to a plan with some entrypoints."""

    @cache
    def build(source: str, *entrypoints: str) -> bytes:
        folder = tmp_path_factory.mktemp("plan")
        (folder / "policy.rego").write_text(source)
        command: list[str | Path] = [
            opa,
            "build",
            "-t",
            "plan",
            *(part for name in entrypoints for part in ("-e", name)),
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
def opa_says(opa_server: Callable[..., OPAServer]) -> Iterator[Callable[..., tuple[str, Any]]]:
    """Ask the real OPA for `data.t.p` of a program, strictly: value, undefined, or an error's code."""
    server = opa_server(ready="/health")
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    loaded: list[Any] = [None, None]

    def send(method: str, path: str, body: str) -> tuple[int, Any]:
        connection.request(method, path, body.encode(), {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content else None

    def put(path: str, body: str) -> None:
        status, said = send("PUT", path, body)
        assert status in {200, 204}, said

    def ask(source: str, document: Any, data: Any) -> tuple[str, Any]:
        if loaded != [source, data]:
            put("/v1/data", json.dumps(data))
            put("/v1/policies/asked", source)
            loaded[:] = source, data
        status, found = send("POST", "/v1/data/t/p?strict-builtin-errors", json.dumps({"input": document}))
        if status == http.client.OK:
            return ("value", found["result"]) if "result" in found else ("undefined", None)
        return "error", found["errors"][0]["code"]

    yield ask
    connection.close()
    server.stop()


@pytest.fixture(scope="session")
def agreed(
    opa_says: Callable[..., tuple[str, Any]], planned: Callable[[str, str], bytes]
) -> Callable[..., tuple[str, Any]]:
    """Ask ours and the real OPA for `p` of a program in the package `t`; return the answer of both."""

    @cache
    def load(source: str) -> Policy:
        return Policy.load(planned(source, "t/p"))

    def ask(body: str, document: Any = None, data: Any = None) -> tuple[str, Any]:
        source, base = f"package t\n\n{body}\n", {} if data is None else data
        given = {} if document is None else document
        theirs = opa_says(source, given, base)
        try:
            result = load(source).with_data(base).evaluate("t/p", given)
        except EvaluationError as error:
            ours: tuple[str, Any] = ("error", error.code)
        else:
            ours = ("value", result.value) if result.defined else ("undefined", None)
        assert theirs == ours, "OPA says otherwise"
        return ours

    return ask


@pytest.fixture(scope="session")
def programs() -> list[Path]:
    """Small programs that cover the language, one thing each."""
    return sorted((Path(__file__).parent / "programs").glob("*.rego"))


@pytest.fixture(scope="session")
def language_plan(opa: Path, programs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """All programs in one plan; an entrypoint for each rule and for each package as a document."""
    bundle = tmp_path_factory.mktemp("language") / "bundle.tar.gz"
    options = [part for name in _entrypoints(programs) for part in ("--entrypoint", name)]
    command: list[str | Path] = [opa, "build", "--target", "plan", "--output", bundle, *options, *programs]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    with tarfile.open(bundle) as archive:
        plan = archive.extractfile("/plan.json")
        assert plan is not None
        return plan.read()


def _entrypoints(programs: list[Path]) -> list[str]:
    found: list[str] = []
    for program in programs:
        source = program.read_text()
        if not source.startswith(f"package t.{program.stem}\n"):
            continue  # others refer to it
        found += [f"t/{program.stem}/{name}" for name in sorted(set(_RULE.findall(source)) - _WORDS)]
        if not program.stem.startswith("memo_") and not _FUNCTION.search(source):
            found.append(f"t/{program.stem}")
    return found


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
