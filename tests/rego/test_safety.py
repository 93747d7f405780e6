"""What one evaluation may cost: steps, depth, time and memory are bounded; threads and hosts share safely."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from rego import EvaluationError, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS: Final = 20.0  # generous: what is not bounded would take years
_MEGABYTES: Final = 700


def _nested(name: str, made: str, first: str, levels: int = 40) -> str:
    """Write rules that each put the one before twice into a value."""
    lines = [f"{name}0 := {first}"]
    lines += [f"{name}{level} := {made.replace('@', f'{name}{level - 1}')}" for level in range(1, levels)]
    return "\n".join(lines) + "\n"


_ARRAYS: Final = _nested("x", "[@, @]", "[1]")
_TWINS: Final = _ARRAYS + _nested("y", "[@, @]", "[1]")
_OBJECTS: Final = _nested("x", '{"a": @, "b": @}', '{"c": 1}') + _nested("y", '{"a": @, "b": @}', '{"c": 1}')
_LONG: Final = 's := concat("", ["a" | some _ in numbers.range(1, 100000)])\n'
_LOOPS: Final = "some a in input.xs; some b in input.xs; some c in input.xs; some d in input.xs"
#: Programs that would not end within the age of the universe, or not within the machine's memory.
ATTACKS: Final = {
    "loops": f"p := count([1 | {_LOOPS}])",
    "loops_in_every": "p if every a in input.xs { every b in input.xs { a > -b; "
    "every c in input.xs { c > -b } } }",
    "loops_in_not": f"p if not q\nq if {{ {_LOOPS}; a + b + c + d < 0 }}",
    "loops_in_functions": "f(x) := [g(y) | some y in input.xs]\ng(x) := [h(y) | some y in input.xs]\n"
    "h(x) := [sum([x, y]) | some y in input.xs]\np := [f(x) | some x in input.xs]",
    "loops_with": f"q := count([1 | {_LOOPS}])\np := [x | some n in input.xs; x := q with input.n as n]",
    "calls_that_double": "f0(x) := x\n"
    + "\n".join(f"f{n}(x) := f{n - 1}(x) + f{n - 1}(x + 1)" for n in range(1, 40))
    + "\np := f39(1)",
    "nested_answer": _ARRAYS + "p := x39",
    "nested_wide_answer": _nested("x", f"[{', '.join('@' * 100)}]", "[1]", 7) + "p := x6",
    "nested_equal": _TWINS + "p := x39 == y39",
    "nested_less": _TWINS + "p := x39 < y39",
    "nested_in_set": _ARRAYS + "p := count({x39, 1})",
    "nested_as_key": _ARRAYS + "p := {x39: 1}",
    "nested_as_json": _ARRAYS + "p := count(json.marshal(x39))",
    "nested_as_text": _ARRAYS + 'p := count(sprintf("%v", [x39]))',
    "nested_in_template": _ARRAYS + 'p := $"{x39}"',
    "nested_sorted": _ARRAYS + 'p := sort([x39, x38, "a"])',
    "nested_united": _OBJECTS + "p := count(object.union(x39, y39))",
    "nested_subset": _OBJECTS + "p := object.subset(x39, y39)",
    "nested_by_patches": "p := json.patch({}, input.copies)",
    "range": "p := count(numbers.range(1, 100000000000))",
    "doubled_texts": _nested("x", 'concat("", [@, @])', '"abcdefgh"') + "p := count(x39)",
    "doubled_arrays": _nested("x", "array.concat(@, @)", "[1, 2]") + "p := count(x39)",
    "squared_numbers": _nested("x", "@ * @", "12345678901234567890", 60) + "p := x59 > 1",
    "shifted_number": "p := count(format_int(bits.lsh(1, 90000000), 10))",
    "product": "p := product([x | some x in numbers.range(1, 200000)]) > 1",
    "replaced": _LONG + 'p := count(replace(s, "a", s))',
    "replaced_many": _LONG + 'p := count(strings.replace_n({"a": s}, s))',
    "replaced_by_pattern": _LONG + 'p := count(regex.replace(s, "a", s))',
    "sprintf": _LONG + 'p := count(sprintf(replace(s, "a", "%[1]s"), [s]))',
    "indented": 'p := json.marshal_with_options(numbers.range(1, 100000), {"indent": s})\n' + _LONG,
    "places": 's := concat("", ["a" | some _ in numbers.range(1, 400000)])\n'
    "p := count(indexof_n(s, substring(s, 0, 200000)))",
    "prefixes": "a := [format_int(x, 10) | some x in numbers.range(1, 100000)]\n"
    'p := strings.any_prefix_match([sprintf("%s!", [x]) | some x in a], [sprintf("%s?", [x]) | some x in a])',
    "subset_of_arrays": "a := [1 | some _ in numbers.range(1, 20000)]\n"
    "p := object.subset(array.concat(a, a), array.concat(a, [2]))",
    "paths": "g := {x: [y | some y in numbers.range(1, 25); y != x] | some x in numbers.range(1, 25)}\n"
    "p := count(graph.reachable_paths(g, {1}))",
    "networks": 'p := count(net.cidr_expand("::/8"))',
    "brackets": 'p := json.unmarshal(concat("", ["[" | some _ in numbers.range(1, 200000)]))',
}
_INPUT: Final = {
    "xs": list(range(1, 200)),
    "copies": [{"op": "copy", "from": "", "path": f"/{number}"} for number in range(60)],
}
#: Attacks that nest a value in itself meet one limit; these meet it as it ships, the others a tenth of it.
_WHOLE: Final = ("nested_answer", "nested_wide_answer", "nested_as_json", "nested_united")
#: Runs each attack in turn in a process that may have 3 GB; prints how each ended and after how many seconds.
_RUN: Final = """
import json, resource, sys, time
from rego import EvaluationError, Policy, gotext, output, values
from rego.builtins import composites
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
folder = sys.argv[1]
given = json.load(open(f"{folder}/input.json"))
policy = Policy.load(open(f"{folder}/plan.json", "rb").read(), {})
whole = set(sys.argv[2:])
ends = {}
for entrypoint in sorted(policy.entrypoints, key=lambda name: name.split("/")[1] not in whole):
    if entrypoint.split("/")[1] not in whole:
        for module in (values, output, composites):
            module.MAX_PARTS = 200_000
        gotext._MAX_TEXT = 1_000_000
    start = time.monotonic()
    try:
        policy.evaluate(entrypoint, given)
        code = None
    except EvaluationError as error:
        code = error.code
    ends[entrypoint.split("/")[1]] = [code, time.monotonic() - start]
