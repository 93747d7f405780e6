"""The audit log over HTTP, of a gateway that serves calls: who may read what, and who has read."""

from __future__ import annotations

import base64
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from audit.tlog.proof import LogProof
from audit.tlog.tree import verify_consistency
from audit.tlog.trust import TrustPolicy
from tests.interop.tokens import with_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.end_to_end.conftest import Answered, Http
    from tests.interop.readers import Fsck, Xmod
    from tests.servers.gateway_server import GatewayServer

PROMPTLY_S = 15
READER = ("auditor", None, "regent-auditor")
LOG = "/v1/audit/log"


class Auditor:
    """Somebody with the role, at a gateway of two workers."""

    def __init__(self, gateway: GatewayServer, http: Http) -> None:
        self.gateway = gateway
        self.http = http
        self.token = gateway.token(*READER)

    def get(self, path: str, *, method: str = "GET", token: str | None = "", **headers: str) -> Answered:
        """Ask for something below `/v1/audit`; as the auditor unless another token is given."""
        return self.http.send(
            self.gateway,
            method=method,
            path=path if path.startswith("/v1/") else f"/v1/audit{path}",
            token=self.token if token == "" else token,
            headers=headers,
        )

    def call(self, user: str = "alice", **more: object) -> Answered:
        """Have somebody make a call."""
        return self.http.send(self.gateway, self.http.hello() | more, token=self.gateway.token(user))

    def await_index(self, decision_id: str) -> int:
        """Wait until a record is merged and indexed."""
        end = time.monotonic() + PROMPTLY_S
        while True:
            found = self.get(f"/records/{decision_id}")
            if found.status == 200 and found.json["log_index"] is not None:
                return int(found.json["log_index"])
            assert time.monotonic() < end
            time.sleep(0.1)

    def accesses(self) -> list[dict[str, Any]]:
        """The records of accesses, of both workers."""
        return list(self.gateway.records("access"))


@pytest.fixture
def auditor(gateway_server: Callable[..., GatewayServer], http_client: Http) -> Auditor:
    """A gateway of two workers that publishes quickly, and who may read its log."""
    return Auditor(gateway_server(workers=2, audit={"checkpoint_ms": 100}), http_client)


@pytest.fixture(scope="module")
def asked_by_many(shared_gateway: Callable[..., GatewayServer], http_client: Http) -> Auditor:
    """The same for tests that leave the gateway as it is, and don't mind what others have asked of it."""
    return Auditor(shared_gateway(workers=2, audit={"checkpoint_ms": 100}), http_client)


