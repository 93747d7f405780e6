"""A writer's place in the database: the first of `<replica>.w0`, `<replica>.w1`, ... that nobody holds.

Held by an advisory lock of the session, which ends with it: a killed process gives its place back at once,
and the next one continues the same writer's log. That two can't hold one place is the server's doing; that
two couldn't write as one anyway, that of `append`, which moves a writer only from where its caller left it.
"""

import re

from audit.errors import LogUnavailable
from audit.postgres.session import Session

MAX_SLOTS = 1024
_REPLICA = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)

_WAIT = "SELECT pg_advisory_lock(hashtextextended($1, 0))"
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS ours"


class Slot:
    """A held place.

    Args:
        session: holds the lock, and is what the writer writes by.
        name: id of the writer.
    """

    def __init__(self, session: Session, name: str) -> None:
        self.name = name
        self.session = session

    def hold(self) -> None:
        """Take the place again in a new connection, as soon as the server has noticed the end of the old one.

        Raises:
            OSError: somebody else holds it, or the database can't be asked.
        """
        self.session.run(_WAIT, _key(self.session, self.name))

    def release(self) -> None:
        """Give the place back with the connection."""
        self.session.close()


def take(session: Session, replica: str) -> Slot:
    """Take and return the first free place.

    Args:
        session: connected; it holds the place from now on.
        replica: what the names of this process's writers begin with; several processes may share it.

    Raises:
        LogUnavailable: `log.cannot_open` when there is none, or the replica's name is none.
        OSError: the database can't be asked.
    """
    if not _REPLICA.fullmatch(replica):
        raise LogUnavailable("log.cannot_open", "a replica's name is 1 to 64 of a-z, 0-9, '.', '_' and '-'")
    for number in range(MAX_SLOTS):
        name = f"{replica}.w{number}"
        if _try(session, name):
            return Slot(session, name)
    raise LogUnavailable("log.cannot_open", f"{MAX_SLOTS} writers of {replica} live already")


def _try(session: Session, name: str) -> bool:
    return bool(session.row(_LOCK, _key(session, name))["ours"])


def _key(session: Session, name: str) -> str:
    return f"{session.target.schema}/writer/{name}"
