"""`regent`'s rooms: announced from the start, read in when one of their commands is called."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from gateway import rooms
from gateway.cli import app

COSTLY = ("audit.cli", "bundles.cli", "fastapi", "rego", "uvicorn")
SEEN = f"""
import sys
from gateway.cli import app
try:
    app(sys.argv[1:])
except SystemExit:
    pass
print([name for name in {COSTLY!r} if name in sys.modules])
"""


def read_in(*arguments: str) -> str:
    """The costly modules that a command of its own process reads in."""
    done = subprocess.run(
        [sys.executable, "-c", SEEN, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("token", "--help")])
def test_what_needs_no_room_reads_in_none(arguments: tuple[str, ...]) -> None:
    """A command of the gateway's own waits for no other room's modules."""
    assert read_in(*arguments) == "[]"


def test_a_room_reads_in_itself() -> None:
    """The commands of a room come with what they need, and with no server."""
    assert read_in("bundle", "--help") == str(["bundles.cli", "rego"])


@pytest.mark.parametrize("name", rooms.ROOMS)
def test_each_room_is_mounted(name: str) -> None:
    """A room is named with its help in front of the door, and there are commands behind it."""
    outside = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    inside = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})

    assert rooms.ROOMS[name][1] in outside.output
    assert rooms.ROOMS[name][1] in inside.output
    assert inside.output.count("Commands") == 1


def test_a_slip_of_the_pen_is_understood() -> None:
    """What is nearly a room's name is answered with the name."""
    assert "'bundle'" in CliRunner().invoke(app, ["bundl"]).output


def test_the_auditors_commands_have_replay() -> None:
    """`audit replay` is mounted once, however often the room is entered."""
    for _ in range(2):
        assert CliRunner().invoke(app, ["audit", "--help"]).output.count("replay") == 1
