"""`python -m audit.verify`: the check without the rest of Regent."""

import argparse
import sys
from contextlib import closing
from pathlib import Path

from audit.verify.asked import Asked, Unusable, open_log, save_evidence
from audit.verify.check import verify
from audit.verify.progress import Bar
from audit.verify.sources import Unreadable
from audit.verify.terms import Entries
from audit.verify.verdict import Verdict
from audit.verify.words import describe


def main(arguments: list[str]) -> int:
    """Check the log that is named; the exit code is the verdict."""
    try:
        given = _parser().parse_args(arguments)
    except SystemExit as stop:  # a call that is none is a check that could not be made
        return Verdict.CANNOT_CHECK if stop.code else Verdict.VERIFIED
    asked = Asked(
        policy=given.policy,
        since=tuple(given.since),
        receipts=tuple(given.receipts),
        require_witness=given.require_witness,
        max_age=given.max_age,
        entries=given.entries,
        deep=given.deep,
    )
    bar = Bar(sys.stderr)
    try:
        with closing(open_log(given.log, given.token)) as log:
            report = verify(log, asked.terms(progress=bar))
    except (Unreadable, Unusable) as error:
        sys.stderr.write(f"{error}\n")
        return Verdict.CANNOT_CHECK
    finally:
        bar.close()
    sys.stdout.write("\n".join(describe(report)) + "\n")
    sys.stderr.write(save_evidence(report, given.evidence))
    return report.verdict


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m audit.verify", description="Check a log or an evidence pack."
    )
    parser.add_argument("log", help="a folder, a tar file, or http(s)://...")
    parser.add_argument("--policy", type=Path, help="whom you trust: a tlog-policy file")
    parser.add_argument("--since", type=Path, action="append", default=[], help="a checkpoint kept earlier")
    parser.add_argument("--receipts", type=Path, action="append", default=[], help="receipts, one a line")
    parser.add_argument("--require-witness", action="store_true", help="fail without a quorum of witnesses")
    parser.add_argument("--max-age", help="fail if nobody saw the log within this span: 10m")
    parser.add_argument("--entries", type=Entries, choices=list(Entries), default=Entries.REGENT)
    parser.add_argument("--deep", action="store_true", help="canonical form, and disclosed commitments")
    parser.add_argument("--token", help="bearer token for an address")
    parser.add_argument(
        "--evidence", type=Path, default=Path("fork-evidence.txt"), help="where evidence of a fork goes"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
