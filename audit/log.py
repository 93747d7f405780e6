"""The log's public face: open it, append to it, close it.

One `AuditLog` per process. Several share a folder or a database, each with a writer's log of its own.
"""

import asyncio
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import orjson

from audit import origin as origins
from audit import record as records
from audit.durability import Durability
from audit.errors import LogDamaged, LogUnavailable
from audit.keys import LogKeys
from audit.ports import Ports
from audit.receipts import Receipts
from audit.record import Record
from audit.vault import database
from audit.vault.payloads import Sealing
from audit.vault.pseudonyms import Pseudonyms
from audit.vault.sealing import FileKeyring, Seal, Sealer
from audit.vault.sidecars import Vault, private
from audit.writing import slot as slots
from audit.writing.folder import FolderStore
from audit.writing.group import Receipt
from audit.writing.inbox import Entry
from audit.writing.segments import Segments
from audit.writing.writer import Limits, Writer

QUEUE_LIMIT = 4_096
REOPEN_AFTER_S = 5.0


class Slot(Protocol):
    """**Protocol:** a writer's place, held by this process alone."""

    @property
    def name(self) -> str:
        """Id of the writer."""
        ...

    def release(self) -> None:
        """Give the place back."""
        ...


class Names(Protocol):
    """**Protocol:** the erasable map between subjects and their pseudonyms."""

    async def sref(self, subject: str) -> str:
        """See `audit.vault.pseudonyms.Pseudonyms.sref`."""
        ...

    def forget(self) -> None:
        """Remember nobody: somebody was erased."""
        ...

    def close(self) -> None:
        """Close the map."""
        ...


