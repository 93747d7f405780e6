"""What can go wrong in the log, each with a stable code. Knows nothing of who asked."""


class AuditError(Exception):
    """Root of all failures of this package.

    Attributes:
        code: stable, dotted, lower-case reason; callers map by it and never by the message.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} [{code}]")
        self.code = code


class LogUnavailable(AuditError):
    """The log cannot promise durability now.

    Codes: `log.backlogged` (the queue is full), `log.not_durable` (a write or a sync failed),
    `log.closed`, `log.cannot_open` (folder or lock), `log.merging` (another process merges), `log.no_key`,
    `log.unmerged` (nobody brings a record under a checkpoint).
    Of the vault: `vault.unavailable` (the map of subjects), `vault.busy` (somebody else erases, holds or
    prunes), `vault.key` (the sealing key). Of the index: `index.busy` (another process keeps it),
    `index.unwritable`, `index.unreadable`, `index.rebuilt`.
    """


class RecordRefused(AuditError):
    """This one record has no canonical form; the log itself goes on.

    Codes: `record.type`, `record.key`, `record.value`, `record.too_long`, `record.label`.
    """


class VaultRefused(AuditError):
    """What was asked of the vault isn't done.

    Codes: `vault.held` (a legal hold), `vault.unknown` (no such subject, record or hold), `vault.too_young`
    (younger than anything may be pruned), `vault.word` (a basis or an actor that is no code).
    """


class LogDamaged(AuditError):
    """The files contradict themselves, and continuing would bury the evidence.

    Codes: `log.damaged`, `log.rolled_back` (shorter than its own last head), `log.origin`.
    """


class TlogRefused(AuditError):
    """A text or a file of the transparency log is not what its specification asks for, or does not verify.

    Each room of `audit/tlog/` and `audit/witness/` has its own kind of it, with the codes named there.
    """
