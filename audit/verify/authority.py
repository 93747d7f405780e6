"""Whose word a checkpoint is: the log's keys and their rotations, its witnesses, how old their word is."""

from dataclasses import dataclass

from audit.verify import rotation
from audit.verify.checkpoints import Malformed, read_checkpoint
from audit.verify.notes import MAX_NOTE_BYTES, Key, Note, Refused, open_note, read_key
from audit.verify.sources import Source
from audit.verify.terms import Terms
from audit.verify.trust import NONE, Policy
from audit.verify.verdict import Report, Verdict

VKEY_PATH = "log.vkey"
RETIRED_PATH = "keys/retired.vkeys"
MAX_VKEY_BYTES = 10_000
AHEAD_S = 300  # how far the auditor's clock may be behind a witness's
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Authority:
    """The keys that may sign for a log, and the witnesses that count.

    Attributes:
        keys: of the log, oldest first.
        policy: the auditor's.
        own: true where the keys are the auditor's own knowledge, and not what the log's folder said.
    """

    keys: list[Key]
    policy: Policy
    own: bool


def establish(source: Source, signed: bytes, terms: Terms, report: Report) -> Authority | None:
    """Return who may speak for the log, or None when that cannot be told.

    Args:
        source: the log.
        signed: its checkpoint, not verified yet: its first line chooses among several logs of the policy.
        terms: what the auditor trusts.
        report: takes what is wrong.
    """
    policy = terms.policy or Policy()
    keys = list(policy.logs)
    if len({key.name for key in keys}) > 1:
        origin = signed.partition(b"\n")[0].decode(errors="replace")
        keys = [key for key in keys if key.name == origin]
    own = bool(keys)
    if not policy.logs:
        keys = _folder_keys(source, report)
    if not keys:
        if not report.findings:
            report.add(Verdict.CANNOT_CHECK, "trust", "no key of this log is known: give a policy")
        return None
    origin = keys[0].name
    data = source.read(rotation.PATH, rotation.MAX_BYTES)
    if data:
        try:
            later = rotation.follow(data, keys, origin)
            if later:
                report.notes.append(f"{len(later)} later keys follow from {rotation.PATH}")
            keys += later
        except (Malformed, Refused) as error:
            report.add(Verdict.TAMPERED, rotation.PATH, str(error))
    return Authority(keys, policy, own)


def _folder_keys(source: Source, report: Report) -> list[Key]:
    data = source.read(VKEY_PATH, MAX_VKEY_BYTES)
    if data is None:
        return []
    try:
        keys = [read_key(line) for line in data.decode().splitlines() if line]
    except (Malformed, UnicodeDecodeError) as error:
        report.add(Verdict.CANNOT_CHECK, VKEY_PATH, f"it has no key that can be read: {error}")
        return []
    if len({key.name for key in keys}) > 1:
        report.add(Verdict.CANNOT_CHECK, VKEY_PATH, "its keys have different names")
        return []
    return [*_retired(source, keys), *keys]


def _retired(source: Source, keys: list[Key]) -> list[Key]:
    """Return the log's earlier keys, each of which has signed in what leads to one of today's.

    Where nobody brings a key, the log says which ones are its own. What it signed before a change stays good:
    receipts, kept checkpoints, and its checkpoint until the next one.
    """
    data = source.read(RETIRED_PATH, rotation.MAX_BYTES) or b""
    notes = source.read(rotation.PATH, rotation.MAX_BYTES) or b""
    found: list[Key] = []
    for line in data.decode(errors="replace").splitlines():
        try:
            key = read_key(line)
            if any(later in keys for later in rotation.follow(notes, [key], keys[0].name)):
                found.append(key)
        except (Malformed, Refused):
            continue  # a key that leads nowhere is nobody's
    return found


