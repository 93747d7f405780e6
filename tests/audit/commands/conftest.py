"""What the tests of commands share: a small closed log, and a way to run `regent audit` on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from audit.cli import app
from audit.log import AuditLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from audit.record import Record

    Make = Callable[..., Record]


@pytest.fixture
async def log_folder(folder: Path, make_decision: Make, make_outcome: Make) -> Path:
    """Make a small closed log."""
    async with AuditLog.open(folder, "regent.example/audit") as log:
        allowed = make_decision(sref=await log.sref("alice"))
        await log.append(allowed)
        await log.append(make_outcome(allowed.id))
        await log.append(make_decision(action="deny", request_id="req-2", team="=1+1"))
    return folder


@pytest.fixture
def run(log_folder: Path) -> Callable[..., Result]:
    """Run `regent audit` on the log."""

    def run_it(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["--folder", str(log_folder), *arguments])

    return run_it
