"""The ledger's Lua, put together from the files in `lua/`: one script for each thing that is done atomically.

Each begins with a line that tells Redis its flags: with them a server whose memory is full refuses a script
as a whole and before its first line, while settling, which gives memory back, still goes through.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import NamedTuple

TIME = "local time = redis.call('TIME')"
"""The one line by which a script knows the time."""

_PARTS = ("time", "words", "slices", "rate", "at_once", "marks", "period", "rolling", "counters", "expiry")
_FREES_MEMORY = "#!lua flags=allow-oom\n"
_NEEDS_MEMORY = "#!lua\n"


class Script(NamedTuple):
    """One script.

    Args:
        source: its text.
        sha: by which EVALSHA names it.
    """

    source: str
    sha: bytes


class Scripts(NamedTuple):
    """Every script, by what it does; see the file of that name in `lua/`."""

    begin: Script
    renew: Script
    accepted: Script
    lease: Script
    reserve: Script
    settle: Script
    usage: Script
    correct: Script
    expired: Script
    acknowledge: Script


def read_scripts(time: str = TIME) -> Scripts:
    """Read them.

    Args:
        time: another line in the place of `TIME`, for tests that set the clock.
    """
    folder = resources.files("gateway.ledger") / "lua"
    shared = "".join((folder / f"{part}.lua").read_text(encoding="utf-8") for part in _PARTS)
    if TIME not in shared:
        raise ValueError("the scripts don't take their time from the server")
    shared = shared.replace(TIME, time)

    def script(name: str, flags: str, before: str = shared) -> Script:
        source = flags + before + (folder / f"{name}.lua").read_text(encoding="utf-8")
        # Redis names a script so; nothing is proven by it.
        return Script(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest().encode())

    return Scripts(
        begin=script("begin", _NEEDS_MEMORY, ""),
        renew=script("renew", _NEEDS_MEMORY, ""),
        accepted=script("accepted", _FREES_MEMORY, ""),
        lease=script("lease", _FREES_MEMORY),
        reserve=script("reserve", _NEEDS_MEMORY),
        settle=script("settle", _FREES_MEMORY),
        usage=script("usage", _FREES_MEMORY),
        correct=script("correct", _NEEDS_MEMORY),
        expired=script("expired", _FREES_MEMORY),
        acknowledge=script("acknowledge", _FREES_MEMORY),
    )
