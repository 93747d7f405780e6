"""How a command of the vault ends: in plain words, and with an exit code that scripts can tell apart."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from audit.errors import AuditError

UNKNOWN, USAGE, REFUSED, INCOMPLETE, UNAVAILABLE = 1, 2, 3, 30, 40
_CODES = {
    "vault.unknown": UNKNOWN,
    "vault.word": USAGE,
    "vault.held": REFUSED,
    "vault.too_young": REFUSED,
}


@contextmanager
def told() -> Iterator[None]:
    """Turn failures into a word and an exit code.

    Raises:
        typer.Exit: 1 nothing of that name, 2 a malformed word, 3 refused, 40 log or vault can't be used.
    """
    try:
        yield
    except AuditError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(_CODES.get(error.code, UNAVAILABLE)) from None
    except OSError as error:
        sys.stderr.write(f"the log can't be used: {error}\n")
        raise typer.Exit(UNAVAILABLE) from None
