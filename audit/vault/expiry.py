"""Retention as policies asked for it: which decisions' days are over, so that nothing of them is kept.

A decision's record has the days in its obligation `retain`; of several the fewest count. The record itself
stays: how long the log is kept is `audit.vault.pruning`'s affair.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import orjson

from audit.ports import Ports
from audit.vault import nonces, payloads, questions
from audit.vault.belonging import Belonging, add_end, bodies
from audit.vault.pruning import DAY_US

# Anything a caller wrote has its quotes escaped, so nothing else in a record can look like this.
_RETAINED = b'"kind":"retain"'


def over(folder: Path, now_us: int) -> Belonging:
    """Return the decisions whose days are over, with their ends.

    Raises:
        LogUnavailable: `log.cannot_open` when the folder is no log.
        OSError: when a segment can't be read.
    """
    found = Belonging()
    for body in bodies(folder, found):
        if _RETAINED in body:
            record = orjson.loads(body)
            if record["typ"] == "decision" and record["t_us"] + _days(record) * DAY_US <= now_us:
                found.add(record)
        elif found.ids:
            add_end(found, body)
    return found


def erase(vault: Path, ids: Collection[bytes], ports: Ports) -> dict[str, int]:
    """Overwrite what the vault holds of some records, durably; return how many pieces, by kind.

    Raises:
        OSError: when the disk refuses; doing it again finishes it.
    """
    return {
        "question": len(questions.erase(vault, ids, ports)),
        "payload": len(payloads.erase(vault, ids, ports)),
        "nonce": nonces.erase_all(vault, ids, ports),
    }


def live(vault: Path, ids: Collection[bytes]) -> set[bytes]:
    """Return those of some records that the vault holds something of: nonces go last, so they tell."""
    return {key for key in nonces.live(vault) if key in ids}


def _days(record: dict[str, Any]) -> int:
    obligations = record["decision"]["obligations"]
    return min(int(each["days"]) for each in obligations if each["kind"] == "retain")