class AuditLog:
    """An open log, made by `open` or in `audit.postgres`; appends come from any event loop, `sref` from one.

    Args:
        receipts: makes receipts.
        slot: where its writer is.
        boot: number of this process's lifetime.
        writer: has begun.
        pseudonyms: of subjects.

    Attributes:
        origin: name of the log.
        writer: id of this process's writer (`w0`, ...).
        boot: number of this process's lifetime in the writer's log.
        durability: what is promised.
    """

    def __init__(
        self,
        receipts: Receipts,
        slot: Slot,
        boot: int,
        writer: Writer,
        pseudonyms: Names,
        sealer: Sealer | None = None,
    ) -> None:
        self.origin = receipts.origin
        self.writer = slot.name
        self.boot = boot
        self._slot = slot
        self.durability = writer.limits.durability
        self._writer = writer
        self._receipts = receipts
        self._pseudonyms = pseudonyms
        self._sealer = sealer
        self._closed = False

    @classmethod
    def open(  # noqa: PLR0913 - one keyword per promise
        cls,
        folder: Path,
        origin: str,
        *,
        queue_limit: int = QUEUE_LIMIT,
        reopen_after_s: float = REOPEN_AFTER_S,
        keep_questions: bool = True,
        durability: Durability = Durability.STRICT,
        post_quantum: bool = False,
        seal: Seal | None = None,
        ports: Ports | None = None,
    ) -> "AuditLog":
        """Open the log in `folder`, creating what is not there, and begin a boot.

        Blocks: it reads the current segment and makes the boot's first records durable.

        Args:
            folder: where the log lives; made with mode 0700.
            origin: name of the log, for good; as in a C2SP checkpoint.
            queue_limit: records that may wait before appends are refused.
            reopen_after_s: seconds between a failed write and the next try.
            keep_questions: whether the vault keeps what policies were asked, for backtests.
            durability: what is promised to callers.
            post_quantum: whether checkpoints are to have an ML-DSA-44 signature as well, from now on.
            seal: what payloads are sealed with; None where none can be.
            ports: clocks and disk calls; None for the machine's own.

        Raises:
            LogUnavailable: `log.cannot_open`, `log.no_key`, `vault.unavailable` or `vault.key`.
            LogDamaged: the files are not what a crash can leave behind, or belong to another log.
        """
        ports = ports or Ports()
        limits = Limits(queue_limit, round(reopen_after_s * 1_000_000), keep_questions, durability)
        try:
            with ExitStack() as undo:
                _make_folders(folder)
                identity = origins.settle(folder, origin, ports.wall_us())
                receipts = Receipts(LogKeys.settle(folder, origin, post_quantum=post_quantum).ed25519)
                log = cls._open(folder, identity, receipts, limits, seal, ports, undo)
                undo.pop_all()
        except OSError as error:
            raise LogUnavailable("log.cannot_open", f"cannot open the log in {folder}: {error}") from error
        return log

    @classmethod
    def _open(
        cls,
        folder: Path,
        identity: origins.Origin,
        receipts: Receipts,
        limits: Limits,
        seal: Seal | None,
        ports: Ports,
        undo: ExitStack,
    ) -> "AuditLog":
        slot = slots.take(folder / "writers")
        undo.callback(slot.release)
        subjects = folder / "vault" / database.NAME
        pseudonyms = Pseudonyms(subjects, ports.mono_us)
        undo.callback(pseudonyms.close)
        sealer = Sealer(FileKeyring(subjects, ports.mono_us), seal) if seal else None
        if sealer:
            undo.callback(sealer.close)
        segments = Segments(slot.folder, ports)
        undo.callback(segments.release)
        segments.boot = _next_boot(segments)
        vault = Vault.open(
            folder / "vault",
            slot.name,
            ports,
            keep_questions=limits.keep_questions,
            seals=seal is not None,
        )
        undo.callback(vault.release)
        sync = limits.durability is not Durability.WRITTEN
        writer = Writer(slot.name, FolderStore(segments, vault, sync=sync), ports, limits)
        others = [records.mode(limits.durability.value)]
        if segments.torn:
            others.insert(0, records.gap("torn_tail", asdict(segments.torn)))
        writer.begin(records.writer_open(identity.name, identity.digest), others)
        return cls(receipts, slot, segments.boot, writer, pseudonyms, sealer)

    @property
    def available(self) -> bool:
        """Whether the disk takes records, for a readiness check."""
        return self._writer.available

    async def append(self, record: Record) -> Receipt:
        """Log one record; on return it is durable.

        Raises:
            LogUnavailable: `log.backlogged`, `log.not_durable` or `log.closed`: there is no record.
            RecordRefused: the record has no canonical form.
        """
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._writer.submit(Entry(record, future))
        return await future

    def certify(self, receipt: Receipt) -> str:
        """Return a receipt in the signed form that is handed to callers; see `audit.receipts`."""
        return self._receipts.issue(receipt)

    def append_soon(self, record: Record) -> None:
        """Log one record without waiting for it: for a denial, which no log may hold up.

        A record that the log cannot take is counted, and the next `gap` record tells the count.
        """
        try:
            self._writer.submit(Entry(record, None))
        except LogUnavailable:
            return

    def auth_failure(self, code: str) -> None:
        """Count a failed authentication: at most one record per code and second, with the count."""
        self._writer.count_auth_failure(code)

    async def sref(self, subject: str) -> str:
        """Return the pseudonym of a subject; see `audit.vault.pseudonyms.Pseudonyms.sref`."""
        return await self._pseudonyms.sref(subject)

    @property
    def sealed_bytes(self) -> int:
        """The longest payload that is sealed; 0 where nothing can be."""
        return self._sealer.limit if self._sealer else 0

    async def sealing(self, subject: str, tenant: str | None) -> Sealing:
        """Return what payloads of a subject are sealed with, and its pseudonym; durable on return.

        All calls come from one event loop.

        Raises:
            LogUnavailable: `vault.key` where there is no sealing key or the wrong one, `vault.unavailable`
                when the vault can't be asked.
            RecordRefused: `record.value` when subject or tenant is no well-formed text.
        """
        if self._sealer is None:
            raise LogUnavailable("vault.key", "there is no key to seal with")
        sealing = await self._sealer.sealing(await self.sref(subject), tenant)
        if sealing is None:  # the subject was erased, and this process didn't know
            self._pseudonyms.forget()
            sealing = await self._sealer.sealing(await self.sref(subject), tenant)
        if sealing is None:
            raise LogUnavailable("vault.unavailable", "the subject is being erased")
        return sealing

    def close(self) -> None:
        """Write what waits, end the boot with `writer.close` and free the slot. Blocks; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        self._pseudonyms.close()
        if self._sealer:
            self._sealer.close()
        self._slot.release()

    async def aclose(self) -> None:
        """Close without blocking the event loop."""
        await asyncio.to_thread(self.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _next_boot(segments: Segments) -> int:
    """Return the boot that follows the last one in the log."""
    if segments.last_body is None:
        return segments.boot + 1 if segments.frontier.size else 0
    try:
        return int(orjson.loads(segments.last_body)["writer"]["boot"]) + 1
    except (ValueError, KeyError, TypeError) as error:
        raise LogDamaged("log.damaged", "the last record of the log is none of its own") from error


def _make_folders(folder: Path) -> None:
    """Make the folders, closed to everybody else."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "writers").mkdir(mode=0o700, exist_ok=True)
    for each in (folder / "vault", folder / "vault" / "nonces", folder / "vault" / "questions"):
        private(each)
