"""Whose word about a checkpoint is enough: logs, witnesses and a quorum (C2SP tlog-policy).

An auditor's one input of trust. Reads bytes that somebody else opened; asks nobody.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from audit.errors import TlogRefused
from audit.tlog.checkpoint import Checkpoint, CheckpointRefused
from audit.tlog.cosignature import timestamp_of
from audit.tlog.forms import number
from audit.tlog.keys import KeyRefused, KeyType, VerifierKey
from audit.tlog.note import OpenedNote, open_note

NO_QUORUM = "none"
_KEYWORDS = frozenset({NO_QUORUM, "all", "any"})
_OCTETS = bytes([0x09, 0x0A, *range(0x20, 0x7F), *range(0x80, 0x100)])
_COSIGNS = frozenset({KeyType.ED25519_COSIGNATURE, KeyType.MLDSA44_COSIGNATURE})


class PolicyRefused(TlogRefused):
    """The file is no trust policy, or a checkpoint does not meet it.

    Codes: `policy.characters`, `policy.line` (unknown or of another form), `policy.key`,
    `policy.duplicate_key`, `policy.name` (taken, reserved, unknown, or a member twice),
    `policy.threshold`, `policy.quorum` (none or two); of a checkpoint: `trust.checkpoint`, `trust.log` (no
    log of the policy signed it under its own origin), `trust.quorum` (too few witnesses cosigned it).
    """


@dataclass(frozen=True, slots=True)
class Log:
    """A log whose checkpoints may be trusted; its key's name is its origin."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class TrustedWitness:
    """A witness, under the name that groups and the quorum use for it."""

    name: str
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Counts as a witness when at least `threshold` of its members do."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trusted:
    """A checkpoint that meets a policy.

    Attributes:
        checkpoint: what was signed.
        log: key of the log that signed it, as the policy has it.
        witnesses: name of each witness that cosigned -> the time it states, in seconds.
        note: the opened note.
    """

    checkpoint: Checkpoint
    log: VerifierKey
    witnesses: Mapping[str, int]
    note: OpenedNote


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """Logs, witnesses and the rule how many of them are enough.

    Attributes:
        logs: in the file's order; may be none, if the caller knows the log from elsewhere.
        witnesses: by name.
        groups: by name, each after its members.
        quorum: name of a witness or a group, or `none`.
    """

    logs: tuple[Log, ...] = ()
    witnesses: Mapping[str, TrustedWitness] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NO_QUORUM

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a policy file. Octets beyond ASCII stand in names and URLs as surrogate escapes or as UTF-8.

        Raises:
            PolicyRefused: its codes that start with `policy.`.
        """
        reading = _Reading()
        for words in _lines(data):
            reading.take(words)
        if reading.quorum is None:
            raise PolicyRefused("policy.quorum", "a policy has one quorum line")
        return cls(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)

    def is_satisfied(self, cosigned: Collection[str]) -> bool:
        """Tell whether the witnesses of these names are enough."""
        if self.quorum == NO_QUORUM:
            return True
        reached = {name for name in cosigned if name in self.witnesses}
        for group in self.groups.values():
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(group.name)
        return self.quorum in reached

    def check(self, note: bytes, logs: Collection[VerifierKey] = ()) -> Trusted:
        """Return the checkpoint of a note that is signed by a log and cosigned by enough witnesses.

        Args:
            logs: keys of logs that are known from elsewhere; they count like those of the policy.

        Raises:
            NoteRefused: when the note does not open.
            PolicyRefused: `trust.checkpoint`, `trust.log`, `trust.quorum`.
        """
        log_keys = [*(log.key for log in self.logs), *logs]
        opened = open_note(note, dict.fromkeys((*log_keys, *(each.key for each in self.witnesses.values()))))
        try:
            checkpoint = Checkpoint.parse(opened.text)
        except CheckpointRefused as error:
            raise PolicyRefused("trust.checkpoint", "the signed text is no checkpoint") from error
        signers = dict(opened.verified)
        log = next((key for key in log_keys if key in signers and key.name == checkpoint.origin), None)
        if log is None:
            raise PolicyRefused("trust.log", "no known log signed this checkpoint under its own origin")
        times = {
            each.name: timestamp_of(signers[each.key].value)
            for each in self.witnesses.values()
            if each.key in signers
        }
        if not self.is_satisfied(times):
            raise PolicyRefused("trust.quorum", f"cosigned by {sorted(times)}: not the quorum {self.quorum}")
        return Trusted(checkpoint, log, times, opened)


class _Reading:
    """What the lines said so far."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: dict[str, TrustedWitness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self.logs.append(Log(_key(key, {log.key.public for log in self.logs}), *url))
            case ["witness", name, key, *url] if len(url) <= 1:
                public = _key(key, {each.key.public for each in self.witnesses.values()})
                if public.type not in _COSIGNS:
                    raise PolicyRefused("policy.key", f"keys of type {public.type:#04x} do not cosign")
                self.witnesses[self._free(name)] = TrustedWitness(name, public, *url)
            case ["group", name, threshold, *members] if members:
                group = Group(name, _threshold(threshold, len(members)), tuple(members))
                for member in members:
                    self._join(member)
                self.groups[self._free(name)] = group
            case ["quorum", name]:
                if self.quorum is not None:
                    raise PolicyRefused("policy.quorum", "a policy has one quorum line")
                if name != NO_QUORUM:
                    self._defined(name)
                self.quorum = name
            case _:
                raise PolicyRefused("policy.line", f"no line of a policy: {' '.join(words)!r}")

    def _free(self, name: str) -> str:
        if name in _KEYWORDS or name in self.witnesses or name in self.groups:
            raise PolicyRefused("policy.name", f"the name {name!r} is taken")
        return name

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise PolicyRefused("policy.name", f"no line above defines {name!r}")

    def _join(self, member: str) -> None:
        self._defined(member)
        if member in self._members:
            raise PolicyRefused("policy.name", f"{member!r} is a member already, and may count once")
        self._members.add(member)


def _lines(data: bytes) -> Iterator[list[str]]:
    if data.translate(None, _OCTETS):
        raise PolicyRefused("policy.characters", "a policy has no control characters but tab and newline")
    if data and not data.endswith(b"\n"):
        raise PolicyRefused("policy.line", "the last line of a policy ends in a newline too")
    for line in data.split(b"\n"):
        # bytes.split() parts at ASCII space alone, and of that only space and tab are left here
        words = line.split()
        if words and not words[0].startswith(b"#"):
            yield [word.decode(errors="surrogateescape") for word in words]


def _key(text: str, taken: Collection[bytes]) -> VerifierKey:
    try:
        key = VerifierKey.parse(text)
    except KeyRefused as error:
        raise PolicyRefused("policy.key", f"{text[:80]!r} is no key: {error}") from error
    if key.public in taken:
        raise PolicyRefused("policy.duplicate_key", f"the key of {key.name} stands in the policy twice")
    return key


def _threshold(text: str, members: int) -> int:
    threshold = {"all": members, "any": 1}.get(text, number(text))
    if threshold is None or not 1 <= threshold <= members:
        raise PolicyRefused("policy.threshold", f"a group of {members} has no threshold {text!r}")
    return threshold
