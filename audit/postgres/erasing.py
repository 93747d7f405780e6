"""Erasing what the vault in a database holds: of one record, or of one subject. The log itself stays whole.

Done by a member of the erasers, the only role that can look into the vault or delete from it. A gateway that
remembers the subject learns of it within a second. Deleted rows are swept up by the server's autovacuum,
which is set to look at these tables for each of them; its write-ahead log and backups need their own rules.
"""

from contextlib import closing
from dataclasses import replace

import orjson

from audit.errors import LogUnavailable
from audit.postgres.session import Session
from audit.postgres.target import Target

_PATIENCE_S = 3600.0

_RECORD = """
WITH gone AS (DELETE FROM {vault}.kept WHERE record = $1 RETURNING 1),
said AS (INSERT INTO {vault}.erased (id) VALUES (encode($1, 'hex')))
SELECT count(*) AS pieces FROM gone
"""

_SUBJECT = """
WITH gone AS (
  DELETE FROM {vault}.kept
  WHERE position($2::bytea IN question) > 0
    AND convert_from(question, 'UTF8')::jsonb #>> '{{subject,id}}' = $1
  RETURNING 1
),
named AS (DELETE FROM {vault}.subject WHERE subject = $1 RETURNING sref),
said AS (INSERT INTO {vault}.erased (id) SELECT sref FROM named)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM named) AS pieces
"""


def erase_record(target: Target, record_id: str) -> int:
    """Erase nonces and question of a record; return how many rows there were, one at most.

    Args:
        target: as a member of the erasers.
        record_id: 32 hex digits.

    Raises:
        LogUnavailable: `vault.unavailable`.
    """
    return _erase(target, _RECORD, bytes.fromhex(record_id))


def erase_subject(target: Target, subject: str) -> int:
    """Erase every question of a subject with its nonces, and its pseudonym; return how many rows there were.

    Args:
        target: as a member of the erasers.
        subject: full id, `<sub>@<issuer's name>`.

    Raises:
        LogUnavailable: `vault.unavailable`.
    """
    return _erase(target, _SUBJECT, subject, orjson.dumps(subject))


def _erase(target: Target, statement: str, *values: object) -> int:
    patient = replace(target, timeout_s=_PATIENCE_S)  # it reads every question that is kept
    with closing(Session(patient, "regent eraser")) as session:
        try:
            row = session.row(statement.format(vault=f"{target.schema}_vault"), *values)
        except OSError as error:
            raise LogUnavailable("vault.unavailable", f"nothing was erased: {error}") from error
    return int(row["pieces"])
