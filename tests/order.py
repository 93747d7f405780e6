"""Which files of tests begin: those that take longest, so that no worker is left alone with one at the end.

`make test` hands whole files to its workers (`--dist loadfile`), in the order of the collection
(`--no-loadscope-reorder`: else those with most tests would begin, and the tutorial, one test, would end).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

LONGEST: Final = (
    "rego/test_differential.py",
    "docs/test_tutorial.py",
    "end_to_end/test_hostile_http.py",
    "docs/test_lifecycle_page.py",
    "gateway/policy/test_follower.py",
    "end_to_end/test_two_replicas.py",
    "end_to_end/test_backtest.py",
    "rego/optimize/test_specialise.py",
    "policies/test_corpus.py",
    "bench/test_rego.py",
    "end_to_end/test_audit_api.py",
    "end_to_end/test_policy_lifecycle.py",
    "end_to_end/test_limits.py",
    "audit/objects/test_copier.py",
    "end_to_end/test_usage.py",
    "end_to_end/test_audit.py",
    "bundles/authoring/test_scaffold.py",
    "interop/test_regent_log.py",
    "rego/optimize/test_prepare.py",
    "rego/builtins/test_agreement.py",
    "end_to_end/test_live_policy.py",
    "end_to_end/test_transparency.py",
    "gateway/ledger/test_redis_model.py",
    "rego/builtins/test_credentials_agreement.py",
    "rego/builtins/test_graphql.py",
    "end_to_end/test_policy_commands.py",
    "docs/test_examples.py",
    "end_to_end/test_evidence.py",
    "audit/merging/test_kills.py",
    "bundles/test_rebuild.py",
    "gateway/policy/test_store.py",
    "bundles/store/test_publishing.py",
    "bundles/test_build.py",
    "rego/test_hostile_plans.py",
    "rego/test_safety.py",
    "end_to_end/test_distribution.py",
    "bench/test_bench.py",
)
RANK: Final = {Path(__file__).parent / name: rank for rank, name in enumerate(LONGEST)}


@pytest.hookimpl(trylast=True)  # behind pytest-randomly, which shuffles
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones first, and leave each file's own order and that of all others as they are."""
    items.sort(key=lambda item: RANK.get(item.path, len(RANK)))
