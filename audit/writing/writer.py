"""The writer thread: gathers what callers bring, makes it durable in groups, and answers.

One write, one sync and one wake-up per event loop and group, however many callers wait. After a failed
write or sync everything that waits is refused, the file is given up, and after a pause the thread finds
out what was durable and goes on behind a `gap` record that counts what was lost. One module on
purpose, over the usual length: its states only make sense beside each other.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from threading import Thread

from audit import record as records
from audit.durability import Durability
from audit.errors import AuditError, LogUnavailable, RecordRefused
from audit.ports import Ports
from audit.record import Record
from audit.writing.answers import Answers
from audit.writing.group import Group
from audit.writing.inbox import Entry, Inbox, Signal
from audit.writing.missing import Counts, Missing, Reason
from audit.writing.segments import GROUP_BYTES
from audit.writing.store import Store
from audit.writing.tally import Tally

_SYNC_US = 1_000_000


class _State(Enum):
    LIVE = "live"
    DOWN = "down"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the writer.

    Attributes:
        queue: records that may wait; more are refused.
        reopen_after_us: pause between a failure and the next try.
        keep_questions: whether the vault takes what policies were asked.
        durability: what callers are promised.
    """

    queue: int
    reopen_after_us: int
    keep_questions: bool = True
    durability: Durability = Durability.STRICT


@dataclass(frozen=True, slots=True)
class _Doubtful:
    """What a group held whose write failed: in the log or not, only `Store.reopen` can tell.

    Attributes:
        missing: what its gap record counted.
        tallied: what its tallies counted.
        taken: how many records callers had brought.
    """

    missing: tuple[Reason, Counts] | None = None
    tallied: tuple[tuple[str, int], ...] = ()
    taken: int = 0


