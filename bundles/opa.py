"""Finds the `opa` binary and runs it; the one module that starts a process, and only for authors."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Before 1.21.3 a bundle's signature could be side-stepped (GHSA-g2pf-6v5v-qcc8).
OLDEST = (1, 21, 3)
_TIMEOUT_S = 120
# Go's collector runs when the heap has doubled; `opa test` allocates so fast that it took half of the time.
# At five times the heap it takes a few percent, for 300 MB where it was 100 over the shipped policies.
_ROOMY = {"GOGC": "400"}
_VERSION = re.compile(r"^Version: v?(\d+)\.(\d+)\.(\d+)", re.MULTILINE)
_ADVICE = (
    f"`make tools` puts OPA {'.'.join(map(str, OLDEST))} into .tools; "
    "or name one with --opa or in the variable REGENT_OPA"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What one `opa` command left behind.

    Args:
        code: its exit code.
        out: what it printed.
        error: what it printed as an error.
    """

    code: int
    out: str
    error: str


def find(explicit: Path | None = None, configured: Path | None = None) -> Path:
    """The `opa` to use: the one named, else the configured one, else `.tools/opa` here, else PATH's.

    Args:
        explicit: what the command's `--opa` names.
        configured: what the variable `REGENT_OPA` names; the caller reads it.

    Raises:
        BundleError: `bundle.tool`, when there is none or it is too old; the message says how to get one.
    """
    named = explicit or configured
    if named is not None:
        return _checked(named)
    local = Path(".tools", "opa")
    if local.is_file():
        return _checked(local.absolute())
    if found := shutil.which("opa"):
        return _checked(Path(found))
    raise BundleError("bundle.tool", f"no `opa` found; {_ADVICE}")


def run(opa: Path, arguments: Sequence[str], folder: Path) -> str:
    """Run one `opa` command in a folder.

    Returns:
        what it printed.

    Raises:
        BundleError: `bundle.tool`, with what `opa` said, when it can't be run or fails.
    """
    done = attempt(opa, arguments, folder)
    if done.code != 0:
        said = (done.error or done.out).partition("\nUsage:")[
            0
        ]  # what follows explains options, not the failure
        raise BundleError("bundle.tool", f"opa {arguments[0]} failed: {said.strip()}")
    return done.out


def attempt(opa: Path, arguments: Sequence[str], folder: Path) -> Said:
    """Run one `opa` command whose failure is an answer: a check that finds something, a test that fails.

    Raises:
        BundleError: `bundle.tool`, when it can't be run or doesn't end.
    """
    try:
        done = subprocess.run(  # noqa: S603 - no shell; the caller chose the program, the arguments are ours
            [str(opa.absolute()), *arguments],
            cwd=folder,
            env={**_ROOMY, **os.environ},  # noqa: TID251 - handed on unread, and whoever sets it goes first
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",  # it quotes the sources, also where they are no text
            timeout=_TIMEOUT_S,
        )
    except OSError as error:
        raise BundleError("bundle.tool", f"{opa} can't be run: {error.strerror}; {_ADVICE}") from None
    except subprocess.TimeoutExpired:
        raise BundleError("bundle.tool", f"opa {arguments[0]} took over {_TIMEOUT_S} s") from None
    return Said(done.returncode, done.stdout, done.stderr)


def _checked(opa: Path) -> Path:
    said = _VERSION.search(run(opa, ["version"], Path.cwd()))
    if said is None:
        raise BundleError("bundle.tool", f"{opa} doesn't say its version; {_ADVICE}")
    version = tuple(int(part) for part in said.groups())
    if version < OLDEST:
        raise BundleError("bundle.tool", f"{opa} is {'.'.join(said.groups())}, too old; {_ADVICE}")
    return opa
