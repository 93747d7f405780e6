"""Published `.tlog-proof` files."""

import base64

import pytest

from audit.errors import TlogRefused
from audit.tlog.keys import VerifierKey
from audit.tlog.proof import LogProof, ProofRefused
from audit.tlog.trust import Log, TrustedWitness, TrustPolicy
from tests.audit.tlog.vectors import Row, rows


@pytest.mark.parametrize("row", rows("proofs.jsonl", "verify"))
def test_verify(row: Row) -> None:
    """The proof holds for the entry, by the log's and the witness's keys, or is refused."""
    witness = TrustedWitness("w", VerifierKey.parse(row["witness_vkey"]))
    log = VerifierKey.parse(row["log_vkey"])
    policy = TrustPolicy((Log(log),), {"w": witness}, quorum="w")
    data, entry = row["proof"].encode(), row["entry"].encode()
    if row["expect"] == "accept":
        proof = LogProof.parse(data)
        assert proof.verify(entry, policy).checkpoint.origin == log.name
        assert bytes(proof) == data
    else:
        with pytest.raises(TlogRefused):
            LogProof.parse(data).verify(entry, policy)


@pytest.mark.parametrize("row", rows("proofs.jsonl", "parse"))
def test_parse(row: Row) -> None:
    """The form is read into the published parts, or refused."""
    data = row["proof"].encode()
    if row["expect"] != "accept":
        with pytest.raises(ProofRefused):
            LogProof.parse(data)
        return
    proof = LogProof.parse(data)
    assert bytes(proof) == data
    if "parsed" in row:
        parsed = row["parsed"]
        assert proof.index == parsed["index"]
        assert [base64.b64encode(each).decode() for each in proof.hashes] == parsed["hashes"]
        assert proof.extra == base64.b64decode(parsed["extra"] or "")
        assert proof.checkpoint == parsed["checkpoint"].encode()
