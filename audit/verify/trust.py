"""C2SP `tlog-policy`: which logs and witnesses an auditor trusts, and how many of them must agree.

Strict by the text: what the text does not allow is refused, and nothing in the file is ignored but
comments and empty lines. Names of witnesses and groups are opaque bytes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from audit.verify.checkpoints import Malformed
from audit.verify.notes import COSIGNATURE, ED25519, MLDSA44, Key, Note, read_key

NONE = b"none"
_THRESHOLD = re.compile(rb"[1-9][0-9]{0,5}")
_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_LOG_KINDS = {ED25519, COSIGNATURE, MLDSA44}
_WITNESS_KINDS = {COSIGNATURE, MLDSA44}


@dataclass(frozen=True, slots=True)
class Group:
    """At least `least` of `members` must have cosigned; a member is a witness or another group."""

    least: int
    members: tuple[bytes, ...]


@dataclass(slots=True)
class Policy:
    """What an auditor trusts.

    Attributes:
        logs: keys of the logs that are accepted.
        witnesses: keys by the name that the policy gives them.
        groups: by name.
        quorum: name of a witness or a group, or `none`.
    """

    logs: list[Key] = field(default_factory=list)
    witnesses: dict[bytes, Key] = field(default_factory=dict)
    groups: dict[bytes, Group] = field(default_factory=dict)
    quorum: bytes = NONE

    def satisfied(self, cosigned: Iterable[bytes]) -> bool:
        """Tell whether the witnesses of these names make the quorum."""
        met = set(cosigned)
        for name, group in self.groups.items():  # a group stands behind its members in the file
            if sum(member in met for member in group.members) >= group.least:
                met.add(name)
        return self.quorum == NONE or self.quorum in met

    def cosigners(self, note: Note) -> dict[bytes, int]:
        """Return the witnesses that cosigned a note, with the times that they state."""
        times = {one.key: one.time for one in note.signed if one.time is not None}
        return {name: times[key] for name, key in self.witnesses.items() if key in times}


def read_policy(data: bytes) -> Policy:
    """Return the policy in a file.

    Raises:
        Malformed: with the line, when it is not a policy after C2SP tlog-policy.
    """
    if _FORBIDDEN.search(data):
        raise Malformed("the policy has control characters other than tab and newline")
    policy = Policy()
    quorum: bytes | None = None
    used: set[bytes] = set()
    for number, line in enumerate(data.split(b"\n"), 1):
        items = re.split(rb"[ \t]+", line.strip(b" \t"))
        if not items[0] or items[0].startswith(b"#"):
            continue
        try:
            if items[0] == b"quorum":
                quorum = _quorum(policy, items, quorum)
            else:
                _define(policy, items, used)
        except Malformed as error:
            raise Malformed(f"line {number} of the policy: {error}") from None
    if quorum is None:
        raise Malformed("the policy has no quorum line")
    policy.quorum = quorum
    return policy


def _define(policy: Policy, items: list[bytes], used: set[bytes]) -> None:
    match items:
        case [b"log", vkey] | [b"log", vkey, _]:
            policy.logs.append(_key(vkey, _LOG_KINDS, policy.logs))
        case [b"witness", name, vkey] | [b"witness", name, vkey, _]:
            _check_new(policy, name)
            policy.witnesses[name] = _key(vkey, _WITNESS_KINDS, policy.witnesses.values())
        case [b"group", name, least, _, *_]:
            _check_new(policy, name)
            policy.groups[name] = _group(policy, least, tuple(items[3:]), used)
        case _:
            raise Malformed("it is no line of a policy")


def _check_new(policy: Policy, name: bytes) -> None:
    if name == NONE or name in policy.witnesses or name in policy.groups:
        raise Malformed(f"the name {_shown(name)} is taken")


def _key(text: bytes, kinds: set[int], others: Iterable[Key]) -> Key:
    try:
        key = read_key(text.decode())
    except UnicodeDecodeError:
        raise Malformed("the key's name is not UTF-8") from None
    if key.kind not in kinds:
        raise Malformed(f"a key of kind {key.kind:#04x} cannot sign this")
    if any(key.public == other.public for other in others):
        raise Malformed("another line has the same public key")
    return key


def _group(policy: Policy, least: bytes, members: tuple[bytes, ...], used: set[bytes]) -> Group:
    for member in members:
        if member not in policy.witnesses and member not in policy.groups:
            raise Malformed(f"{_shown(member)} is not defined above")
        if member in used:  # each witness counts towards the quorum in one way only
            raise Malformed(f"{_shown(member)} is a member of a group already")
        used.add(member)
    if least in {b"any", b"all"}:
        return Group(1 if least == b"any" else len(members), members)
    if not _THRESHOLD.fullmatch(least) or int(least) > len(members):
        raise Malformed("a threshold is `any`, `all` or a number from 1 to the number of members")
    return Group(int(least), members)


def _quorum(policy: Policy, items: list[bytes], before: bytes | None) -> bytes:
    if before is not None:
        raise Malformed("there is a quorum line already")
    match items:
        case [_, name] if name == NONE or name in policy.witnesses or name in policy.groups:
            return name
        case [_, name]:
            raise Malformed(f"{_shown(name)} is not defined above")
        case _:
            raise Malformed("a quorum is one name")


def _shown(name: bytes) -> str:
    return repr(name.decode(errors="replace"))
