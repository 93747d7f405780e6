"""Evaluates one question, to be sampled; run as `python -m bench.rego.spin POLICY NUMBER SECONDS`."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from bench.rego import cases
from bench.rego import opa as real
from bench.rego.visits import evaluation, timed


def main(policy: str, number: str, seconds: str) -> None:
    """Evaluate, and time what nobody reads."""
    with ExitStack() as stack:
        subject = next(iter(cases.chosen(real.find(), policy, stack)))
        timed(evaluation(subject, subject.questions[int(number)]), float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
