"""Files that prove one entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import TlogRefused
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import SigningKey
from audit.tlog.note import sign_note
from audit.tlog.proof import LogProof, ProofRefused
from audit.tlog.tree import inclusion_proof, leaf_hash, root_of
from audit.tlog.trust import Log, TrustPolicy

LOG = SigningKey.generate("log.example")
POLICY = TrustPolicy((Log(LOG.verifier),))
ENTRIES = [b"entry %d" % number for number in range(13)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
CHECKPOINT = sign_note(str(Checkpoint("log.example", 13, root_of(LEAVES))), [LOG])
HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=63)


def proof_of(index: int) -> LogProof:
    """Return the proof of one entry."""
    return LogProof(index, tuple(inclusion_proof(LEAVES, index)), CHECKPOINT)


@given(st.integers(0, 2**63 - 1), HASHES, st.binary(min_size=1), st.binary())
def test_what_is_printed_is_read(index: int, hashes: list[bytes], checkpoint: bytes, extra: bytes) -> None:
    """A proof read from its file is the same proof."""
    proof = LogProof(index, tuple(hashes), checkpoint, extra)
    assert LogProof.parse(bytes(proof)) == proof


@given(st.binary() | st.binary().map(lambda data: b"c2sp.org/tlog-proof@v1\nindex 0\n" + data))
def test_any_other_file_is_refused(data: bytes) -> None:
    """Bytes are a proof that prints alike, or refused; verifying them refuses too."""
    try:
        proof = LogProof.parse(data)
    except ProofRefused as refused:
        assert refused.code.startswith("proof.")
    else:
        assert bytes(proof) == data
        with pytest.raises(TlogRefused):
            proof.verify(b"entry", POLICY)


def test_each_entry_is_proven_where_it_stands() -> None:
    """A proof holds for its own entry at its own index only."""
    for index, entry in enumerate(ENTRIES):
        assert proof_of(index).verify(entry, POLICY).checkpoint.size == len(ENTRIES)
        with pytest.raises(ProofRefused) as refused:
            proof_of(index).verify(b"another", POLICY)
        assert refused.value.code == "proof.inclusion"


def test_impossible_proofs_are_not_built() -> None:
    """Indices, hashes and checkpoints that no file could hold are refused."""
    for values in (
        (-1, (), b"x"),
        (2**63, (), b"x"),
        (0, (b"short",), b"x"),
        (0, (b"x" * 32,) * 64, b"x"),
        (0, (), b""),
    ):
        with pytest.raises(ProofRefused):
            LogProof(*values)
