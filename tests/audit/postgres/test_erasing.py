"""Erasing in a database: rows of the vault go, by one role only, and the log and its tree stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from audit.errors import LogUnavailable
from audit.ports import Ports
from audit.postgres.erasing import erase_record, erase_subject
from audit.vault.commitment import commit
from tests.audit.merging.conftest import House

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.record import Record
    from tests.audit.postgres.conftest import Cluster

    Make = Callable[..., Record]

pytestmark = pytest.mark.server


def asked(make_decision: Make, subject: str) -> Record:
    """A decision about somebody."""
    question = orjson.dumps({"subject": {"id": subject, "type": "user"}})
    return make_decision(
        policy_input=commit("input", question), question=question, payload=[commit("req", b"x")]
    )


async def test_a_subject_is_erased_and_nobody_else(cluster: Cluster, make_decision: Make) -> None:
    """Its questions, their nonces and its name go; others stay, and so does the merged log."""
    now_us = 0
    log = cluster.open(ports=Ports(mono_us=lambda: now_us))
    names = ["ann@acme", "ann@other", "joann@acme", 'q"uote@acme']
    before = {name: await log.sref(name) for name in names}
    for name in names:
        await cluster.append(log, asked(make_decision, name), asked(make_decision, name))
    cluster.sequencer().turn()
    cluster.login("clerk", "eraser")

    assert erase_subject(cluster.target("clerk"), "ann@acme") == 3
    assert erase_subject(cluster.target("clerk"), 'q"uote@acme') == 3
    assert erase_subject(cluster.target("clerk"), "nobody@acme") == 0

    kept = cluster.run(f"TABLE {cluster.schema}_vault.kept")
    now_us += 1_000_000
    after = {name: await log.sref(name) for name in names}
    assert {orjson.loads(row["question"])["subject"]["id"] for row in kept} == {"ann@other", "joann@acme"}
    assert {name for name in names if after[name] != before[name]} == {"ann@acme", 'q"uote@acme'}
    cluster.mirror()
    assert set(cluster.promised.values()) <= House(cluster.folder).merged()


async def test_a_record_is_erased(cluster: Cluster, make_decision: Make) -> None:
    """Its nonces and its question go with one row; a second time there is nothing."""
    log = cluster.open()
    first, second = asked(make_decision, "a@b"), asked(make_decision, "a@b")
    await cluster.append(log, first, second)
    cluster.login("clerk", "eraser")

    assert [erase_record(cluster.target("clerk"), first.id) for _ in range(2)] == [1, 0]
    (left,) = cluster.run(f"TABLE {cluster.schema}_vault.kept")
    assert left["record"].hex() == second.id


def test_nobody_else_erases(cluster: Cluster) -> None:
    """A gateway's login can't, whatever the gateway is made to do."""
    with pytest.raises(LogUnavailable, match="nothing was erased"):
        erase_subject(cluster.target(), "ann@acme")
