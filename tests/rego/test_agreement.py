"""The same programs, asked of a real OPA: every value must be the same."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from rego import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.opa_server import OPAServer

INPUT: dict[str, Any] = {
    "user": 'Zoë\n"quoted"',
    "n": 7,
    "f": 0.1,
    "big": 12345678901234567890123,
    "roles": ["b", "a", "a"],
    "teams": {"z": {"size": 3}, "a": {"size": 1}, "m": {"size": 2}},
    "nested": [[1, "x"], {"k": [True, None]}],
    "ip": "10.1.2.3",
}
PROGRAMS = {
    "order": "p := [k | some k, _ in input.teams]",
    "sets": 'p := {1, true, null, "x", [2], {"a": 1}, {3}}',
    "set_operations": "p := [{1, 2} | {3}, {1, 2} & {2}, {1, 2} - {2}]",
    "numbers": "p := [input.n / 3, input.f + 0.2, input.big + 1, input.n % 4, 1e3, -input.n]",
    "text": 'p := [upper(input.user), split(input.user, "\\n")]',
    "formatted": 'p := sprintf("%v|%5.2f|%s", [input, input.f, input.user])',
    "json": "p := json.marshal(input)",
    "hashes": "p := [crypto.sha256(input.user), base64.encode(input.user), urlquery.encode(input.user)]",
    "partial_object": "p[k] := v.size if some k, v in input.teams",
    "nested_rules": 'p.a[x] contains y if { some x in input.roles; y := concat("-", [x, x]) }\np.b.c := 1',
    "else_chain": "p := 1 if { input.n > 10 } else := 2 if { input.n > 5 } else := 3",
    "defaults": 'default p := {"none": []}\np := 1 if input.missing',
    "negation": "p contains 1 if not input.missing\np contains 2 if not input.n == 7",
    "negated_membership": 'p contains 3 if not "c" in input.roles',
    "every_some": 'p if { every r in input.roles { r in ["a", "b"] }; some i; input.roles[i] == "a"; i > 0 }',
    "nested": "p := [{x: count(y)} | some x in input.roles; y := [z | some z in input.roles; z = x]]",
    "functions": "f(x) := x * 2 if x > 5\nf(x) := x + 1 if x <= 5\np := [f(input.n), f(2)]",
    "with_input": "q := input.n\np := [q, q1, q]\nq1 := v if v := q with input.n as 99",
    "with_function": 'p := v if v := lower("A") with lower as upper',
    "dynamic": 'a.one := 1\na.two := input.n\np := [data.t.dynamic.a[k] | some k in ["two", "one", "three"]]',
    "walks": "p := [path | walk(input.nested, [path, _])]",
    "time": 'p := [time.format(0), time.date([0, "America/New_York"]), time.weekday(86400000000000)]',
    "patterns": 'p := [regex.find_n("[a-z]+", input.user, -1)]',
    "globs_and_networks": 'p := [glob.match("*.b", [], "a.b"), net.cidr_contains("10.0.0.0/8", input.ip)]',
    "strange_keys": 'p := {1: "a", [2]: "b", true: "c"}',
    "template": 'p := $"{input.n} and {input.missing}"',
}


@pytest.fixture(scope="module")
def ask(
    opa_server: Callable[..., OPAServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Any]]:
    """Ask one real OPA that has loaded all programs."""
    folder = tmp_path_factory.mktemp("programs")
    for name, source in PROGRAMS.items():
        (folder / f"{name}.rego").write_text(f"package t.{name}\n\n{source}\n")
    server = opa_server(bundle=folder)

    def post(name: str) -> Any:
        body = json.dumps({"input": INPUT}).encode()
        request = urllib.request.Request(  # noqa: S310 - our own server on the loopback
            f"{server.url}/v1/data/t/{name}/p", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - the same
            return json.load(response).get("result", "undefined")

    yield post
    server.stop()


@pytest.mark.server
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_means_what_it_means_in_opa(name: str, ask: Callable[[str], Any], planned: Any) -> None:
    """The embedded engine and the server give one value, to the order of an array."""
    policy = Policy.load(planned(f"package t.{name}\n\n{PROGRAMS[name]}\n", f"t/{name}/p"), {})
    result = policy.evaluate(f"t/{name}/p", INPUT)
    ours = json.loads(json.dumps(result.value, default=float)) if result.defined else "undefined"
    assert ask(name) == ours
