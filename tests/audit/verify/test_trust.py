"""Pins policies and their quorums: strict by the text of C2SP tlog-policy."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.verify.checkpoints import Malformed
from audit.verify.notes import open_note
from audit.verify.trust import read_policy
from tests.audit.verify.builder import LOG, Signer
from tests.audit.verify.vectors import rows

W = [Signer(f"w{number}.example", 4) for number in range(3)]
LOG_LINE = f"log {LOG.vkey}\n"
WITNESSES = LOG_LINE + "".join(f"witness w{number} {key.vkey}\n" for number, key in enumerate(W))


def test_policies_follow_the_vectors() -> None:
    """Valid or not, and each quorum is met by just those sets of cosigners that the table says."""
    cases = 0
    for row in rows("policies"):
        try:
            policy = read_policy(row["policy"].encode())
        except Malformed:
            assert row["expect"] in {"invalid", "either"}, row["id"]
            continue
        assert row["expect"] in {"valid", "either"}, row["id"]
        for case in row.get("table", ()):
            lines = [row["cosignature_lines"][name].rstrip("\n") + "\n" for name in case["cosigned_by"]]
            keys = [*policy.logs, *policy.witnesses.values()]
            note = open_note((row["checkpoint"] + "".join(lines)).encode(), keys)
            assert policy.satisfied(policy.cosigners(note)) is case["satisfied"], row["id"]
            cases += 1
    assert cases


@pytest.mark.parametrize(
    "text",
    [
        "",
        LOG_LINE,
        "quorum none\nquorum none\n",
        "quorum w0\n" + WITNESSES,
        WITNESSES + "group g any w0 w1\ngroup h any w1 w2\nquorum g\n",
        WITNESSES + "group g any none\nquorum g\n",
        WITNESSES + "group g 01 w0 w1\nquorum g\n",
        WITNESSES + "group none any w0\nquorum none\n",
        WITNESSES + "group g any g\nquorum g\n",
        WITNESSES + "witness w0 x\nquorum none\n",
        WITNESSES + f"witness w9 {Signer(W[0].name, 1).vkey}\nquorum none\n",
        LOG_LINE + LOG_LINE + "quorum none\n",
        "log\nquorum none\n",
        "log a b c d\nquorum none\n",
        "quorum none # comment\n",
        "quorum none\r\n",
        "quorum\n",
    ],
)
def test_what_the_text_does_not_allow_is_refused(text: str) -> None:
    """A policy is read whole or not at all: a line that is ignored could be the one that counts."""
    with pytest.raises(Malformed):
        read_policy(text.encode())


def test_comments_spaces_and_foreign_letters_are_allowed() -> None:
    """Lines that begin with a hash, tabs, and names of any bytes above ASCII."""
    text = f"  # who\n\n\t witness \xe4 {W[0].vkey} https://w.example/ \nquorum \xe4"
    policy = read_policy(text.encode())
    assert policy.quorum in policy.witnesses
    assert policy.satisfied({policy.quorum})
    assert not policy.satisfied(set())


@given(st.binary(max_size=200) | st.text(alphabet="logwitnesqurm agp12 +\n#\t", max_size=80).map(str.encode))
def test_garbage_is_refused_and_raises_nothing_else(data: bytes) -> None:
    """Whatever is in the file, it is a policy or it is malformed."""
    with suppress(Malformed):
        read_policy(data)
