"""`regent` commands for tests: each in a process of its own, forked as `forks` says."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.servers.forks import Forks

TIMEOUT_S: Final = 60


class Commands:
    """Runs `regent` commands.

    Args:
        forks: where their processes come from.
    """

    def __init__(self, forks: Forks) -> None:
        self.forks = forks

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run one, as `subprocess.run` does.

        Raises:
            subprocess.TimeoutExpired: it took more than `TIMEOUT_S`.
        """
        command = ["regent", *arguments]
        with (
            Path(os.devnull).open("rb") as nothing,
            tempfile.NamedTemporaryFile() as out,
            tempfile.NamedTemporaryFile() as error,
        ):
            given = [each.fileno() for each in (nothing, out, error)]
            process = self.forks.start(command, folder, environment, given)
            try:
                code = process.wait(TIMEOUT_S)
            except BaseException:  # a test's own time may be over, too
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
            said = Path(out.name).read_text(encoding="utf-8"), Path(error.name).read_text(encoding="utf-8")
        return subprocess.CompletedProcess(command, code, *said)


@pytest.fixture(scope="session")
def commands(forks: Forks) -> Commands:
    """Where `regent` commands are run."""
    return Commands(forks)
