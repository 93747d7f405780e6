"""What makes the log refuse a database or a role, and what its roles can't do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from audit.errors import LogDamaged, LogUnavailable
from audit.postgres import schema
from audit.postgres.log import Place, open_log
from audit.postgres.target import Target
from audit.record import auth_failure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.postgres.conftest import Cluster
    from tests.servers.postgres_server import PostgresServer

pytestmark = pytest.mark.server

ORIGIN = "regent.test/log"


def refusal(cluster: Cluster, target: Target | None = None) -> str:
    """What an opening of the log says that is refused."""
    with pytest.raises(LogUnavailable) as refused:
        open_log(Place(target or cluster.target(), cluster.folder), ORIGIN)
    assert refused.value.code == "log.cannot_open"
    return str(refused.value)


@pytest.mark.parametrize("value", ["off", "local", "remote_write"])
def test_a_commit_that_may_be_lost_is_refused(cluster: Cluster, value: str) -> None:
    """The message names the setting and what to do."""
    cluster.run(f"ALTER ROLE {cluster.schema}_gateway SET synchronous_commit = {value}")

    said = refusal(cluster)

    assert f"synchronous_commit is {value}" in said
    assert "ALTER ROLE ... SET synchronous_commit = on" in said


async def test_a_configuration_that_weakens_later_changes_nothing(cluster: Cluster) -> None:
    """The session keeps what it was started with."""
    log = cluster.open()
    cluster.run("ALTER DATABASE postgres SET synchronous_commit = off")
    try:
        await cluster.append(log, auth_failure("a.b", 1))
        pinned = log._writer._store._session.row("SHOW synchronous_commit")  # type: ignore[attr-defined]
    finally:
        cluster.run("ALTER DATABASE postgres RESET synchronous_commit")

    assert pinned["synchronous_commit"] == "on"


def test_a_server_without_durability_is_refused(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """Whatever the session says, a server that never syncs keeps nothing."""
    target = Target(postgres_server.socket_dsn, "log_careless")
    schema.init(target)
    with pytest.raises(LogUnavailable, match=r"synchronous_commit is off|fsync is off"):
        open_log(Place(target, tmp_path), ORIGIN)


def test_a_superuser_is_refused(cluster: Cluster) -> None:
    """Who may do everything may also forge."""
    assert "superuser" in refusal(cluster, cluster.admin)


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT UPDATE ON entry TO {login}",
        "GRANT UPDATE (body) ON entry TO {login}",
        "GRANT DELETE ON piece TO {login}",
        "GRANT TRUNCATE ON origin TO {login}",
        "GRANT DELETE ON head TO {login}",
        "GRANT pg_write_all_data TO {login}",
        "GRANT {schema}_owner TO {login}",
        "GRANT {schema}_eraser TO {login}",
    ],
    ids=["update", "column", "delete", "truncate", "head", "predefined", "owner", "eraser"],
)
def test_a_role_that_may_change_the_log_is_refused(cluster: Cluster, grant: str) -> None:
    """Whether by a grant, by a membership or by one of PostgreSQL's own roles."""
    cluster.run(grant.format(login=f"{cluster.schema}_gateway", schema=cluster.schema))

    assert "may change or delete" in refusal(cluster)


def test_a_database_without_the_tables_is_refused(cluster: Cluster) -> None:
    """The message names the command that makes them."""
    assert "regent audit postgres init" in refusal(cluster, Target(cluster.target().dsn, "nothing_here"))


def test_a_role_without_rights_is_refused(cluster: Cluster) -> None:
    """A login that is nobody's member gets no further."""
    cluster.login("stranger")

    assert "42501" in refusal(cluster, cluster.target("stranger"))