class Writer:
    """One writer's thread and its inbox.

    Args:
        name: id of the writer.
        store: where its records become durable; this thread is its only user from `begin` on.
        ports: the machine.
        limits: bounds.

    Attributes:
        limits: bounds.
    """

    def __init__(self, name: str, store: Store, ports: Ports, limits: Limits) -> None:
        self._head = {"id": name, "boot": store.boot}
        self._store = store
        self._ports = ports
        self.limits = limits
        self._inbox = Inbox(limits.queue)
        self._tally = Tally()
        self._missing = Missing()
        self._state = _State.LIVE
        self._ended = False
        self._wseq = 0
        self._down_since_us = 0
        self._error = "EIO"
        self._doubtful = _Doubtful()
        self._answers = Answers()
        self._synced_us = ports.mono_us()
        self._thread = Thread(target=self._run, name=f"audit-{name}", daemon=True)

    # ── callers' side ───────────────────────────────────────────────────────────────────────────

    @property
    def available(self) -> bool:
        """Whether an append would be taken now, as far as the disk is concerned."""
        return self._state is _State.LIVE

    def begin(self, opening: Record, others: list[Record]) -> None:
        """Make the boot's first records durable and start the thread.

        Raises:
            OSError: when they cannot be written.
        """
        group = self._group()
        opening.body["tree"] = group.tree()
        for record in (opening, *others):
            group.add(record)
        self._write(group)
        self._thread.start()

    def submit(self, entry: Entry) -> None:
        """Put a record into the queue.

        Raises:
            LogUnavailable: `log.closed`, `log.not_durable` or `log.backlogged`; the record is counted
                as missing, except after the end, when nothing can be written any more.
        """
        if self._state is not _State.LIVE:
            if self._state is _State.CLOSED:
                raise _closed()
            self._count_refusal(entry, "not_durable")
            raise _not_durable()
        if not self._inbox.admit():
            self._count_refusal(entry, "backlogged")
            raise LogUnavailable("log.backlogged", f"{self.limits.queue} records wait already")
        self._inbox.add(entry)

    def count_auth_failure(self, code: str) -> None:
        """Count a failed authentication; the thread writes the record when it is due."""
        if self._tally.hit(code):
            self._inbox.signal(Signal.LOOK)

    def close(self) -> None:
        """Write what waits, end the boot in order and the thread with it; harmless when repeated."""
        if self._state is not _State.CLOSED:
            self._inbox.signal(Signal.STOP)
        self._thread.join()

    def _count_refusal(self, entry: Entry, reason: Reason) -> None:
        self._missing.add(Counts(refused=1) if entry.future else Counts(dropped=1), reason)

    # ── the thread ──────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        try:
            while self._turn(self._next()):
                pass
        finally:  # also after a fault of this code: nobody may be left waiting
            self._state = _State.CLOSED
            self._ended = True
            self._answers.refuse(_closed)
            self._inbox.end(lambda: self._refuse_queue(_closed))

    def _next(self) -> Entry | Signal:
        due_us = self._due_us()
        wait_s = None if due_us is None else max(0, due_us - self._ports.mono_us()) / 1e6
        return self._inbox.take(wait_s) or Signal.LOOK

    def _due_us(self) -> int | None:
        """Return when there is work without a record, in monotonic microseconds."""
        if self._state is _State.DOWN:
            return self._down_since_us + self.limits.reopen_after_us
        due_us = self._tally.due_at_us()
        if self._store.dirty:
            sync_us = self._synced_us + _SYNC_US
            return sync_us if due_us is None else min(due_us, sync_us)
        return due_us

    def _turn(self, first: Entry | Signal) -> bool:
        """Write one group that begins with `first`; tell whether to go on."""
        if self._state is _State.DOWN:
            return self._turn_down(first)
        group = self._group()
        answers = self._answers = Answers()
        missing = self._add_missing(group)
        tallied = self._add_tally(group)
        taken = 0
        item: Entry | Signal | None = first
        while item is not None and item is not Signal.STOP:
            if isinstance(item, Entry):
                taken += self._take(item, group, answers)
            item = self._inbox.take() if group.size < GROUP_BYTES else None
        try:
            if group.size:
                self._write(group)
        except OSError as error:
            self._fail(error, _Doubtful(missing, tuple(tallied), taken))
        else:
            answers.send()
            self._sync_rest()
        return item is not Signal.STOP or self._finish()

    def _take(self, entry: Entry, group: Group, answers: Answers) -> int:
        """Add one record to the group; return how many were added."""
        try:
            receipt = group.add(entry.record)
        except RecordRefused as error:
            if entry.future is None:
                self._missing.add(Counts(dropped=1), "refused")
            else:
                answers.add(entry.future, error)
            return 0
        if entry.future is not None:
            answers.add(entry.future, receipt)
        return 1

    def _group(self) -> Group:
        ports = self._ports
        return Group(self._head, self._wseq, self._store.frontier, ports.wall_us(), ports.mono_us())

    def _write(self, group: Group) -> None:
        self._store.append(group)
        self._wseq = group.wseq

    def _sync_rest(self) -> None:
        """Once a second, make durable what nobody waits for: the vault; in weaker modes, records too."""
        now_us = self._ports.mono_us()
        if not self._store.dirty or now_us - self._synced_us < _SYNC_US:
            return
        try:
            self._store.sync()
        except OSError as error:
            self._fail(error, _Doubtful())
        self._synced_us = now_us

    def _add_missing(self, group: Group) -> tuple[Reason, Counts] | None:
        missing = self._missing.take()
        if missing:
            group.add(records.gap(missing[0], missing[1].facts()))
        return missing

    def _add_tally(self, group: Group, *, all_codes: bool = False) -> list[tuple[str, int]]:
        tallied = self._tally.take(self._ports.mono_us(), all_codes=all_codes)
        for code, n in tallied:
            group.add(records.auth_failure(code, n))
        return tallied

    # ── failure and end ─────────────────────────────────────────────────────────────────────────

    def _fail(self, error: OSError, doubtful: _Doubtful) -> None:
        """Give up the file: what a failed sync left behind is unknown, and a second one would lie."""
        self._state = _State.DOWN
        self._down_since_us = self._ports.mono_us()
        self._error = errno.errorcode.get(error.errno or 0, "EIO")
        self._doubtful = doubtful
        # In weaker modes some were acknowledged and not durable yet; their numbers are used again.
        unkept = self._store.abandon()
        self._wseq -= unkept
        if unkept:
            self._missing.add(Counts(lost=unkept), "not_durable")
        self._answers.refuse(_not_durable)
        self._refuse_queue(_not_durable)

    def _turn_down(self, item: Entry | Signal) -> bool:
        if item is Signal.STOP:
            self._try_again()
            return self._finish()
        if isinstance(item, Entry):
            self._refuse(item, _not_durable())
        if self._ports.mono_us() - self._down_since_us >= self.limits.reopen_after_us:
            self._try_again()
        return True

    def _try_again(self) -> None:
        try:
            self._settle(self._store.reopen())
            self._doubtful = _Doubtful(self._missing.take())
            _, counts = self._doubtful.missing or ("not_durable", Counts())
            group = self._group()
            group.add(records.gap("not_durable", {**counts.facts(), "error": self._error}))
            self._write(group)
        except (OSError, AuditError):
            self._store.abandon()
            self._down_since_us = self._ports.mono_us()
        else:
            self._doubtful = _Doubtful()
            self._state = _State.LIVE

    def _settle(self, late: int) -> None:
        """Count what became of the doubtful group, now that it is known."""
        doubtful, self._doubtful = self._doubtful, _Doubtful()
        self._wseq += late
        if late:  # its callers were refused, and it stands in the log all the same
            self._missing.add(Counts(late=doubtful.taken), "not_durable")
            return
        if doubtful.missing:
            self._missing.add(doubtful.missing[1], doubtful.missing[0])
        self._tally.give_back(list(doubtful.tallied))
        self._missing.add(Counts(lost=doubtful.taken), "not_durable")

    def _finish(self) -> bool:
        """End the boot; what cannot be written now is missing, and the absent close says so."""
        live, self._state = self._state is _State.LIVE, _State.CLOSED
        try:
            if live:
                group = self._group()
                self._add_missing(group)
                self._add_tally(group, all_codes=True)
                group.add(records.writer_close(group.tree()))
                self._write(group)
                self._store.close()
            else:
                self._store.release()
        except OSError:
            self._store.release()
        return False

    def _refuse_queue(self, reason: Callable[[], LogUnavailable]) -> None:
        while (item := self._inbox.take()) is not None:
            if isinstance(item, Entry):
                self._refuse(item, reason())
            elif item is Signal.STOP and not self._ended:
                self._inbox.signal(item)
                return

    def _refuse(self, entry: Entry, error: LogUnavailable) -> None:
        self._missing.add(Counts(lost=1), "not_durable")
        if entry.future is not None:
            answers = Answers()
            answers.add(entry.future, error)
            answers.send()


def _not_durable() -> LogUnavailable:
    return LogUnavailable("log.not_durable", "a write or a sync failed; the record is not durable")


def _closed() -> LogUnavailable:
    return LogUnavailable("log.closed", "the log is closed")
