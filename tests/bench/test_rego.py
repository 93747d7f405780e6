"""The bench of `rego/` measures what it says, on policies that mean the same to OPA and to `rego/`."""

from __future__ import annotations

import copy
import subprocess
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from bench.processes import BenchFailed
from bench.rego import cases, memory, policies, rounds, sweeps, targets, visits
from bench.rego import opa as real
from bench.rego.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.rego.policies import Document, Question, Sources

MIB = 2**20


def _visit(p50_us: float) -> visits.Visit:
    return visits.Visit(calls=1, mean_us=p50_us, p50_us=p50_us, p99_us=p50_us)


@pytest.mark.slow
def test_every_way_is_measured(opa: Path) -> None:
    """A question is measured in each way, OPA's own benchmark and server included."""
    with cases.compiled(opa, policies.rules(10)) as subject:
        short = replace(subject, questions=subject.questions[:1])
        (row,) = rounds.rows(short, opa, rounds=1, seconds=0.01)
    assert {rounds.REGO, rounds.UNCONVERTED, rounds.BENCH, rounds.SERVER} <= row.ways.keys()
    assert all(visit.calls > 0 and visit.p50_us > 0 for visit in row.ways.values())
    assert row.ratio is not None
    assert any("opa bench" in target.aim for target in targets.of_rows([row]))


@pytest.mark.usefixtures("opa")
def test_the_shipped_policy_is_measured_alone_and_remembered(tmp_path: Path) -> None:
    """Without OPA there still is a row for each question of both entrypoints, and the remembered answer."""
    report = tmp_path / "report.json"
    arguments = ["--only", "shipped", "--rounds", "1", "--seconds", "0.01"]
    assert main([*arguments, "--without-opa", "--without-sweeps", "--json", str(report)]) == 0
    document = orjson.loads(report.read_bytes())
    rows = document["rows"]
    expected = [
        (entrypoint, name) for entrypoint in policies.SHIPPED for name in ("allow", "deny", "missing")
    ]
    assert expected == [(row["entrypoint"], row["question"]) for row in rows]
    assert all(row["ways"][rounds.REMEMBERED]["p50_us"] > 0 for row in rows)
    assert document["loading"]["shipped"]["cold.load_ms"] > 0
    assert len(document["targets"]) == 4


@pytest.mark.slow
def test_each_sweep_has_a_figure_for_each_size(opa: Path) -> None:
    """What grows is measured at every size, from the smallest to the largest."""
    found = list(sweeps.sweeps(opa, compare=False, rounds=1, seconds=0.01))
    assert [sweep.title for sweep in found] == [sweeps.INPUT, sweeps.DATA, sweeps.RULES]
    for sweep in found:
        assert len(sweep.sizes) == len(sweep.ways[rounds.REGO])
        assert sweep.growth(rounds.REGO) is not None


def test_the_shipped_questions_are_what_they_are_called() -> None:
    """The plain call is allowed, and the other two are not."""
    subject = cases.shipped()
    for question in subject.questions:
        value = subject.policy.evaluate(question.entrypoint, question.document).value
        assert (question.name == "allow") == value["allow"]


def test_padding_is_not_read() -> None:
    """Facts that were added for their size alone change no answer, and are as many bytes as asked for."""
    subject = cases.shipped()
    question = subject.questions[0]
    document = policies.padded(question.document, 100_000)
    added = len(orjson.dumps(document)) - len(orjson.dumps(question.document))
    assert 80_000 < added < 120_000
    expected = subject.policy.evaluate(question.entrypoint, question.document)
    assert expected == subject.policy.evaluate(question.entrypoint, document)


def _questions(sources: Sources) -> Iterator[Document]:
    """The policy's own questions, and ones that meet each kind of rule early, late and never."""
    for question in sources.questions:
        yield question.document
        for number in (3, 17, 64, 99, 4_000):
            for path, value in (
                (("subject", "id"), f"external-{number}-x"),
                (("subject", "id"), f"user-{number}@acme"),
                (("subject", "properties", "team"), f"team-{number % 7}"),
                (("resource", "id"), f"model-{number}"),
                (("resource", "id"), f"vendor-{number}/large"),
                (("resource", "id"), f"vendor-{number}/large/v2"),
                (("context", "content"), {"labels": ["none", f"label-{number}"]}),
                (("action", "properties", "max_tokens"), 4_096 + number),
            ):
                yield _changed(question, path, value)


