"""Who signed a checkpoint, for people: by the log's own keys, and by a trust policy where one is at hand."""

from collections.abc import Iterator
from dataclasses import dataclass

from audit.errors import TlogRefused
from audit.evidence.published import Published
from audit.evidence.refused import EvidenceRefused
from audit.tlog.cosignature import timestamp_of
from audit.tlog.keys import KeyType, VerifierKey
from audit.tlog.note import Signature, open_note
from audit.tlog.trust import TrustPolicy

_KINDS = {
    KeyType.ED25519: "log, Ed25519",
    KeyType.ED25519_COSIGNATURE: "witness, Ed25519 cosignature",
    KeyType.MLDSA44_COSIGNATURE: "cosignature, ML-DSA-44",
}


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature under a checkpoint.

    Attributes:
        name: name of the key.
        id: its four bytes, in hex.
        what: what kind of signature it is, as far as that is known.
        time_us: the time that it states; 0 where it states none.
        known: whether it was verified when this was written, and by whose key.
    """

    name: str
    id: str
    what: str
    time_us: int
    known: str


def signers(published: Published, trust: bytes | None) -> Iterator[Signer]:
    """Yield the signatures of a checkpoint.

    Args:
        published: the log.
        trust: a tlog-policy that names witnesses.

    Raises:
        EvidenceRefused: `evidence.input`: it is none, or a signature that it has a key for is not genuine.
    """
    own = [key for key, _ in published.note.verified]
    try:
        policy = TrustPolicy.parse(trust) if trust is not None else TrustPolicy()
        witnesses = [each.key for each in policy.witnesses.values()]
        note = open_note(published.signed, dict.fromkeys([*own, *witnesses]))
    except TlogRefused as error:
        raise EvidenceRefused("evidence.input", f"the trust policy does not fit this log: {error}") from error
    for key, line in note.verified:
        known = "yes, by the log's own key" if key in own else "yes, by the key in trust.policy"
        yield Signer(line.name, line.id.hex(), _KINDS[key.type], _time_us(key, line), known)
    for line in note.unverified:
        yield Signer(line.name, line.id.hex(), "of a key that is not known here", 0, "no")


def _time_us(key: VerifierKey, line: Signature) -> int:
    return 0 if key.type is KeyType.ED25519 else timestamp_of(line.value) * 1_000_000
