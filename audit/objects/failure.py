"""Why a copy isn't made, or isn't made now."""

from audit.errors import AuditError


class CopyFailed(AuditError):
    """The bucket can't be used; nothing in the log or in the copy contradicts anything.

    Codes for a person to act on: `copy.no_boto3`, `copy.credentials` (none, or the file is open to others),
    `copy.denied` (wrong, or without the right), `copy.no_bucket`, `copy.no_lock`, `copy.not_versioned`,
    `copy.not_locked` (an object was put, and shows no lock), `copy.can_bypass` (these credentials may shorten
    a lock), `copy.overwrites` (the server ignores conditions), `copy.redirected` (another region or server),
    `copy.refused`, `copy.too_large`, `copy.log` (no log, or none with a checkpoint).

    Codes of a moment: `copy.unavailable`, `copy.busy` (another copier is at it), `copy.checksum`,
    `copy.stopped`.

    What contradicts the log is `LogDamaged`: `copy.other_bytes`, `copy.checkpoint` (not signed by the log),
    `copy.forked`, `copy.rolled_back` (the log is shorter than its copy).
    """
