"""What a check does not show. Every report says so: a verdict without its limits is half a lie."""

from audit.verify.terms import Entries, Terms
from audit.verify.verdict import Report

_ALWAYS = "that times are right, beyond their order"


def limits(terms: Terms, report: Report) -> list[str]:
    """Return what was not proven, given what was asked and what was there."""
    found = [_requests(terms), _ALWAYS]
    if report.pruned:
        found.append(f"what the {report.pruned} entries said that were pruned: only their hashes are left")
    if not report.merged:
        found.append("that anybody signed this: there is no checkpoint")
    if not report.kept:
        what = "keep a checkpoint, and give it next time"
        found.append(f"that nobody who can write the log replaced the log whole ({what})")
    if not report.witnessed:
        found.append("that others are shown this same log (a quorum of witnesses would say so)")
    if terms.max_age_s is None:
        found.append("that this is the latest state: an older genuine one looks the same (--max-age)")
    if report.merged and (terms.policy is None or not terms.policy.logs):
        found.append("that the key is the log's: it was read from the log itself (--policy)")
    if terms.entries is Entries.ANY:
        found.append("anything about what the entries say: they were not read as records (--entries any)")
    elif not terms.deep:
        found.append("that records are in their canonical form, and what commitments commit to (--deep)")
    return found


def _requests(terms: Terms) -> str:
    if terms.receipts is None:
        return "that a record was ever written for every request (only receipts held by others show that)"
    return "that a record was ever written for requests other than those with the given receipts"
