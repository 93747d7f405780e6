"""What can be found, each with a code, what it means and what to do about it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Weight = Literal["problem", "note"]


class Kind(NamedTuple):
    """One kind of finding.

    Attributes:
        weight: a `problem` needs somebody to act; a `note` is good to know.
        means: what it means.
        do: what to do.
    """

    weight: Weight
    means: str
    do: str


KINDS: dict[str, Kind] = {
    "folder.missing": Kind("problem", "There is no log here.", "Name the folder that `audit.folder` names."),
    "folder.open": Kind(
        "problem", "Others than the owner can read or change this.", "chmod go-rwx what is named."
    ),
    "folder.foreign": Kind(
        "problem", "It belongs to another user than the log.", "chown it to the gateway's user."
    ),
    "origin.unreadable": Kind(
        "problem", "Nobody can tell which log this is.", "Restore it from a backup; never write one anew."
    ),
    "key.open": Kind(
        "problem",
        "Others can read a signing key: whoever has it can sign as this log.",
        "chmod 0600, and rotate the key if somebody may have read it.",
    ),
    "key.missing": Kind(
        "note", "There is a verifier key, but no signing key.", "Nothing, on a copy; else restore it."
    ),
    "key.other": Kind(
        "problem", "log.vkey is the key of another log.", "Restore the log.vkey that belongs to this origin."
    ),
    "space.low": Kind(
        "problem",
        "The disk is nearly full; without room for a record nothing is released.",
        "Free or add space; prune what may go.",
    ),
    "clock.behind": Kind(
        "problem",
        "The clock is behind the newest record, so the next records go back in time.",
        "Set the clock, and look at what moved it.",
    ),
    "writer.broken": Kind(
        "problem",
        "Segments do not follow each other, or a closed one does not end with a whole record.",
        "Run `regent audit verify`; restore the segment from a backup.",
    ),
    "writer.rolled_back": Kind(
        "problem",
        "Records are gone that the writer had when it last said how many it has.",
        "Run `regent audit verify`; restore the segments from a backup.",
    ),
    "writer.torn": Kind(
        "note", "The last write was torn by a kill.", "Nothing: the next start cuts it and records a gap."
    ),
    "writer.crashed": Kind(
        "note", "The last boot did not end in order.", "Start the gateway again; `verify` names the boot."
    ),
    "sequencer.none": Kind(
        "note", "Nothing was ever merged.", "Nothing, in a new log; else see the gateway's log."
    ),
    "sequencer.behind": Kind(
        "problem",
        "Durable records wait longer for a checkpoint than receipts promise.",
        "See that a gateway runs and merges; its log says what stops it.",
    ),
    "checkpoint.unreadable": Kind(
        "problem", "The checkpoint is none.", "Run `regent audit verify`; restore it from a backup."
    ),
    "checkpoint.other": Kind(
        "problem", "The checkpoint is of another log than origin.json.", "Run `regent audit verify`."
    ),
    "bundle.missing": Kind(
        "problem", "Entries that the checkpoint covers can't be read.", "Restore tile/ from a backup."
    ),
    "index.none": Kind("note", "Questions are answered by reading everything.", "regent audit reindex"),
    "index.behind": Kind(
        "problem",
        "The index lags behind the checkpoint.",
        "regent audit reindex --catch-up; see that a gateway merges.",
    ),
    "index.unusable": Kind("problem", "The index is of another log, or broken.", "regent audit reindex"),
    "index.skipped": Kind("problem", "Entries of the log are no records.", "Run `regent audit verify`."),
    "copies.behind": Kind(
        "problem",
        "Object storage lacks what the log has: with the folder, it would be lost.",
        "See docs/audit-copies.md for the code; delete the file if copies go elsewhere now.",
    ),
    "vault.missing": Kind(
        "problem",
        "Nobody can be found by name, and nothing can be erased.",
        "Restore vault/ from its own backup.",
    ),
    "vault.broken": Kind(
        "problem", "The map of subjects can't be read.", "Restore vault/subjects.db from its backup."
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        code: a key of `KINDS`.
        where: the file or writer, relative to the log.
        what: the particulars.
    """

    code: str
    where: str
    what: str

    @property
    def kind(self) -> Kind:
        """What it means, and what to do."""
        return KINDS[self.code]
