"""Whether evaluating leaves anything behind: resident memory over very many questions, no two alike."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from bench.rego.policies import SHIPPED, shipped_questions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rego.policies import Document
    from rego import Policy

STEP = 100_000
_FIRST = 1_000


@dataclass(frozen=True, slots=True)
class Mark:
    """Resident memory of this process after so many evaluations."""

    evaluations: int
    rss_bytes: int


def marks(policy: Policy, evaluations: int, step: int = STEP) -> Iterator[Mark]:
    """Ask the shipped policy, half at admission and half on requests.

    Caller and model are other ones each time, and every other time the label, so that whatever is kept by
    value shows.

    Args:
        evaluations: how many in all.
        step: after how many to look at the memory.
    """
    process = psutil.Process()
    documents = [question.document for question in shipped_questions()]
    for number in range(1, evaluations + 1):
        document = documents[number % len(documents)]
        policy.evaluate(SHIPPED[number % 2], _another(document, number))
        if number % step == 0 or number == _FIRST:
            gc.collect()
            yield Mark(number, process.memory_info().rss)


def _another(document: Document, number: int) -> Document:
    changed = {
        **document,
        "subject": {**document["subject"], "id": f"user-{number}@acme"},
        "resource": {**document["resource"], "id": f"gpt-4o-{number}"},
    }
    if number % 4 < 2:
        changed["context"] = {**document["context"], "content": {"labels": [f"label-{number}"]}}
    return changed
