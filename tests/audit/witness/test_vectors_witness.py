"""Published exchanges with a witness: requests in order, with the status that each must get."""

from collections.abc import Callable

import pytest

from audit.tlog.keys import KeyType, VerifierKey
from audit.tlog.note import open_note
from audit.witness.witness import Witness
from tests.audit.tlog.vectors import Row, rows

BOTH = (KeyType.ED25519_COSIGNATURE, KeyType.MLDSA44_COSIGNATURE)


@pytest.mark.parametrize("row", rows("witness.jsonl"))
def test_exchange(row: Row, make_witness: Callable[..., Witness]) -> None:
    """Each request gets its status and body, cosignatures on success, and leaves the stated size behind."""
    log = VerifierKey.parse(row["log_vkey"])
    witness = make_witness(log, types=BOTH)
    for number, step in enumerate(row["steps"]):
        body = step["body"].encode()
        answer = witness.add_checkpoint(body)
        assert answer.status == step["status"], (number, step.get("desc"), answer)
        assert answer.body == step.get("response_body", answer.body), number
        assert answer.content_type == step.get("content_type", answer.content_type), number
        if answer.status == 200:
            note = body.partition(b"\n\n")[2] + answer.body.encode()
            assert [key for key, _ in open_note(note, witness.vkeys).verified] == list(witness.vkeys)
        if "size_after" in step:
            # nobody has a tree of 2^62 leaves: a conflict names the size, and changes nothing
            assert witness._state.seen(row["origin"]).size == step["size_after"], number
