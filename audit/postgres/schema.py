"""Making the tables, the functions and the roles, once; and again without harm, when a version brings more.

Done by an administrator, never by the gateway: what the gateway connects as owns nothing.
"""

from dataclasses import dataclass, replace
from importlib import resources

from audit.errors import LogUnavailable
from audit.postgres.session import Session
from audit.postgres.target import Target

VERSION = 2
MIN_SERVER = 140_000
ROLES = ("owner", "writer", "sequencer", "auditor", "eraser")
_DAYS_AHEAD = 7
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Made:
    """What `init` did.

    Attributes:
        roles: those that are new.
        before: version of the schema that was there, 0 for none.
        after: version that is there now.
    """

    roles: tuple[str, ...]
    before: int
    after: int


def init(target: Target) -> Made:
    """Make or bring up to date everything that a log needs in a database, all or nothing.

    Args:
        target: as whom: somebody who may make roles and schemas.

    Raises:
        LogUnavailable: `log.cannot_open`: the server is too old, refuses, or holds a newer log.
    """
    session = Session(replace(target, timeout_s=_PATIENCE_S), "regent init")
    try:
        session.run("BEGIN")
        made = _init(session)
        session.run("COMMIT")
    except OSError as error:
        raise LogUnavailable("log.cannot_open", f"nothing was changed: {error}") from error
    finally:
        session.close()
    return made


def _init(session: Session) -> Made:
    schema = session.target.schema
    server = session.row("SELECT current_setting('server_version_num')::int AS number")["number"]
    if server < MIN_SERVER:
        raise LogUnavailable("log.cannot_open", f"PostgreSQL 14 or newer is needed; this one says {server}")
    session.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{schema}.init")
    roles = _make_roles(session)
    before = version(session)
    if before > VERSION:
        raise LogUnavailable("log.cannot_open", f"the log there has version {before}, this is {VERSION}")
    if not before:
        for each in (schema, f"{schema}_vault"):
            session.run(f"CREATE SCHEMA {each} AUTHORIZATION {schema}_owner")
    session.run(f"SET LOCAL ROLE {schema}_owner")
    for number in range(before + 1, VERSION + 1):
        session.run(_script(f"{number}.sql", schema))
    session.run(_script("roles.sql", schema))
    session.run("SELECT make_days((now() AT TIME ZONE 'UTC')::date, $1)", _DAYS_AHEAD)
    session.run("RESET ROLE")
    return Made(roles, before, VERSION)


def version(session: Session) -> int:
    """Return the version of the log's schema; 0 where there is none.

    Raises:
        OSError: it can't be asked.
    """
    if session.row("SELECT to_regclass($1) AS there", f"{session.target.schema}.version")["there"] is None:
        return 0
    return int(session.row("SELECT max(version) AS version FROM version")["version"])


def _make_roles(session: Session) -> tuple[str, ...]:
    """Make the roles that are missing. Nobody logs in as them: logins are made members of them."""
    made = []
    for each in ROLES:
        name = f"{session.target.schema}_{each}"
        if session.row("SELECT FROM pg_roles WHERE rolname = $1", name) is None:
            session.run(f"CREATE ROLE {name} NOLOGIN")
            made.append(name)
    owner = f"{session.target.schema}_owner"
    if not session.row("SELECT pg_has_role(current_user, $1, 'USAGE') AS ours", owner)["ours"]:
        session.run(f"GRANT {owner} TO CURRENT_USER")
    return tuple(made)


def _script(name: str, schema: str) -> str:
    text = resources.files("audit.postgres").joinpath("sql", name).read_text(encoding="utf-8")
    return text.replace("{schema}", schema)
