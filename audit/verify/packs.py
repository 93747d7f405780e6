"""Evidence packs."""

from audit.verify.sources import Source
from audit.verify.terms import Terms
from audit.verify.verdict import Report

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 64_000_000


def check(source: Source, terms: Terms, report: Report) -> None:
    raise NotImplementedError
