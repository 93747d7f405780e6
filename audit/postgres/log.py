"""Opening the log of many replicas: the same public face, over rows instead of files."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from audit import record as records
from audit.errors import LogUnavailable
from audit.log import QUEUE_LIMIT, AuditLog
from audit.ports import Ports
from audit.postgres import demands, identity
from audit.postgres import slot as slots
from audit.postgres.keyring import TableKeyring
from audit.postgres.pseudonyms import SharedPseudonyms
from audit.postgres.session import Session
from audit.postgres.store import PostgresStore
from audit.postgres.target import REPLICA, Target
from audit.receipts import Receipts
from audit.vault.sealing import Seal, Sealer
from audit.writing.writer import Limits, Writer

REOPEN_AFTER_S = 1.0
"""Sooner than for a disk: a server that was started again is a server as before."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a replica writes.

    Attributes:
        target: the database, as a member of the writers.
        folder: what this replica keeps itself: the log's keys.
        replica: what the names of its writers begin with.
    """

    target: Target
    folder: Path
    replica: str = REPLICA


def open_log(  # noqa: PLR0913 - one keyword per promise
    place: Place,
    origin: str,
    *,
    queue_limit: int = QUEUE_LIMIT,
    reopen_after_s: float = REOPEN_AFTER_S,
    keep_questions: bool = True,
    post_quantum: bool = False,
    seal: Seal | None = None,
    ports: Ports | None = None,
) -> AuditLog:
    """Open the log and begin a boot; see `AuditLog.open` for what is not said here. Blocks.

    Args:
        place: where.
        origin: name of the log, for good.
        queue_limit: records that may wait before appends are refused.
        reopen_after_s: seconds between a failed write and the next try.
        keep_questions: whether the vault keeps what policies were asked.
        post_quantum: whether a log that begins now is to have an ML-DSA-44 key.
        seal: what payloads are sealed with; None where none can be.
        ports: clocks; None for the machine's own.

    Raises:
        LogUnavailable: `log.cannot_open`: also when the database or our role in it isn't fit for a log;
            `log.no_key`: the log has a key, and it isn't in the folder; `vault.key`: the vault's keys were
            wrapped by another sealing key.
        LogDamaged: `log.origin`, `log.key`: another log's; `log.damaged`, `log.rolled_back`.
    """
    ports = ports or Ports()
    limits = Limits(queue_limit, round(reopen_after_s * 1_000_000), keep_questions)
    try:
        with ExitStack() as undo:
            session = Session(place.target, f"regent {place.replica}")
            undo.callback(session.close)
            demands.insist(session)
            keys = identity.make_keys(session, place.folder, origin, post_quantum=post_quantum)
            named = identity.settle(session, origin, keys, ports.wall_us())
            slot = slots.take(session, place.replica)
            pseudonyms = SharedPseudonyms(place.target, ports.mono_us)
            undo.callback(pseudonyms.close)
            sealer = Sealer(TableKeyring(place.target, ports.mono_us), seal) if seal else None
            if sealer:
                undo.callback(sealer.close)
            store = PostgresStore(slot, ports, keep_questions=keep_questions)
            writer = Writer(slot.name, store, ports, limits)
            writer.begin(
                records.writer_open(named.name, named.digest), [records.mode(limits.durability.value)]
            )
            undo.pop_all()
    except OSError as error:
        raise LogUnavailable("log.cannot_open", f"cannot open the log in the database: {error}") from error
    return AuditLog(Receipts(keys.ed25519), slot, store.boot, writer, pseudonyms, sealer)
