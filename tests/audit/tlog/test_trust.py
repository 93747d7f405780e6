"""Trust policies: strictness and quorums."""

from hashlib import sha256
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import KeyType, SigningKey, VerifierKey
from audit.tlog.note import NoteRefused, sign_line, sign_note, with_lines
from audit.tlog.trust import Log, PolicyRefused, TrustPolicy


def made(name: str, kind: KeyType = KeyType.ED25519) -> SigningKey:
    """The same key in every process: keys stand in the names of tests."""
    return SigningKey(name, kind, sha256(name.encode()).digest())


LOG = made("log.example")
LOG_PQ = made("log.example", KeyType.MLDSA44_COSIGNATURE)
TYPES = [KeyType.ED25519_COSIGNATURE, KeyType.MLDSA44_COSIGNATURE]
WITNESSES = {name: made(f"{name}.example", TYPES[at % 2]) for at, name in enumerate("abcd")}
LINES = "".join(f"witness {name} {key.verifier}\n" for name, key in WITNESSES.items())
TEXT = str(Checkpoint("log.example", 7, b"r" * 32))


def parse(text: str) -> TrustPolicy:
    """Read a policy that knows the log and the witnesses a to d."""
    return TrustPolicy.parse(f"log {LOG.verifier}\n{LINES}{text}".encode())


def code_of(text: str) -> str:
    """Return why a policy is refused."""
    with pytest.raises(PolicyRefused) as refused:
        parse(text)
    return refused.value.code


def test_k_of_n_and_groups_of_groups() -> None:
    """For every set of cosigners, groups count members and the quorum names the group that decides."""
    policy = parse("group x 2 a b c\ngroup both all x d\nquorum both\n")
    for cosigned in chain.from_iterable(combinations("abcd", count) for count in range(5)):
        enough = len(set(cosigned) & set("abc")) >= 2 and "d" in cosigned
        assert policy.is_satisfied(cosigned) == enough
    assert not policy.is_satisfied(["x", "both", "d"])  # names of groups are not cosigners


FORBIDDEN = [
    ("", "policy.quorum"),
    ("quorum a\nquorum a\n", "policy.quorum"),
    ("quorum z\n", "policy.name"),
    ("group none any a\nquorum none\n", "policy.name"),
    ("group all any a\nquorum all\n", "policy.name"),
    ("group g any a\ngroup h any a b\nquorum h\n", "policy.name"),
    ("group g any g\nquorum g\n", "policy.name"),
    ("group g any none\nquorum g\n", "policy.name"),
    ("group g 3 a b\nquorum g\n", "policy.threshold"),
    ("group g 0 a b\nquorum g\n", "policy.threshold"),
    ("group g 01 a b\nquorum g\n", "policy.threshold"),
    ("group g +1 a b\nquorum g\n", "policy.threshold"),
    ("group g any\nquorum g\n", "policy.line"),
    ("quorum a # why\n", "policy.line"),
    ("Quorum a\n", "policy.line"),
    ("quorum a", "policy.line"),
    ("quorum a\r\n", "policy.characters"),
    ("quorum a\n# \x7f\n", "policy.characters"),
    ("witness e e.example+00000000+AAAA\nquorum a\n", "policy.key"),
    (f"witness e {LOG.verifier}\nquorum a\n", "policy.key"),
    (f"log {LOG.verifier}\nquorum a\n", "policy.duplicate_key"),
    (f"witness e {WITNESSES['a'].verifier}\nquorum a\n", "policy.duplicate_key"),
]


@pytest.mark.parametrize(("text", "code"), FORBIDDEN, ids=range(len(FORBIDDEN)))
def test_what_the_text_forbids_is_refused(text: str, code: str) -> None:
    """Each rule of tlog-policy has its refusal."""
    assert code_of(text) == code


def test_one_public_key_is_one_witness_under_any_name() -> None:
    """The same public key under another key name is a duplicate."""
    again = VerifierKey("e.example", KeyType.ED25519_COSIGNATURE, WITNESSES["a"].verifier.public)
    assert code_of(f"witness e {again}\nquorum a\n") == "policy.duplicate_key"


def test_space_comments_and_foreign_octets_are_allowed() -> None:
    """Tabs, spaces, empty lines, comment lines and any octet beyond ASCII are read."""
    data = f"log {LOG.verifier} https://log.example/\n{LINES}".encode()
    policy = TrustPolicy.parse(
        data + b"\n \t\n\t# \xff\xe2\n\t group  \xc3\xa9\xff\tany a b \n quorum \xc3\xa9\xff\n"
    )
    assert policy.is_satisfied(["b"])
    assert policy.logs == (Log(LOG.verifier, "https://log.example/"),)
    assert policy.quorum.encode(errors="surrogateescape") == b"\xc3\xa9\xff"


@given(st.binary() | st.text(alphabet="group witness log quorum none all any a b 1 2\n\t#").map(str.encode))
def test_arbitrary_bytes_are_a_policy_or_refused(data: bytes) -> None:
    """Nothing but a policy or the room's refusal comes out of bytes."""
    try:
        TrustPolicy.parse(data)
    except PolicyRefused as refused:
        assert refused.code.startswith("policy.")


def test_a_checkpoint_needs_its_own_log_and_the_quorum() -> None:
    """A log's signature under its own origin and enough cosignatures are both needed."""
    policy = parse("group g 2 a b c\nquorum g\n")
    note = sign_note(TEXT, [LOG])
    with pytest.raises(PolicyRefused) as refused:
        policy.check(note)
    assert refused.value.code == "trust.quorum"
    cosigned = with_lines(note, [sign_line(TEXT, WITNESSES[name], 1_790_000_000) for name in "ab"])
    trusted = policy.check(cosigned)
    assert trusted.log == LOG.verifier
    assert trusted.witnesses == {"a": 1_790_000_000, "b": 1_790_000_000}
    with pytest.raises(PolicyRefused) as refused:
        policy.check(sign_note(TEXT, [WITNESSES["a"], WITNESSES["b"]], 1))
    assert refused.value.code == "trust.log"
    other = str(Checkpoint("other.example", 7, b"r" * 32))
    with pytest.raises(PolicyRefused) as refused:
        policy.check(sign_note(other, [LOG, WITNESSES["a"], WITNESSES["b"]], 1))
    assert refused.value.code == "trust.log"
    with pytest.raises(PolicyRefused) as refused:
        policy.check(sign_note("no checkpoint\n", [LOG]))
    assert refused.value.code == "trust.checkpoint"
    with pytest.raises(NoteRefused):
        policy.check(b"")


def test_a_log_may_be_known_from_elsewhere() -> None:
    """A policy without logs takes the caller's, of either type."""
    policy = TrustPolicy.parse(b"quorum none\n")
    assert policy.check(sign_note(TEXT, [LOG_PQ], 1), [LOG.verifier, LOG_PQ.verifier]).log == LOG_PQ.verifier
