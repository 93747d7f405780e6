"""The vault: whether it is there, and whether its map of subjects can be read."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from audit.doctor.finding import Finding

_BUSY_S = 5.0


def findings(folder: Path, *, has_records: bool) -> Iterator[Finding]:
    """Look at the vault; a copy of the merged log alone needs none."""
    path = folder / "vault" / "subjects.db"
    if not path.is_file():
        if has_records:
            yield Finding("vault.missing", "vault/subjects.db", "it is not there")
        return
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S)) as db:
            (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
            db.execute("SELECT subject, sref FROM subject LIMIT 1").fetchone()
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        yield Finding("vault.broken", "vault/subjects.db", said)