async def test_the_roles_can_neither_change_nor_delete(cluster: Cluster) -> None:
    """Writer, sequencer and auditor fail at each of it, and so do owner and superuser."""
    log = cluster.open()
    await cluster.append(log, auth_failure("a.b", 1))
    cluster.sequencer().turn()
    before = cluster.bodies()
    cluster.login("reader", "auditor")
    part = cluster.run("SELECT tableoid::regclass::text AS name FROM entry LIMIT 1")[0]["name"]
    for table in ("entry", "piece", "origin", part):
        column = "document" if table == "origin" else "data" if table == "piece" else "body"
        for form in ("UPDATE {} SET {} = 'x'", "DELETE FROM {}", "TRUNCATE {}"):
            statement = form.format(table, column)
            for role in ("gateway", "reader", None):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    cluster.run(statement, role=role)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                cluster.run(f"SET ROLE {cluster.schema}_owner", statement)

    assert cluster.bodies() == before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO entry VALUES ('a.w0', 99, current_date, 'x')",
        "UPDATE writer SET size = 0",
        "UPDATE head SET one = false",
        "DROP TABLE entry",
        "CREATE TABLE mine (a int)",
        "SELECT * FROM {schema}_vault.subject",
        "SELECT * FROM {schema}_vault.kept",
    ],
    ids=["insert", "place", "head", "drop", "create", "subjects", "kept"],
)
def test_the_gateway_has_no_other_way_than_its_functions(cluster: Cluster, statement: str) -> None:
    """It can't add a record past `append`, move a place, or look into the vault."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        cluster.run(statement.format(schema=cluster.schema), role="gateway")


def test_an_auditor_reads_the_log_and_not_the_vault(cluster: Cluster) -> None:
    """Everything that is evidence, and nothing that names a person."""
    cluster.open()
    cluster.login("reader", "auditor")

    assert cluster.run("SELECT * FROM entry", role="reader")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        cluster.run(f"TABLE {cluster.schema}_vault.kept", role="reader")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        cluster.run("SELECT enlist('x')", role="reader")


def test_a_second_init_changes_nothing(cluster: Cluster) -> None:
    """Also when the log is in use; and it takes back what was granted by hand."""
    cluster.open()
    before = cluster.bodies()
    cluster.run(f"GRANT DELETE ON entry TO {cluster.schema}_writer")

    made = schema.init(cluster.admin)

    assert (made.roles, made.before, made.after) == ((), 2, 2)
    assert cluster.bodies() == before
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        cluster.run("DELETE FROM entry", role="gateway")


def test_who_is_no_superuser_can_init(cluster: Cluster) -> None:
    """As in a managed service: the right to make roles, and a database of its own, suffice."""
    cluster.run(f"CREATE ROLE {cluster.schema}_dba LOGIN CREATEROLE")
    cluster.run(f"GRANT CREATE ON DATABASE postgres TO {cluster.schema}_dba")
    target = Target(cluster.server.dsn_of(f"{cluster.schema}_dba"), f"{cluster.schema}_managed")

    assert len(schema.init(target).roles) == len(schema.ROLES)
    assert schema.init(target).roles == ()


def test_an_init_that_is_refused_leaves_nothing(cluster: Cluster) -> None:
    """Somebody without the rights is told so, and nothing is half made."""
    with pytest.raises(LogUnavailable, match="nothing was changed"):
        schema.init(Target(cluster.target().dsn, "not_mine"))
    assert cluster.run("SELECT FROM pg_namespace WHERE nspname LIKE 'not_mine%'") == []


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://gateway:hunter2@db.example/audit",
        "postgresql://gateway:hunter2@db.example/audit?sslmode=require",
        "postgresql://gateway:hunter2@127.0.0.1,db.example/audit",
        "postgresql://gateway:hunter2@/audit?host=db.example",
        "mysql://gateway:hunter2@127.0.0.1/audit",
        "hunter2",
        "postgresql://gateway:hunter2@[/audit",
    ],
    ids=["plain", "require", "second host", "host option", "other scheme", "no url", "broken"],
)
def test_a_doubtful_address_is_refused_and_not_shown(dsn: str) -> None:
    """Another machine is spoken to with a verified certificate only; no message has the password."""
    with pytest.raises(LogUnavailable) as refused:
        Target(dsn)
    assert "hunter2" not in str(refused.value)


def test_a_target_shows_no_address() -> None:
    """Neither its repr nor that of an error that holds it."""
    target = Target("postgresql://gateway:hunter2@db.example/audit?sslmode=verify-full")

    assert "hunter2" not in repr(target)


def test_a_server_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    """Nobody listens there: the error says so, and no more."""
    with pytest.raises(LogUnavailable) as refused:
        open_log(Place(Target("postgresql://gateway:hunter2@127.0.0.1:1/audit"), tmp_path), ORIGIN)
    assert "no connection to the database" in str(refused.value)
    chain: BaseException | None = refused.value
    while chain is not None:
        assert "hunter2" not in str(chain)
        chain = chain.__cause__


def test_a_replica_with_another_key_is_turned_away(cluster: Cluster, tmp_path: Path) -> None:
    """One log has one key; a replica without it learns where to put it, and makes none."""
    cluster.open()
    with pytest.raises(LogUnavailable, match="from another replica") as refused:
        open_log(Place(cluster.target(), tmp_path / "b"), ORIGIN)
    assert refused.value.code == "log.no_key"
    assert not (tmp_path / "b" / "keys" / "log.key").exists()
    open_folder_log(tmp_path / "c")
    with pytest.raises(LogDamaged) as damaged:
        open_log(Place(cluster.target(), tmp_path / "c"), ORIGIN)
    assert damaged.value.code == "log.key"


def open_folder_log(folder: Path) -> None:
    """Make keys of the same name in another folder."""
    from audit.log import AuditLog  # noqa: PLC0415

    AuditLog.open(folder, ORIGIN).close()
