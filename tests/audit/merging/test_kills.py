"""Writers and sequencers killed at random, again and again: what was acknowledged is merged, and all holds.

50 rounds as a rule; `REGENT_KILL_ROUNDS=1000` for a night.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.verify.check import verify
from audit.verify.verdict import Verdict

if TYPE_CHECKING:
    from tests.audit.merging.conftest import House

ROUNDS = int(os.environ.get("REGENT_KILL_ROUNDS", "50"))
ROOT = Path(__file__).parents[3]

# One process that forks: two hundred interpreters would take longer than all that they do.
NURSERY = """
import asyncio, os, random, signal, sys, time
from pathlib import Path
from audit.keys import LogKeys
from audit.log import AuditLog
from audit.merging.folder import Folder
from audit.merging.loop import Loop, Pace
from audit.merging.notary import LogNotary
from audit.ports import Ports
from audit.record import auth_failure

folder, origin, rounds = Path(sys.argv[1]), "regent.test/log", int(sys.argv[2])
chance = random.Random(7)

async def append():
    log = AuditLog.open(folder, origin)
    async def one():
        while True:
            receipt = await log.append(auth_failure("a.b", 1))
            os.write(1, f"{receipt.leaf_hash}\\n".encode())
    await asyncio.gather(*(one() for _ in range(8)))

def merge():
    notary = lambda: LogNotary(LogKeys.settle(folder, origin), Ports())
    Loop(Folder(folder), notary, report=print, pace=Pace(interval_s=0.0, pause_s=0.01)).run()

def child(work):
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(1)
    return pid

for _ in range(rounds):
    pids = [child(lambda: asyncio.run(append())), child(lambda: asyncio.run(append())), child(merge)]
    chance.shuffle(pids)
    for pid in pids:
        time.sleep(chance.uniform(0.01, 0.12))
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status), status
"""


@pytest.mark.slow
@pytest.mark.timeout(60 + 2 * ROUNDS)
def test_no_kill_loses_what_was_acknowledged(house: House) -> None:
    """Two writers and a sequencer a round; afterwards every receipt's leaf is merged and the log is whole."""
    done = subprocess.run(
        [sys.executable, "-c", NURSERY, str(house.folder), str(ROUNDS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    acknowledged = {line for line in done.stdout.splitlines() if len(line) == 64}
    for _ in range(2):  # what a kill left in a slot is settled by the slot's next boot
        logs = [house.open(), house.open()]
        for log in logs:
            log.close()
    house.sequencer().turn()

    assert len(acknowledged) > 5 * ROUNDS
    assert acknowledged <= house.merged()
    found = verify(house.folder)
    assert found.verdict in {Verdict.OPERATOR_ASSERTED, Verdict.INCOMPLETE}
    assert {each.verdict for each in found.findings} <= {
        Verdict.INCOMPLETE
    }  # boots without a close, torn ends
