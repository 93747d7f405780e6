"""Which files of tests begin: those that take longest, so that no worker is left alone with one at the end.

`make test` hands whole files to its workers (`--dist loadfile`), in the order of the collection
(`--no-loadscope-reorder`: else those with most tests would begin, and the tutorial, one test, would end).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

LONGEST: Final = (
    "docs/test_tutorial.py",
    "rego/test_differential.py",
    "end_to_end/test_two_replicas.py",
    "end_to_end/test_policy_lifecycle.py",
    "end_to_end/test_hostile_http.py",
    "end_to_end/test_audit.py",
    "bench/test_rego.py",
    "end_to_end/test_backtest.py",
    "end_to_end/test_evidence.py",
    "end_to_end/test_audit_api.py",
    "audit/merging/test_kills.py",
    "docs/test_lifecycle_page.py",
    "end_to_end/test_vault.py",
    "bundles/authoring/test_scaffold.py",
    "policies/test_corpus.py",
    "end_to_end/test_live_policy.py",
    "end_to_end/test_transparency.py",
    "audit/objects/test_copier.py",
    "rego/builtins/test_agreement.py",
    "end_to_end/test_distribution.py",
    "docs/test_examples.py",
    "bench/test_bench.py",
    "interop/test_regent_log.py",
)
RANK: Final = {Path(__file__).parent / name: rank for rank, name in enumerate(LONGEST)}


@pytest.hookimpl(trylast=True)  # behind pytest-randomly, which shuffles
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones first, and leave each file's own order and that of all others as they are."""
    items.sort(key=lambda item: RANK.get(item.path, len(RANK)))
