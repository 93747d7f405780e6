"""How a command of this room refuses: a line of words, and the exit code for what cannot be read."""

import sys

import typer

CANNOT_READ = 40
"""The exit code of a log, a file or a question that cannot be read; of `regent audit verify`, too."""


def refusal(message: str) -> typer.Exit:
    """Say why, and return what to raise."""
    sys.stderr.write(message + "\n")
    return typer.Exit(CANNOT_READ)
