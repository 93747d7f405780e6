"""The rules of a witness, its state over restarts, and forks that it must never cosign."""

import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.tlog.keys import KeyType, SigningKey
from audit.tlog.note import open_note, sign_note
from audit.witness.request import MAX_BODY, AddCheckpoint
from audit.witness.server import WitnessKeyRefused, keygen, open_witness, read_keys
from audit.witness.state import StateUnavailable, WitnessState
from audit.witness.witness import Witness
from tests.audit.witness.trees import GrowingLog

ROOT = Path(__file__).parents[3]
RACES = 8
RACER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from audit.tlog.keys import VerifierKey
from audit.witness.server import read_keys
from audit.witness.state import WitnessState
from audit.witness.witness import Witness

def slow_clock():
    time.sleep(0.005)  # read between looking and keeping: whoever does not hold the state loses it here
    return 1

folder, word = Path(sys.argv[2]), sys.argv[3]
keys = read_keys(folder / "w.key")
logs = [VerifierKey.parse(line) for line in (folder / "logs").read_text().splitlines()]
witness = Witness(keys, logs, WitnessState(folder / "w.db", [key.verifier for key in keys]), slow_clock)
print("ready", flush=True)
sys.stdin.readline()
for request in sorted(folder.glob(word + "-*.request")):
    print(int(witness.add_checkpoint(request.read_bytes()).status), request.stem, flush=True)