def _changed(question: Question, path: tuple[str, ...], value: Any) -> Document:
    changed: Document = copy.deepcopy(question.document)
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    "sources", [policies.rules(100), policies.subjects(200)], ids=lambda sources: sources.name
)
def test_generated_policies_mean_the_same_to_opa(opa: Path, tmp_path: Path, sources: Sources) -> None:
    """A policy that was written by rule has one meaning: OPA's server and `rego/` agree on every question."""
    entrypoint = sources.questions[0].entrypoint
    seen: set[bytes] = set()
    with (
        cases.compiled(opa, sources) as subject,
        real.serving(opa, subject.folder, tmp_path / "opa.log") as url,
        httpx.Client(base_url=url) as client,
    ):
        for document in _questions(sources):
            answer = client.post(f"/v1/data/{entrypoint}", content=orjson.dumps({"input": document}))
            expected = answer.raise_for_status().json()["result"]
            assert expected == subject.policy.evaluate(entrypoint, document).value
            seen.add(orjson.dumps(expected))
    assert len(seen) > 5


def test_the_index_leaves_over_what_is_said(opa: Path, tmp_path: Path) -> None:
    """By its profiler OPA looks at the rules that its index is said not to know, and at one that matches."""
    sources = policies.rules(100)
    (tmp_path / "policy.rego").write_text(sources.rego)
    (tmp_path / "input.json").write_bytes(orjson.dumps(sources.questions[0].document))
    command: list[str | Path] = [opa, "eval", "--format", "json", "--profile", "--profile-limit", "10000"]
    command += ["--data", "policy.rego", "--input", "input.json", "data.bench.rules.decision"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    rows = {entry["location"]["row"] for entry in orjson.loads(done.stdout)["profile"]}
    text = sources.rego.splitlines()
    starts = [row for row, line in enumerate(text, 1) if line.startswith(("granted if", "deny contains"))]
    ranges = list(pairwise([*starts, len(text) + 1]))
    assert len(ranges) == 100
    looked_at = [start for start, end in ranges if any(start <= row < end for row in rows)]
    assert sources.indexable is not None
    assert round((1 - sources.indexable) * 100) + 1 == len(looked_at)


@pytest.mark.slow
def test_memory_is_flat() -> None:
    """A hundred thousand questions, no two alike, leave nothing behind."""
    marks = list(memory.marks(cases.shipped().policy, 100_000, step=20_000))
    assert [mark.evaluations for mark in marks] == [1_000, 20_000, 40_000, 60_000, 80_000, 100_000]
    assert marks[-1].rss_bytes - marks[1].rss_bytes < MIB


def test_growing_memory_misses_the_aim() -> None:
    """What leaves ten bytes behind for each evaluation is not flat; what shrinks is."""
    steady = [memory.Mark(count, 50 * MIB) for count in (1_000, 100_000, 1_000_000)]
    growing = [memory.Mark(mark.evaluations, 50 * MIB + 10 * mark.evaluations) for mark in steady]
    assert targets.of_memory(steady).met
    assert not targets.of_memory(growing).met


@pytest.mark.parametrize(("p50_us", "expected"), [(12.0, True), (12.1, False)])
def test_the_worst_question_decides(p50_us: float, expected: bool) -> None:  # noqa: FBT001 - a row of the table
    """The aim beside OPA is met where every question meets it."""
    ways = [{rounds.REGO: _visit(ours), rounds.BENCH: _visit(20.0)} for ours in (5.0, p50_us)]
    found = [rounds.Row("policy", "e", "q", 1, None, each) for each in ways]
    (target,) = targets.of_rows(found)
    assert expected == target.met


def test_growth_is_held_against_that_of_opa() -> None:
    """Ten times as slow where OPA is twice as slow is missed, and twice is met."""
    theirs = [_visit(10.0), _visit(20.0)]
    for last, expected in ((20.0, True), (100.0, False)):
        ways = {rounds.REGO: [_visit(10.0), _visit(last)], rounds.BENCH: theirs}
        (target,) = targets.of_sweeps([sweeps.Sweep(sweeps.RULES, ["10", "20"], ways)])
        assert expected == target.met


def test_a_wrong_opa_is_told_apart_from_a_fast_one(opa: Path, tmp_path: Path) -> None:
    """An undefined query has no figures."""
    (tmp_path / "policy.rego").write_text("package p\n\nq if false\n")
    with pytest.raises(BenchFailed, match="undefined"):
        real.bench(opa, tmp_path, "p/q", {})
