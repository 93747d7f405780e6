"""Each builtin, asked of a real OPA and of us with the same operands: value, nothing or error code agree.

The default is a hundred questions for each builtin, the same in each run;
`--hypothesis-profile=campaign` asks ten thousand others.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import tarfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, assume, given, settings

from rego import Policy
from rego.builtins import CONTEXTUAL, PLAIN
from rego.errors import EvaluationError
from tests.rego.builtins.operand_pools import DECODE, OPERANDS, call, operands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers.opa_server import OPAServer

#: Builtins whose answers OPA gives otherwise each time, or to nobody who asks over HTTP.
INCOMPARABLE = {"time.now_ns", "uuid.rfc4122", "internal.print"}
DEFAULT_EXAMPLES = 100
#: Examples for each builtin, unless a profile asks for a campaign: fixed ones, the same each time.
EXAMPLES = 60


def _rule(name: str) -> str:
    return name.replace(".", "_") + "_"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one module: a rule for each builtin."""
    folder = tmp_path_factory.mktemp("builtins")
    rules = [f"{_rule(name)} := {call(name, len(pools))}" for name, pools in OPERANDS.items()]
    (folder / "t.rego").write_text("\n".join(["package t", DECODE, *rules, ""]))
    return folder


@pytest.fixture(scope="module")
def policy(opa: Path, program: Path, tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """The module's plan, compiled here."""
    bundle = tmp_path_factory.mktemp("plan") / "bundle.tar.gz"
    command: list[str | Path] = [
        opa,
        "build",
        "--v0-compatible",
        "-t",
        "plan",
        "-o",
        bundle,
        program / "t.rego",
    ]
    for name in OPERANDS:
        command += ["-e", f"t/{_rule(name)}"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    with tarfile.open(bundle) as archive:
        plan = archive.extractfile("/plan.json")
        assert plan is not None
        return Policy.load(plan.read(), {})


@pytest.fixture(scope="module")
def server(opa_server: Callable[..., OPAServer], program: Path) -> Iterator[OPAServer]:
    """The module, in a real OPA."""
    made = opa_server(bundle=program, arguments=["--v0-compatible"])
    yield made
    made.stop()


class _OPA:
    """One connection to the server; an OPA that a question crashes is asked on another."""

    def __init__(self, server: OPAServer) -> None:
        self._host = urlsplit(server.url).netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=20)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def ask(self, rule: str, body: bytes) -> tuple[Any, ...]:
        """Return what OPA says; `assume` that it says something that can be compared."""
        try:
            self._connection.request("POST", f"/v1/data/t/{rule}?strict-builtin-errors=true", body)
            response = self._connection.getresponse()
            found = json.loads(response.read(), parse_float=Decimal, parse_int=Decimal)
        except (OSError, http.client.HTTPException):  # a bug of OPA: the whole request panics
            self._connection.close()
            self._connection = http.client.HTTPConnection(self._host, timeout=20)
            assume(condition=False)
        if response.status == http.client.OK:
            return ("value", found["result"]) if "result" in found else ("undefined",)
        assume("errors" in found)  # OPA cannot print some numbers that it computes with: +1, 0x1p4
        return ("error", found["errors"][0]["code"])


@pytest.fixture(scope="module")
def real(server: OPAServer) -> Iterator[_OPA]:
    """The real OPA."""
    with contextlib.closing(_OPA(server)) as made:
        yield made


def _ours(policy: Policy, rule: str, body: bytes) -> tuple[Any, ...]:
    try:
        found = policy.evaluate(f"t/{rule}", json.loads(body)["input"])
    except EvaluationError as error:
        assume(error.code != "eval_budget_exceeded")  # a bound of our own
        return ("error", error.code)
    return ("value", _exact(found.value)) if found.defined else ("undefined",)


def _exact(value: Any) -> Any:
    """Return a document with each number as the decimal of its text."""
    if type(value) is dict:
        return {name: _exact(item) for name, item in value.items()}
    if type(value) is list:
        return [_exact(item) for item in value]
    return Decimal(repr(value)) if type(value) in {int, float} else value


def _numbers(value: Any) -> Iterator[int | float]:
    if type(value) in {int, float}:
        yield value
    elif type(value) in {list, dict}:
        for item in value.values() if type(value) is dict else value:
            yield from _numbers(item)


def _is_spelled_twice(given: list[Any]) -> bool:
    """Tell whether a number is there in two spellings: OPA remembers calls, and gives the first one's."""
    spelled: dict[Decimal, str] = {}
    return any(
        spelled.setdefault(Decimal(repr(found)), repr(found)) != repr(found) for found in _numbers(given)
    )


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("name", OPERANDS)
def test_a_builtin_answers_as_opas_does(name: str, real: _OPA, policy: Policy) -> None:
    """Apt, odd and hostile operands give one answer: a value, nothing, or an error of one code."""
    campaign = settings().max_examples > DEFAULT_EXAMPLES

    @settings(
        max_examples=settings().max_examples if campaign else EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not campaign,
        suppress_health_check=list(HealthCheck),
    )
    @given(operands(name))
    def agree(given_operands: list[Any]) -> None:
        assume(not _is_spelled_twice(given_operands))
        body = json.dumps({"input": {"args": given_operands}}).encode()
        expected = real.ask(_rule(name), body)
        assert expected == _ours(policy, _rule(name), body)

    agree()


def test_no_builtin_is_left_out() -> None:
    """Each builtin that is always there is compared, or is one of those that cannot be."""
    assert PLAIN.keys() | CONTEXTUAL.keys() == OPERANDS.keys() | INCOMPARABLE
