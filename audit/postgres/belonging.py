"""Which records belong to a subject or a decision, found in the rows of the log; see `audit.vault.belonging`.

Reads every record on the server, and only what fits comes here. What the vault keeps says by itself whose it
is; this is for what it kept before it did, and for whoever has to know the tenants.
"""

import re

import orjson

from audit.postgres.session import Session
from audit.vault.belonging import Belonging

# Anything a caller wrote has its quotes escaped, so nothing else in a record can look like these.
_WITH = "SELECT body FROM entry WHERE position($1::bytea IN body) > 0 ORDER BY writer, at"
_ENDS = """
SELECT body FROM entry
WHERE (position('"typ":"outcome"'::bytea IN body) > 0 OR position('"typ":"aborted"'::bytea IN body) > 0)
  AND substring(convert_from(body, 'UTF8') FROM '"ref":"([0-9a-f]{32})"') = ANY ($1::text[])
"""
_ID = re.compile(r"[0-9a-f]{32}")
_KINDS = {"outcome", "aborted"}


def of_subject(log: Session, sref: str) -> Belonging:
    """Return the records of a pseudonym.

    Args:
        log: asks, as somebody who may read it; with patience.
        sref: the pseudonym.

    Raises:
        OSError: the database can't be asked.
    """
    found = Belonging(sref)
    for row in log.fetch(_WITH, orjson.dumps({"sref": sref})[1:-1]):
        record = orjson.loads(row["body"])
        if record["typ"] == "decision" and record["sref"] == sref:
            found.add(record)
    return _with_ends(log, found)


def of_record(log: Session, record_id: str) -> Belonging | None:
    """Return a decision with its end, given the id of either; None where the log has no such record.

    Raises:
        OSError: the database can't be asked.
    """
    if not _ID.fullmatch(record_id):
        return None
    for row in log.fetch(_WITH, orjson.dumps({"id": record_id})[1:-1]):
        record = orjson.loads(row["body"])
        if record["id"] != record_id:
            continue
        if record["typ"] in _KINDS:
            return of_record(log, record["ref"])
        if record["typ"] == "decision":
            found = Belonging(record.get("sref"), record_id)
            found.add(record)
            return _with_ends(log, found)
    return None


def _with_ends(log: Session, found: Belonging) -> Belonging:
    if found.ids:
        rows = log.fetch(_ENDS, [each.hex() for each in found.ids])
        found.ids |= {bytes.fromhex(orjson.loads(row["body"])["id"]) for row in rows}
    return found
