"""What a process asks of the database before it writes a record there: doubt refuses to start."""

from typing import Any

from audit.errors import LogUnavailable
from audit.postgres import schema
from audit.postgres.session import Session

_DURABLE = {"on", "remote_apply"}

_ASK = """
SELECT current_setting('server_version_num')::int AS server,
  current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS full_page_writes,
  pg_is_in_recovery() AS standby,
  EXISTS (SELECT FROM pg_roles WHERE rolsuper AND pg_has_role(current_user, oid, 'MEMBER')) AS superuser
"""

_TOO_MUCH = """
SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') AND (
  pg_has_role(current_user, c.relowner, 'MEMBER')
  OR has_table_privilege(c.oid, 'DELETE, TRUNCATE, TRIGGER')
  OR has_any_column_privilege(c.oid, 'UPDATE') AND c.relname <> 'head'
) ORDER BY 1 LIMIT 1
"""


def insist(session: Session) -> None:
    """Hold the database and the role that we are in it to what the log promises.

    From here on the connection commits synchronously, whatever the server's configuration is changed to.

    Raises:
        LogUnavailable: `log.cannot_open`: what it doesn't fulfil, and what to do about it.
        OSError: it can't be asked.
    """
    found = session.row(_ASK)
    _insist_on_server(found)
    _insist_on_schema(session)
    if found["superuser"]:
        raise _doubt("the role is, or may become, a superuser; connect as a member of the log's roles only")
    name = session.target.schema
    allowed = session.row(_TOO_MUCH, [name, f"{name}_vault"])
    if allowed is not None:
        raise _doubt(
            f"the role may change or delete what stands in {allowed['name']}; connect as a member of "
            f"{name}_writer and {name}_sequencer only"
        )
    session.run(f"SET synchronous_commit = {found['synchronous_commit']}")


def _insist_on_server(found: Any) -> None:
    if found["server"] < schema.MIN_SERVER:
        raise _doubt(f"PostgreSQL 14 or newer is needed; this one says {found['server']}")
    if found["standby"]:
        raise _doubt("the server is a standby; the log needs the primary")
    if found["synchronous_commit"] not in _DURABLE:
        raise _doubt(
            f"synchronous_commit is {found['synchronous_commit']}, so a commit may be lost; it must be on "
            "(or remote_apply): ALTER ROLE ... SET synchronous_commit = on, or in postgresql.conf"
        )
    for name in ("fsync", "full_page_writes"):
        if found[name] != "on":
            raise _doubt(f"{name} is {found[name]}, so a crash of the server may lose or spoil commits")


def _insist_on_schema(session: Session) -> None:
    found = schema.version(session)
    if found != schema.VERSION:
        raise _doubt(
            f"the schema {session.target.schema} has version {found} of the log's tables, "
            f"this is {schema.VERSION}: run `regent audit postgres init`"
        )


def _doubt(message: str) -> LogUnavailable:
    return LogUnavailable("log.cannot_open", f"the database isn't fit for the log: {message}")