def open_checkpoint(signed: bytes, authority: Authority, report: Report) -> Note | None:
    """Verify the log's checkpoint and put what it states into the report; None when it does not hold."""
    if len(signed) > MAX_NOTE_BYTES:
        report.add(Verdict.TAMPERED, "checkpoint", "it is larger than any")
        return None
    witnesses = [key for key in authority.policy.witnesses.values() if key not in authority.keys]
    try:
        note = open_note(signed, [*authority.keys, *witnesses])
        stated = read_checkpoint(note.text)
    except (Malformed, Refused) as error:
        report.add(Verdict.TAMPERED, "checkpoint", str(error))
        return None
    if all(one.key not in authority.keys for one in note.signed):
        if any(key in authority.keys for key in note.unchecked):
            what = "its signature cannot be checked on this machine: install the package cryptography"
            report.add(Verdict.CANNOT_CHECK, "checkpoint", what)
        else:
            report.add(Verdict.TAMPERED, "checkpoint", "it is not signed by the log's key")
        return None
    if stated.origin != authority.keys[0].name:
        report.add(Verdict.TAMPERED, "checkpoint", "its origin is not the name of the log's key")
        return None
    report.origin, report.checkpoint, report.signed = stated.origin, stated, signed
    _note_lines(note, authority, report)
    return note


def _note_lines(note: Note, authority: Authority, report: Report) -> None:
    """Say what stands in the checkpoint beyond what was needed."""
    if report.checkpoint and report.checkpoint.extensions:
        count = len(report.checkpoint.extensions)
        what = "allowed, not recommended, and nothing about them was or can be checked"
        report.notes.append(f"the checkpoint has {count} extension lines: {what}")
    if note.unknown:
        report.notes.append(f"the checkpoint has {note.unknown} signatures of keys that are not known here")
    for key in note.unchecked:
        report.notes.append(f"the signature of {key.title} (kind {key.kind:#04x}) cannot be checked here")
    signers = {one.key for one in note.signed}
    missing = [key for key in authority.keys if key not in signers and key not in note.unchecked]
    if missing:
        names = ", ".join(key.title for key in missing)
        report.notes.append(f"the checkpoint is not signed by the log's further keys {names}")
    report.checked.append("signature of the log: " + ", ".join(sorted(key.title for key in signers)))


def check_witnesses(note: Note, authority: Authority, terms: Terms, report: Report) -> None:
    """Check the quorum, and how old its statement is."""
    policy, cosigned = authority.policy, authority.policy.cosigners(note)
    wanted = policy.quorum != NONE
    if wanted:
        report.witnessed = policy.satisfied(cosigned)
        names = ", ".join(sorted(name.decode(errors="replace") for name in cosigned)) or "nobody"
        report.checked.append(f"quorum of witnesses: cosigned by {names}")
        if not report.witnessed:
            what = f"the policy's quorum is not met: cosigned by {names}"
            report.add(Verdict.UNWITNESSED, "checkpoint", what)
    elif terms.require_witness:
        report.add(
            Verdict.UNWITNESSED, "trust", "witnesses are required, and no policy names a quorum of them"
        )
    if terms.max_age_s is None:
        return
    now_s = terms.now_us // _US
    oldest_s = now_s - terms.max_age_s
    if wanted:
        fresh = [name for name, time in cosigned.items() if oldest_s <= time <= now_s + AHEAD_S]
        if report.witnessed and not policy.satisfied(fresh):
            report.add(Verdict.STALE, "checkpoint", f"no quorum has seen it in the last {terms.max_age_s} s")
        report.checked.append(f"age: seen by the quorum within {terms.max_age_s} s")
    elif seen_us(note, report) < oldest_s * _US:
        report.add(Verdict.STALE, "checkpoint", f"nothing in it is of the last {terms.max_age_s} s")
    else:
        report.notes.append("the log's age is by the operator's word: no witness is asked for")


def seen_us(note: Note, report: Report) -> int:
    """Return a time that the log's state is not older than: of its latest record, or of a cosignature."""
    return max([report.latest_us, *(one.time * _US for one in note.signed if one.time is not None)])