@pytest.fixture
def serving(auditor: Auditor) -> Iterator[None]:
    """Calls, as long as the test goes on."""
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            assert auditor.call().status == 200

    threads = [threading.Thread(target=serve) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


def test_an_auditor_finds_reads_and_proves(auditor: Auditor) -> None:
    """From a question to the exact bytes and a proof that holds, with either engine; all of it recorded."""
    called = auditor.call().headers["x-regent-decision-id"]
    refused = auditor.call("bob", model="none").headers["x-regent-decision-id"]
    index = auditor.await_index(called)
    (row,) = auditor.get("/decisions?subject=alice%40development&decision=allow").json["data"]
    (denied,) = auditor.get("/decisions?subject=bob%40development&since=1h").json["data"]
    shown = auditor.get(f"/records/{row['id']}").json
    proof = LogProof.parse(auditor.get(f"/proofs/{index}").body)
    vkey = auditor.get("/log/log.vkey").body.decode().strip()
    trusted = proof.verify(
        base64.b64decode(shown["bytes"]), TrustPolicy.parse(f"log {vkey}\nquorum none\n".encode())
    )

    assert (row["id"], row["end"], denied["id"]) == (called, "outcome", refused)
    assert (shown["log_index"], proof.index, shown["record"]["id"]) == (index, index, called)
    between = auditor.get(f"/consistency?from={index}&to={trusted.checkpoint.size}").json
    roots = [base64.b64decode(between[each]["root"]) for each in ("from", "to")]
    hashes = [base64.b64decode(each) for each in between["hashes"]]
    assert roots[1] == trusted.checkpoint.root
    assert verify_consistency(index, trusted.checkpoint.size, roots[0], roots[1], hashes)
    told = [(each["what"], each["n"]) for each in auditor.accesses()]
    assert told.count(("audit.query", 1)) == 2
    assert ("audit.read", 1) in told
    assert ("audit.log", 1) in told


@pytest.mark.engine("embedded")
def test_others_may_not(auditor: Auditor) -> None:
    """An administrator is no auditor, a caller even less: 403, recorded. Strangers: 401, counted."""
    paths = (
        "/decisions",
        "/records/0",
        "/proofs/0",
        "/consistency?from=1",
        "/log/checkpoint",
        "/log/tile/0/000",
    )
    others = [auditor.gateway.token("root", None, "regent-admin"), auditor.gateway.token()]
    refused = [auditor.get(path, token=token) for path in paths for token in others]
    strangers = [auditor.get(path, token=token) for path in paths for token in (None, "x.y.z")]
    auditor.gateway.stop()
    denied = [each for each in auditor.gateway.records("decision") if each["decision"]["action"] == "deny"]

    assert {(each.status, each.json["error"]["code"]) for each in refused} == {(403, "access.not_granted")}
    assert {each.status for each in strangers} == {401}
    assert {each["id"] for each in denied} == {each.headers["x-regent-decision-id"] for each in refused}
    assert {each["gen_ai"]["op"] for each in denied} == {"audit.query", "audit.read", "audit.log"}
    assert auditor.accesses() == []
    assert sum(each["n"] for each in auditor.gateway.records("auth_failure")) == len(strangers)


@pytest.mark.engine("embedded")
def test_rows_in_other_forms_and_pages(auditor: Auditor) -> None:
    """What two workers logged is one list, page after page."""
    called = [auditor.call().headers["x-regent-decision-id"] for _ in range(7)]
    found: list[str] = []
    cursor = ""
    while True:
        answer = auditor.get(f"/decisions?limit=3{cursor}")
        found += [row["id"] for row in answer.json["data"]]
        if answer.json["next"] is None:
            break
        cursor = f"&cursor={quote(answer.json['next'])}"
    lines = auditor.get("/decisions?kind=access", accept="application/jsonl")
    table = auditor.get("/decisions?kind=all&limit=1000", accept="text/csv")

    assert found == called[::-1]
    assert lines.body.count(b"\n") == 3
    assert table.body.startswith(b"time,t_us,writer,index,")


@pytest.mark.engine("embedded")
def test_strangers_readers_accept_the_log_of_a_gateway_at_work(
    auditor: Auditor, serving: None, fsck: Fsck, xmod: Xmod
) -> None:
    """Over the API, with a token, while calls are served; their thousands of reads are a few records."""
    auditor.await_index(auditor.call().headers["x-regent-decision-id"])
    kept = auditor.get("/log/checkpoint").body
    auditor.await_index(auditor.call().headers["x-regent-decision-id"])
    vkey = (auditor.gateway.audit / "log.vkey").read_text()
    with with_token(auditor.gateway.port, LOG, auditor.token) as url:
        theirs = [fsck(url, vkey) for _ in range(3)]
        ours = [xmod(url, vkey, [0, 1], kept=kept) for _ in range(3)]

    assert [each.output for each in (*theirs, *ours) if not each.accepted] == []
    assert ours[-1].size is not None
    assert theirs[0].size is not None
    assert ours[-1].size > theirs[0].size > int(kept.split(b"\n")[1])


@pytest.mark.engine("embedded")
def test_many_reads_leave_few_records(auditor: Auditor) -> None:
    """At most two a worker, and together they tell of every read; the log agrees with itself."""
    for number in range(100):
        assert auditor.get(f"/log/{'checkpoint' if number % 2 else 'tile/0/999'}").status in {200, 404}
    auditor.gateway.stop()
    found = [each for each in auditor.accesses() if each["what"] == "audit.log"]

    assert sum(each["n"] for each in found) == 100
    assert len(found) <= 4
    verified = auditor.gateway.regent("audit", "verify")
    assert verified.returncode == 10, verified.stdout


@pytest.mark.engine("embedded")
def test_hostile_urls_lead_nowhere(asked_by_many: Auditor) -> None:
    """No way of writing a path gives a file that isn't for readers, and none makes an error of ours."""
    secret = (asked_by_many.gateway.audit / "keys" / "log.key").read_bytes()
    paths = [
        "keys/log.key",
        "keys%2Flog.key",
        "./keys/log.key",
        "../audit/keys/log.key",
        "..%2Faudit%2Fkeys%2Flog.key",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5cetc%5cpasswd",
        "/etc/passwd",
        "//etc/passwd",
        "tile/0/..%2f..%2f..%2fkeys%2flog.key",
        "tile/0/000/../../../keys/log.key",
        "tile/entries/%00",
        "tile/0/000%00",
        "tile/0/" + "x999/" * 2_000 + "000",
        "tile/0/" + "9" * 5_000,
        "checkpoint%0a",
        "checkpoint%20",
        "CHECKPOINT",
        "vault/subjects.db",
        "index.db",
        "%ff%fe",
        "",
    ]
    for path in paths:
        answer = asked_by_many.get(f"{LOG}/{path}")
        assert (answer.status, answer.json["error"]["code"]) == (404, "route.unknown"), path
        assert secret not in answer.body
    for method, status in (("POST", 405), ("PUT", 405), ("DELETE", 405)):
        assert asked_by_many.get("/log/checkpoint", method=method).status == status
    assert (asked_by_many.get("/decisions/..%2flog%2fcheckpoint").status, asked_by_many.get("").status) == (
        404,
        404,
    )


@pytest.mark.engine("embedded")
def test_hostile_words_find_nothing_and_stay_out_of_the_log(asked_by_many: Auditor) -> None:
    """They are looked for as they are; the record of the question doesn't hold them."""
    asked_by_many.call()
    before = asked_by_many.accesses()
    words = [
        "subject=%00",
        "subject=" + "%F0%9F%92%A9" * 100,
        "team=%27%20OR%201=1--",
        "rule=%25",
        "model=*",
        "since=9999-12-31T23:59:59Z",
        "until=0001-01-01T00:00:00Z",
        "request=" + "f" * 32,
    ]
    for parameters in words:
        answer = asked_by_many.get(f"/decisions?{parameters}")
        assert (answer.status, answer.json["data"]) == (200, []), parameters
    assert asked_by_many.get("/decisions?kind=hello").status == 400
    new = [each for each in asked_by_many.accesses() if each not in before]
    found = [
        each for each in new if each["what"] == "audit.query"
    ]  # reads of files are counted up, and told later

    assert [each["n"] for each in found] == [0] * len(words)
    assert not [value for each in found for value in each["filter"].values() if isinstance(value, str)]


@pytest.mark.engine("embedded")
def test_a_head_has_no_body(asked_by_many: Auditor) -> None:
    """For whoever wants to know whether a file is there."""
    asked_by_many.await_index(asked_by_many.call().headers["x-regent-decision-id"])
    answer = asked_by_many.get("/log/checkpoint", method="HEAD")

    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 100
