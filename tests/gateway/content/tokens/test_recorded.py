"""Estimates of recorded prompts, beside the tokens that their providers reported.

The recordings are not part of the repository; without them these tests are skipped.
"""

from __future__ import annotations

import pytest

from bench.tokens import RECORDINGS, Measured, recorded, summary
from gateway.content import tokens

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"the recorded traffic is not at {RECORDINGS}"
)


@pytest.fixture(scope="module")
def measured() -> list[Measured]:
    """Every recorded prompt whose provider said how many tokens it had."""
    return recorded(tokens.Estimator())


def test_the_upper_estimate_is_rarely_exceeded(measured: list[Measured]) -> None:
    """In one recording of a hundred at most; those have a prompt that isn't in the body."""
    assert len(measured) > 250
    assert sum(each.reported > each.estimate.upper for each in measured) <= len(measured) / 100


def test_the_expected_estimate_is_near(measured: list[Measured]) -> None:
    """Half of the prompts within a fifth, and large ones nearer than small ones."""
    assert summary(measured).median_error <= 0.20
    large = [each for each in measured if each.reported >= 200]
    assert summary(large).median_error <= 0.15


def test_without_a_model_the_upper_estimate_holds_nearly_as_often(measured: list[Measured]) -> None:
    """As where a policy is asked before a deployment is chosen."""
    exceeded = sum(each.reported > tokens.prompt(each.body).upper for each in measured)

    assert exceeded <= len(measured) / 50
