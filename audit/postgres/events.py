"""The records of one kind in the rows of a log, as `audit.reading.stream.events` finds them in segments."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import orjson

from audit.errors import LogUnavailable
from audit.postgres.session import Session
from audit.postgres.target import Target

PATIENCE_S = 3600.0
"""Of one question: the server reads every record for it."""

# Anything a caller wrote has its quotes escaped, so nothing else can look like this.
_EVENTS = "SELECT body FROM entry WHERE position($1::bytea IN body) > 0 ORDER BY writer, at"


def events(target: Target, typ: str) -> Iterator[dict[str, Any]]:
    """Yield the records of one kind, writer by writer, oldest first.

    Args:
        target: as somebody who may read the log.
        typ: the kind.

    Raises:
        LogUnavailable: `log.cannot_open` when the database can't be asked.
    """
    wanted = orjson.dumps({"typ": typ})[1:-1]
    try:
        with closing(Session(replace(target, timeout_s=PATIENCE_S), "regent reader")) as session:
            yield from (orjson.loads(row["body"]) for row in session.fetch(_EVENTS, wanted))
    except OSError as error:
        raise LogUnavailable("log.cannot_open", f"the database of the log: {error}") from error
