"""Pins `regent audit postgres`: what makes a log, what copies it, and what is said of an address."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from audit.postgres.cli import app
from audit.record import auth_failure
from tests.audit.merging.conftest import House

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.postgres.conftest import Cluster

SECRET = "postgresql://gateway:hunter2@127.0.0.1:1/audit"


def run(*arguments: str, variable: str | None = None) -> tuple[int, str]:
    """Exit code and everything that was printed."""
    done = CliRunner().invoke(app, list(arguments), env={"REGENT_POSTGRES_DSN": variable})
    return done.exit_code, done.output


@pytest.mark.server
def test_init_names_the_roles_and_may_be_repeated(cluster: Cluster, tmp_path: Path) -> None:
    """From a file, from the variable, and from an option where there is no password in it."""
    file = tmp_path / "dsn"
    file.write_text(cluster.admin.dsn + "\n")
    file.chmod(0o600)
    name = f"{cluster.schema}_new"

    code, said = run("init", "--dsn-file", str(file), "--schema", name)
    assert (code, f"role {name}_writer made" in said, "version 2 (before: none)" in said) == (0, True, True)
    code, said = run("init", "--schema", name, variable=cluster.admin.dsn)
    assert (code, "made" in said, "version 2 (before: 2)" in said) == (0, False, True)
    assert run("init", "--schema", name, "--dsn", cluster.admin.dsn)[0] == 0


@pytest.mark.server
async def test_export_copies_what_is_merged(cluster: Cluster, tmp_path: Path) -> None:
    """The folder is whole by itself, and brought up to date by the same command."""
    log = cluster.open()
    sequencer = cluster.sequencer()
    for count in (3, 300):
        await cluster.append(log, *(auth_failure("a.b", number) for number in range(count)))
        sequencer.turn()
        code, said = run(
            "export", str(tmp_path / "copy"), "--dsn", cluster.target().dsn, "--schema", cluster.schema
        )
        assert (code, f"has {sequencer.size} entries" in said) == (0, True)

    assert set(cluster.promised.values()) <= House(tmp_path / "copy").merged()


def test_a_password_is_not_taken_from_the_command_line(tmp_path: Path) -> None:
    """Nor from a file that others can read; and no message has it."""
    file = tmp_path / "dsn"
    file.write_text(SECRET)
    file.chmod(0o644)
    answers = [
        run("init", "--dsn", SECRET),
        run("init", "--dsn", "postgresql://127.0.0.1/audit?user=a&password=hunter2"),
        run("init", "--dsn-file", str(file)),
        run("init", "--dsn-file", str(tmp_path / "absent")),
        run("init", variable=SECRET),
        run("export", str(tmp_path / "copy"), variable=SECRET),
        run("init"),
    ]

    assert [code for code, _ in answers] == [1] * len(answers)
    assert not any("hunter2" in said for _, said in answers)


def test_the_rest_of_the_log_needs_no_client_of_a_database() -> None:
    """Without asyncpg everything but this room works, and this room says what is missing."""
    script = """
import sys
sys.modules["asyncpg"] = None
import audit.cli, gateway.app, gateway.cli, audit.merging.__main__
from audit.errors import LogUnavailable
try:
    import audit.postgres.log
except LogUnavailable as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert "pip install 'regent[postgres]'" in done.stdout, done.stderr
