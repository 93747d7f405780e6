"""Published trust policies, with truth tables of their quorums."""

import pytest

from audit.tlog.trust import PolicyRefused, TrustPolicy
from tests.audit.tlog.vectors import Row, rows


@pytest.mark.parametrize("row", rows("policies.jsonl", "parse"))
def test_parse(row: Row) -> None:
    """A policy is read as the text of tlog-policy says; where the sources differ, either is right."""
    data = row["policy"].encode()
    try:
        TrustPolicy.parse(data)
    except PolicyRefused as refused:
        assert row["expect"] in {"invalid", "either"}, refused
    else:
        assert row["expect"] in {"valid", "either"}


@pytest.mark.parametrize("row", rows("policies.jsonl", "quorum"))
def test_truth_table(row: Row) -> None:
    """Each set of cosigners is enough or not as the table says, by name and by signed checkpoint."""
    policy = TrustPolicy.parse(row["policy"].encode())
    for case in row["table"]:
        names = case["cosigned_by"]
        note = row["checkpoint"] + "".join(row["cosignature_lines"][name] for name in names)
        assert policy.is_satisfied(names) == case["satisfied"], names
        try:
            trusted = policy.check(note.encode())
        except PolicyRefused as refused:
            assert refused.code == "trust.quorum"
            assert not case["satisfied"], names
        else:
            assert case["satisfied"], names
            assert sorted(trusted.witnesses) == sorted(names)