print(json.dumps([ends, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]))
"""


@pytest.fixture(scope="module")
def attacked(opa: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    """How each attack ended and after how many seconds; and the most megabytes that the process had."""
    folder = tmp_path_factory.mktemp("attacks")
    command: list[str | Path] = [opa, "build", "-t", "plan", "-o", folder / "bundle.tar.gz"]
    for name, source in ATTACKS.items():
        (folder / f"{name}.rego").write_text(f"package attacks.{name}\n\n{source}\n")
        command += ["-e", f"attacks/{name}/p", folder / f"{name}.rego"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    with tarfile.open(folder / "bundle.tar.gz") as archive:
        plan = archive.extractfile("/plan.json")
        assert plan is not None
        (folder / "plan.json").write_bytes(plan.read())
    (folder / "input.json").write_text(json.dumps(_INPUT))
    done = subprocess.run(
        [sys.executable, "-c", _RUN, folder, *_WHOLE],
        check=True, capture_output=True, timeout=110, cwd=Path(__file__).parents[2], env={"PYTHONPATH": "."},
    )  # fmt: skip
    ends, megabytes = json.loads(done.stdout)
    return ends, megabytes


@pytest.mark.slow
def test_every_attack_on_time_is_stopped(attacked: tuple[dict[str, Any], int]) -> None:
    """What would not end does, within seconds, and says by its code that a budget was exceeded."""
    stopped = {"eval_budget_exceeded", "eval_depth_exceeded"}
    ends, _ = attacked
    assert set(ATTACKS) == set(ends)
    late = {name: end for name, end in ends.items() if end[0] not in stopped or end[1] > _SECONDS}
    assert not late


@pytest.mark.slow
def test_every_attack_on_memory_is_stopped(attacked: tuple[dict[str, Any], int]) -> None:
    """All of them together never make the process larger than a small machine."""
    _, megabytes = attacked
    assert megabytes < _MEGABYTES


# ── depth ───────────────────────────────────────────────────────────────────────────────────────

_DEEP_WORK: Final = {
    "answer": "p := input.a", "equal": "p := input.a == input.b",
    "less": "p := input.a < input.b",
    "set": "p := count({input.a, 1})", "key": "p := {input.a: 1}",
    "json": "p := count(json.marshal(input.a))",
    "text": 'p := count(sprintf("%v", [input.a]))', "sort": "p := sort([input.a, input.b])",
    "with": "q := input.a\np := count([1 | q == input.b with input.b as input.a])",
    "read": 'p := json.unmarshal(concat("", [input.open, "1", input.close]))',
    "objects": "p := object.union(input.c, input.d)", "member": "p := input.a in [input.b]",
}  # fmt: skip


@pytest.fixture(scope="module")
def bottomless() -> dict[str, Any]:
    """Documents a hundred thousand levels deep, and the brackets of one."""
    levels = 100_000
    a, b, c, d = [], [], {}, {}  # type: ignore[var-annotated]  # of themselves
    for _ in range(levels):
        a, b, c, d = [a], [b], {"x": c}, {"x": d}
    return {"a": a, "b": b, "c": c, "d": d, "open": "[" * levels, "close": "]" * levels}


@pytest.mark.parametrize("name", _DEEP_WORK)
def test_documents_without_bottom_are_an_error(
    planned: Callable[[str, str], bytes], bottomless: dict[str, Any], name: str
) -> None:
    """A hundred thousand levels end in an error of ours or in an answer, never in a crash."""
    policy = Policy.load(planned(f"package t\n\n{_DEEP_WORK[name]}\n", "t/p"), {})
    try:
        assert policy.evaluate("t/p", bottomless).defined
    except EvaluationError as error:
        assert error.code in {"eval_depth_exceeded", "eval_budget_exceeded", "eval_builtin_error"}


# ── sharing ─────────────────────────────────────────────────────────────────────────────────────

_SHARED: Final = """package t