"""


def ask(witness: Witness, log: GrowingLog, old: int, new: int) -> int:
    """Ask for a cosignature and return the status."""
    request = AddCheckpoint(old, tuple(log.proof(old, new)), log.note(new))
    return int(witness.add_checkpoint(bytes(request)).status)


def test_what_was_cosigned_is_remembered_over_restarts(
    log: GrowingLog, make_witness: Callable[..., Witness]
) -> None:
    """A witness that is opened again starts from the last tree, and a smaller genuine one is a conflict."""
    assert ask(make_witness(log.key.verifier), log, 0, 7) == 200
    again = make_witness(log.key.verifier)
    assert ask(again, log, 0, 3) == 409
    assert ask(again, log, 3, 5) == 409
    assert ask(again, log, 7, 7) == 200
    assert ask(again, log, 7, 20) == 200
    assert ask(make_witness(log.key.verifier), log, 7, 20) == 409


def test_a_fork_is_refused_and_kept_as_evidence(
    log: GrowingLog, make_witness: Callable[..., Witness], tmp_path: Path
) -> None:
    """Another tree by the same key is never cosigned; two signed checkpoints of one size are kept."""
    fork = GrowingLog("other", log.key)
    witness = make_witness(log.key.verifier)
    assert ask(witness, log, 0, 7) == 200
    assert ask(witness, fork, 7, 9) == 422
    assert ask(witness, fork, 7, 7) == 422
    state = WitnessState(tmp_path / "w.db", witness.vkeys)
    assert state.forks() == {log.key.name: (log.note(7), fork.note(7))}
    assert state.seen(log.key.name).note == log.note(7)
    state.close()


def test_a_log_may_have_two_keys(make_witness: Callable[..., Witness]) -> None:
    """Either key of an origin signs for it; a third does not, and other origins are other logs."""
    log = GrowingLog()
    second = SigningKey.generate(log.key.name, KeyType.MLDSA44_COSIGNATURE)
    witness = make_witness(log.key.verifier, second.verifier)
    assert ask(witness, log, 0, 3) == 200
    by_second = AddCheckpoint(3, tuple(log.proof(3, 5)), sign_note(log.text(5), [second], 1))
    assert witness.add_checkpoint(bytes(by_second)).status == 200
    assert ask(witness, GrowingLog(), 5, 6) == 403
    assert ask(witness, GrowingLog(key=SigningKey.generate("b.example")), 0, 6) == 404


def test_the_stated_time_is_that_of_the_clock(log: GrowingLog, tmp_path: Path) -> None:
    """A cosignature says when the tree was the largest one seen."""
    keys = [SigningKey.generate("w.example", KeyType.ED25519_COSIGNATURE)]
    state = WitnessState.create(tmp_path / "s.db", [keys[0].verifier])
    witness = Witness(keys, [log.key.verifier], state, now_s=lambda: 1_790_000_000)
    answer = witness.add_checkpoint(bytes(AddCheckpoint(0, (), log.note(1))))
    line = open_note(log.note(1) + answer.body.encode(), witness.vkeys).verified[0][1]
    assert line.value[:8] == (1_790_000_000).to_bytes(8, "big")
    state.close()


def test_an_unusable_state_cosigns_nothing(log: GrowingLog, make_witness: Callable[..., Witness]) -> None:
    """With the state closed or held by somebody else, a request fails before anything is signed."""
    witness = make_witness(log.key.verifier)
    witness._state.close()
    with pytest.raises(StateUnavailable):
        witness.add_checkpoint(bytes(AddCheckpoint(0, (), log.note(1))))


def test_too_long_a_body_is_not_read(make_witness: Callable[..., Witness]) -> None:
    """A body beyond the bound is refused by its length alone."""
    assert make_witness().add_checkpoint(b"x" * (MAX_BODY + 1)).status == 413


def forked_logs() -> list[dict[str, GrowingLog]]:
    """Return logs that each show two trees under one key."""
    keys = [SigningKey.generate(f"log{number}.example") for number in range(RACES)]
    return [{word: GrowingLog(word, key) for word in "ab"} for key in keys]


def test_threads_on_one_witness_never_cosign_a_fork(tmp_path: Path) -> None:
    """Of two trees offered at once by four threads, one wins, for each log."""
    key = SigningKey.generate("w.example", KeyType.ED25519_COSIGNATURE)
    state = WitnessState.create(tmp_path / "w.db", [key.verifier])
    logs = forked_logs()

    def slow_clock() -> int:
        time.sleep(0.002)
        return 1

    witness = Witness([key], [log["a"].key.verifier for log in logs], state, slow_clock)
    won: set[tuple[int, str]] = set()
    start = threading.Barrier(4)

    def race(word: str) -> None:
        start.wait()
        won.update((number, word) for number, log in enumerate(logs) if ask(witness, log[word], 0, 1) == 200)

    threads = [threading.Thread(target=race, args=(word,)) for word in "abab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for number, _ in won) == list(range(RACES))
    state.close()


def test_processes_on_one_state_never_cosign_a_fork(tmp_path: Path) -> None:
    """Of two trees offered at once to four processes with one state file, one wins, for each log."""
    keygen("w.example", tmp_path / "w.key", tmp_path / "w.db")
    logs = forked_logs()
    (tmp_path / "logs").write_text("".join(f"{log['a'].key.verifier}\n" for log in logs))
    for number, log in enumerate(logs):
        for word, tree in log.items():
            request = AddCheckpoint(0, (), tree.note(1))
            (tmp_path / f"{word}-{number}.request").write_bytes(bytes(request))
    command = [sys.executable, "-c", RACER, str(ROOT), str(tmp_path)]
    racers = [
        subprocess.Popen([*command, word], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for word in "abab"
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    lines = [line.split() for racer in racers for line in racer.communicate(timeout=60)[0].splitlines()]
    assert len(lines) == 4 * RACES
    won = {request for status, request in lines if status == "200"}
    assert sorted(request.partition("-")[2] for request in won) == [str(number) for number in range(RACES)]
    assert {status for status, _ in lines} <= {"200", "409"}


def test_files_of_a_new_witness(tmp_path: Path) -> None:
    """Key and state are for their owner only, made once, and belong together."""
    both = (KeyType.ED25519_COSIGNATURE, KeyType.MLDSA44_COSIGNATURE)
    verifiers = keygen("w.example", tmp_path / "w.key", tmp_path / "w.db", both)
    assert [key.verifier for key in read_keys(tmp_path / "w.key")] == verifiers
    for name in ("w.key", "w.db"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    with pytest.raises(WitnessKeyRefused):
        keygen("w.example", tmp_path / "w.key", tmp_path / "x.db")
    with pytest.raises(StateUnavailable):
        keygen("w.example", tmp_path / "x.key", tmp_path / "w.db")
    assert not (tmp_path / "x.key").exists()
    keygen("v.example", tmp_path / "v.key", tmp_path / "v.db")
    with pytest.raises(StateUnavailable) as refused:
        open_witness(tmp_path / "v.db", tmp_path / "w.key", [])
    assert refused.value.code == "witness.state_key"


def test_a_lost_state_or_an_open_key_stops_a_witness(tmp_path: Path) -> None:
    """A witness that lost its memory does not start anew, and a key that others can read is not used."""
    keygen("w.example", tmp_path / "w.key", tmp_path / "w.db")
    (tmp_path / "w.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(StateUnavailable):
        open_witness(tmp_path / "w.db", tmp_path / "w.key", [])
    assert not (tmp_path / "w.db").exists()
    (tmp_path / "w.db").write_bytes(b"not a database, but long enough to be read as a header of one" * 20)
    with pytest.raises(StateUnavailable):
        open_witness(tmp_path / "w.db", tmp_path / "w.key", [])
    (tmp_path / "w.key").chmod(0o640)
    with pytest.raises(WitnessKeyRefused) as refused:
        read_keys(tmp_path / "w.key")
    assert refused.value.code == "witness.key_mode"
    (tmp_path / "log.key").touch(mode=0o600)
    with pytest.raises(WitnessKeyRefused):
        read_keys(tmp_path / "log.key")
    with pytest.raises(WitnessKeyRefused):
        keygen("w.example", tmp_path / "y.key", tmp_path / "y.db", [KeyType.ED25519])
