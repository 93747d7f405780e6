"""Tables of version 1 with a log in them: brought up to date without loss, while who wrote there goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.postgres import schema
from audit.postgres.session import Session
from audit.postgres.target import Target

if TYPE_CHECKING:
    from tests.audit.postgres.conftest import Cluster

pytestmark = pytest.mark.server

APPEND = (
    "SELECT append('a.w0', {before}, 0, {size}, '\\x{hash}', current_date, "
    "ARRAY['{{}}']::bytea[], ARRAY['\\x{record}']::bytea[], ARRAY['\\x00']::bytea[], ARRAY[NULL]::bytea[])"
)


def test_version_1_is_brought_up_to_date(cluster: Cluster) -> None:
    """What is published stays so, the vault keeps its rows, and what old processes call works on."""
    old = Target(cluster.admin.dsn, f"{cluster.schema}_old")
    session = Session(old, "test")
    schema._make_roles(session)
    for each in (old.schema, f"{old.schema}_vault"):
        session.run(f"CREATE SCHEMA {each} AUTHORIZATION {old.schema}_owner")
    session.run(f"SET ROLE {old.schema}_owner")
    session.run(schema._script("1.sql", old.schema))
    session.run("RESET ROLE")
    session.run("SELECT enlist('a.w0')")
    session.run(APPEND.format(before=-1, size=0, hash="11" * 32, record="aa" * 16))
    session.run("UPDATE head SET note = '\\x01'")

    made = schema.init(old)
    assert (made.before, made.after) == (1, schema.VERSION)
    assert session.row("SELECT note = published AS same FROM head")["same"]
    session.run(APPEND.format(before=0, size=1, hash="22" * 32, record="bb" * 16))
    assert session.row("SELECT size FROM writer")["size"] == 2
    assert len(session.fetch(f"TABLE {old.schema}_vault.kept")) == 2
    assert schema.init(old).before == schema.VERSION
    session.close()
