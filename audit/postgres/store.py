"""One writer's rows: a group is one statement, and its commit is what makes it durable.

The statement moves the writer's place by comparison and adds the entries behind it, with their nonces,
questions and sealed payloads; so a group stands there as a whole or not at all. When the answer doesn't come,
nobody knows which: the place can be taken again only when the server has ended what was under way, and then
it says. So a cut connection costs nothing if another can be made at once.
"""

import errno
from datetime import UTC, date, datetime

from audit.errors import AuditError, LogDamaged
from audit.ports import Ports
from audit.postgres import demands
from audit.postgres.slot import Slot
from audit.tlog.forms import HASH_BYTES
from audit.tlog.tree import Frontier, leaf_hash
from audit.vault import payloads
from audit.vault.questions import MAX_BYTES
from audit.writing.group import Group, Kept

_WHERE = "SELECT boot, size, hashes FROM writer WHERE name = $1"
_APPEND = "SELECT append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
_AFTER = "SELECT at, body FROM entry WHERE writer = $1 AND at >= $2 ORDER BY at"
_KEY_BYTES = 16


class PostgresStore:
    """**Adapter** of the database to `audit.writing.store.Store`.

    Args:
        slot: the writer's place, held.
        ports: clocks.
        keep_questions: whether to keep what policies were asked.

    Raises:
        LogDamaged: `log.damaged`, `log.rolled_back`: the rows aren't what the writer's place says.
        OSError: the database can't be asked.
    """

    def __init__(self, slot: Slot, ports: Ports, *, keep_questions: bool) -> None:
        self._slot = slot
        self._session = slot.session
        self._ports = ports
        self._keep_questions = keep_questions
        self._session.run("SELECT enlist($1)", slot.name)
        self._last_boot, self.frontier = self._place()
        self.boot = self._last_boot + 1
        if self.frontier.size and len(self._after(self.frontier.size - 1)) != 1:
            raise LogDamaged("log.rolled_back", f"the last of the {self.frontier.size} records isn't there")

    @property
    def dirty(self) -> bool:
        """See `Store.dirty`: everything is committed at once."""
        return False

    def append(self, group: Group) -> None:
        """See `Store.append`."""
        try:
            self._insert(group)
        except ConnectionError:
            # Cut off, perhaps long ago: the server knows whether the group is there; if not, it goes again.
            if not self._return():
                self._insert(group)
        self._last_boot, self.frontier = self.boot, group.frontier

    def _insert(self, group: Group) -> None:
        self._session.run(
            _APPEND,
            self._slot.name,
            self._last_boot,
            self.boot,
            self.frontier.size,
            b"".join(group.frontier.hashes),
            _day(self._ports.wall_us()),
            group.bodies,
            *self._beside([each for each in group.kept if each.slots]),
        )

    def sync(self) -> None:
        """See `Store.sync`."""

    def abandon(self) -> int:
        """See `Store.abandon`: what a commit has acknowledged is durable."""
        self._session.drop()
        return 0

    def reopen(self) -> int:
        """See `Store.reopen`."""
        self._session.drop()
        demands.insist(self._session)
        self._slot.hold()
        boot, there = self._place()
        if boot not in {self._last_boot, self.boot} or there.size < self.frontier.size:
            raise LogDamaged("log.rolled_back", f"{self._slot.name} isn't where this process has left it")
        late = self._after(self.frontier.size)
        seen = self.frontier.copy()
        for body in late:
            seen.append(leaf_hash(body))
        if (seen.size, seen.hashes) != (there.size, there.hashes):
            raise LogDamaged("log.damaged", f"the records of {self._slot.name} aren't those of its tree")
        self._last_boot, self.frontier = boot, seen
        return len(late)

    def _return(self) -> int:
        """Connect again at once, as `reopen`; but what it finds damaged is an error of this group."""
        try:
            return self.reopen()
        except AuditError as error:
            raise OSError(errno.ESTALE, str(error)) from error

    def close(self) -> None:
        """See `Store.close`."""
        self.release()

    def release(self) -> None:
        """See `Store.release`."""
        self._session.close()

    def _place(self) -> tuple[int, Frontier]:
        """Return the last boot that wrote, -1 for none, and the tree of all records."""
        row = self._session.row(_WHERE, self._slot.name)
        try:
            data = row["hashes"]
            hashes = [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
            return row["boot"], Frontier(row["size"], hashes)
        except (TypeError, ValueError) as error:
            raise LogDamaged("log.damaged", f"the place of {self._slot.name} isn't readable") from error

    def _after(self, at: int) -> list[bytes]:
        """Return the records from `at` on, which follow each other."""
        rows = self._session.fetch(_AFTER, self._slot.name, at)
        if [row["at"] for row in rows] != list(range(at, at + len(rows))):
            raise LogDamaged("log.damaged", f"records of {self._slot.name} behind {at} are missing")
        return [row["body"] for row in rows]

    def _beside(self, kept: list[Kept]) -> tuple[list[object], ...]:
        """Return what the vault gets, column by column, as `append` takes it."""
        return (
            [bytes.fromhex(each.id) for each in kept],
            [each.slots for each in kept],
            [self._question(each.question) for each in kept],
            [_id(each.sref) for each in kept],
            [_id(each.ref) for each in kept],
            [payloads.pack(each.id, each.sealed) or None for each in kept],
            [len(each.sealed) for each in kept],
        )

    def _question(self, question: bytes | None) -> bytes | None:
        return question if self._keep_questions and question and len(question) <= MAX_BYTES else None


def _id(text: str | None) -> bytes | None:
    return bytes.fromhex(text) if text else None


def _day(wall_us: int) -> date:
    return datetime.fromtimestamp(wall_us // 1_000_000, UTC).date()