f(x) := [y | some y in data.xs; y != x]

seen[x] contains y if {
	some x in input.xs
	some y in f(x)
}

p := {"n": input.n, "mine": [x | some x in input.xs; x == input.n], "seen": seen, "w": w}

w := v if v := count(seen) with input.xs as [input.n] with data.xs as input.xs
"""


def test_threads_share_a_policy_and_nothing_else(planned: Callable[[str, str], bytes]) -> None:
    """Sixteen threads, each with its own questions, get the answers that one thread gets."""
    policy = Policy.load(planned(_SHARED, "t/p"), {"xs": list(range(20))})
    questions = [{"n": n, "xs": list(range(n % 23))} for n in range(400)]
    expected = [policy.evaluate("t/p", question) for question in questions]
    with ThreadPoolExecutor(16) as threads:
        for _ in range(3):
            assert expected == list(threads.map(lambda question: policy.evaluate("t/p", question), questions))


def test_input_and_data_stay_as_they_were(planned: Callable[[str, str], bytes]) -> None:
    """Neither rules, comprehensions, `with` nor builtins change what the host handed over."""
    source = """package t

p := [array.concat(input.a, [1]), object.union(input.o, {"b": 2}), sort(input.a), patched, under, walked]

patched := json.patch(input.o, [{"op": "add", "path": "/z", "value": 1}, {"op": "remove", "path": "/a"}])

under := x if x := [input, data.d] with input.o.a.b as 3 with data.d.e as 4

walked := [v | walk(input, [_, v])]
"""
    given = {"a": [3, 1, 2], "o": {"a": {"c": [1]}}}
    data = {"d": {"e": {"f": 1}}}
    before = copy.deepcopy((given, data))
    policy = Policy.load(planned(source, "t/p"), data)
    assert policy.evaluate("t/p", given).defined
    assert before == (given, data)
