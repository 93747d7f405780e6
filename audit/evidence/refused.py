"""What a pack or a proof can't be made of."""

from audit.errors import AuditError


class EvidenceRefused(AuditError):
    """There is nothing to hand over, or not as it was asked for.

    Codes: `evidence.nothing_merged` (there is no checkpoint yet), `evidence.not_merged` (the record is in the
    log and not under the checkpoint yet), `evidence.unknown` (the log has no such record),
    `evidence.empty` (nothing matches), `evidence.range` (no range of this log), `evidence.not_extended` (the
    log doesn't continue a checkpoint that was kept), `evidence.pdf` (the library is missing),
    `evidence.exists` (the file is there already), `evidence.input` (a file that was given can't be used).
    """
