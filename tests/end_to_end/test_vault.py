"""What the house keeps of a call, and how it goes: sealed if the policy says so, erased while it serves."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.vault import database
from audit.vault.pseudonyms import look_up
from audit.vault.sealing import unseal
from bundles import build as building
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.end_to_end.conftest import Http
    from tests.servers.engines import Deciding
    from tests.servers.gateway_server import GatewayServer

    Start = Callable[..., GatewayServer]

KEY = bytes(range(32))
PROMPT, SUBJECT = "the-secret-prompt", "alice-the-subject"
WHY = ("--basis", "gdpr.art17", "--by", "dpo")
WHOLE = 10  # `verify` without a kept head


@pytest.fixture
def sealing(tmp_path: Path, deciding: Deciding) -> dict[str, Any]:
    """Settings under whose policy every call is kept sealed for thirty days."""
    bundle = edited(lambda data: data["retention"].update(payload="sealed", days=30))
    building.write(bundle.files, tmp_path / "sealed")
    key = tmp_path / "sealing.key"
    key.write_text(KEY.hex() + "\n")
    key.chmod(0o600)
    return {"policy": deciding(tmp_path / "sealed"), "audit": {"sealing_key_file": str(key)}}


def says(prompt: str, *, stream: bool = False) -> dict[str, Any]:
    """A chat."""
    return {
        "model": "demo-small",
        "stream": stream,
        "messages": [{"role": "user", "content": prompt}],
    }


def containing(folder: Path, text: str) -> list[str]:
    """The files in which something stands."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in files if text.encode() in path.read_bytes())


def opened(gateway: GatewayServer, record: str, label: str) -> str:
    """A sealed payload of a record, opened."""
    found = unseal(gateway.audit, record, label, KEY)
    assert isinstance(found, bytes), found
    return found.decode()


@contextmanager
def busy(call: Callable[[], object]) -> Iterator[None]:
    """Keep calling meanwhile."""
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            call()

    caller = threading.Thread(target=load)
    caller.start()
    try:
        yield
    finally:
        stop.set()
        caller.join()


def test_a_subject_is_erased_while_the_gateway_serves(
    gateway_server: Start, http_client: Http, sealing: dict[str, Any]
) -> None:
    """Sealed while it is kept; afterwards nothing of name, prompt or reply is left, and proofs hold."""
    gateway = gateway_server(**sealing)
    alice, bob = gateway.token(SUBJECT, "sales"), gateway.token("bob", "sales")
    ids = []
    for stream in (False, True):
        answer = http_client.send(gateway, says(PROMPT, stream=stream), token=alice)
        assert answer.status == 200
        ids.append(answer.headers["x-regent-decision-id"])
        gateway.row(ids[-1])
    kept = http_client.send(gateway, says("bob-asks"), token=bob).headers["x-regent-decision-id"]
    gateway.row(kept)
    ends = {each["ref"]: each["id"] for each in gateway.records("outcome")}
    vault, name = gateway.audit / "vault", f"{SUBJECT}@development"
    sref = look_up(vault / database.NAME, name)
    assert sref is not None
    assert containing(gateway.audit, PROMPT) == []
    for record in ids:
        assert PROMPT in opened(gateway, record, "req")
        assert PROMPT in opened(gateway, ends[record], "resp")  # the demo model says it again
    before = gateway.regent("audit", "verify")
    with busy(lambda: http_client.send(gateway, says("bob-asks"), token=bob)):
        done = gateway.regent("audit", "erase", "--subject", name, *WHY, "--yes")

    assert done.returncode == 0, done.stderr
    assert done.stdout == "pseudonym 1, key 1, question 2, payload 4, nonce 6\n"
    assert containing(gateway.audit, SUBJECT) == []
    assert containing(gateway.audit, PROMPT) == []
    assert containing(vault, sref) == []
    sealed = b"".join(path.read_bytes() for path in vault.glob("sealed/*/*.bin"))
    assert bytes.fromhex(sref) not in sealed
    for record in ids:
        assert unseal(gateway.audit, record, "req", KEY) == "erased"
        assert unseal(gateway.audit, ends[record], "resp", KEY) == "erased"
    assert "bob-asks" in opened(gateway, kept, "req")
    assert [each["stage"] for each in gateway.records("erasure")] == ["begun", "done"]
    gateway.stop()
    after = gateway.regent("audit", "verify")
    assert (before.returncode, after.returncode) == (WHOLE, WHOLE), after.stdout

    gateway.start()
    again = http_client.send(gateway, says(PROMPT), token=alice)
    assert again.status == 200
    assert look_up(vault / database.NAME, name) not in {None, sref}


@pytest.mark.engine("embedded")
def test_without_a_key_nothing_is_served_that_must_be_sealed(
    gateway_server: Start, http_client: Http, sealing: dict[str, Any]
) -> None:
    """A condition that the house can't meet is a denial with a reason, on the record."""
    gateway = gateway_server(policy=sealing["policy"])
    answer = http_client.send(gateway, says(PROMPT), token=gateway.token())

    assert (answer.status, answer.json["error"]["code"]) == (403, "obligation.unsealable")
    assert gateway.row(answer.json["decision_id"]).reason_code == "obligation.unsealable"
    assert containing(gateway.audit, PROMPT) == []


@pytest.mark.engine("embedded")
def test_a_hold_is_stronger_than_an_erasure(gateway_server: Start, http_client: Http) -> None:
    """Held, refused, lifted, erased: each step with its exit code, and on the record."""
    gateway = gateway_server()
    record = http_client.send(gateway, says(PROMPT), token=gateway.token(SUBJECT)).headers[
        "x-regent-decision-id"
    ]
    gateway.row(record)
    name, case = f"{SUBJECT}@development", ("--basis", "litigation.1", "--by", "legal")

    assert gateway.regent("audit", "hold", "set", "--subject", name, *case).returncode == 0
    assert gateway.regent("audit", "erase", "--subject", name, *WHY, "--yes").returncode == 3
    assert gateway.regent("audit", "erase", "--record", record, *WHY, "--yes").returncode == 3
    assert gateway.regent("audit", "prune", "--keep-days", "400", "--yes").returncode == 3
    assert containing(gateway.audit, SUBJECT) != []
    assert gateway.regent("audit", "hold", "lift", "--subject", name, *case).returncode == 0
    assert gateway.regent("audit", "erase", "--subject", name, *WHY, "--yes").returncode == 0
    assert containing(gateway.audit, SUBJECT) == []
    assert [each["action"] for each in gateway.records("legal_hold")] == ["set", "lift"]


@pytest.mark.engine("embedded")
@pytest.mark.parametrize("mode", [0o644, None])
def test_a_doubtful_key_refuses_to_start(
    mode: int | None, gateway_server: Start, sealing: dict[str, Any]
) -> None:
    """A key that others can read, or that isn't there, is no key; the message names the file."""
    path = Path(sealing["audit"]["sealing_key_file"])
    if mode is None:
        path.unlink()
    else:
        path.chmod(mode)
    gateway = gateway_server(started=False, **sealing)
    with pytest.raises(RuntimeError, match=r"sealing\.key.*vault\.key"):
        gateway.start()
