"""What is measured: each policy compiled, laid out for OPA as a bundle, and served by an OPA of its own."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

import bundles
from bench.rego import opa as real
from bench.rego import policies
from bundles import bundle
from rego import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.rego.policies import Document, Question, Sources


@dataclass(frozen=True, slots=True)
class Subject:
    """One policy, ready to be measured.

    Args:
        name: as tables show it.
        folder: the bundle's, with its Rego and data, for OPA.
        plan: `plan.json`.
        data: the base documents.
        policy: the plan and the data, loaded.
        questions: what it is asked.
        indexable: see `Sources`.
        shipped: whether it is the bundle that users get.
    """

    name: str
    folder: Path
    plan: bytes
    data: Document
    policy: Policy
    questions: tuple[Question, ...]
    indexable: float | None = None
    shipped: bool = False


def shipped() -> Subject:
    """The policy that users get."""
    folder = bundles.default_path()
    read = bundle.read(folder)
    policy = Policy.load(read.plan, read.data)
    questions = policies.shipped_questions()
    return Subject("shipped", folder, read.plan, read.data, policy, questions, shipped=True)


@contextlib.contextmanager
def compiled(opa: Path, sources: Sources) -> Iterator[Subject]:
    """Compile a policy in a temporary folder.

    Raises:
        BenchFailed: OPA refused it.
    """
    with tempfile.TemporaryDirectory(prefix="regent-bench-") as home:
        folder = Path(home)
        (folder / "policy.rego").write_text(sources.rego, encoding="utf-8")
        (folder / "data.json").write_bytes(orjson.dumps(sources.data))
        (folder / ".manifest").write_bytes(orjson.dumps({"revision": "bench", "roots": [""]}))
        entrypoints = tuple(sorted({question.entrypoint for question in sources.questions}))
        plan = real.build(opa, folder, entrypoints)
        policy = Policy.load(plan, sources.data)
        yield Subject(sources.name, folder, plan, sources.data, policy, sources.questions, sources.indexable)


def chosen(opa: Path, wanted: str, stack: contextlib.ExitStack) -> Iterable[Subject]:
    """The policies whose name has `wanted` in it, compiled for as long as `stack` is open.

    Raises:
        BenchFailed: OPA refused one.
    """
    if wanted in "shipped":
        yield shipped()
    for name, make, count in (
        ("100 rules", policies.rules, 100),
        ("1,000 rules", policies.rules, 1_000),
        ("100,000 subjects", policies.subjects, 100_000),
    ):
        if wanted in name:
            yield stack.enter_context(compiled(opa, make(count)))
