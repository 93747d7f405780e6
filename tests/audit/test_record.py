"""Pins the shape of each kind of record, schema version 1."""

from collections.abc import Callable
from typing import Any

import pytest

from audit.canonical import encode
from audit.errors import RecordRefused
from audit.record import (
    Record,
    aborted,
    access,
    auth_failure,
    gap,
    mode,
    policy_load,
    policy_transition,
    writer_close,
    writer_open,
)
from audit.vault.commitment import commit


def test_a_decision_holds_codes_and_commitments(make_decision: Callable[..., Record]) -> None:
    """The opening record has every group of the schema, and the nonces stay outside of it."""
    asked, question = commit("req", b"{}"), commit("input", b"{}")
    record = make_decision(
        payload=[asked],
        policy_input=question,
        obligations=[{"kind": "budget", "warn_at": [0.8]}],
        policy_us=40,
        total_us=300,
    )
    body = dict(record.body)
    assert body.pop("id") == record.id
    assert len(record.id) == 32
    assert body == {
        "v": 1,
        "typ": "decision",
        "tenant": "acme",
        "team": "hr",
        "sref": "0" * 32,
        "actor": {"kind": "user", "auth": "oidc"},
        "req": {"id": "req-1", "stream": False},
        "gen_ai": {"op": "chat.completions", "req_model": "gpt-4o"},
        "policy": {
            "engine": "embedded",
            "bundle": "sha256:" + "a" * 64,
            "revision": "r1",
            "path": "gateway/request",
            "input_commit": question.finish()["c"],
            "rules": [{"id": "residency.hr_onprem", "effect": "allow"}],
        },
        "decision": {
            "action": "allow",
            "reason_code": "policy.allowed",
            "reasons": [],
            "obligations": [{"kind": "budget", "warn_at": ["0.8"]}],
            "final": True,
        },
        "payload": {"req": asked.finish()},
        "lat_us": {"policy": 40, "total": 300},
    }
    assert record.nonces == (("req", asked.nonce), ("input", question.nonce))


def test_an_outcome_names_its_decision_and_who_served(make_outcome: Callable[..., Record]) -> None:
    """The closing record points back and tells deployment, usage, attempts and the reply's commitment."""
    reply = commit("resp", b"hello", "text/event-stream")
    record = make_outcome(
        "d" * 32, attempts=[("azure-eu", "timeout"), ("onprem-llama", "ok")], payload=[reply]
    )
    assert record.body["ref"] == "d" * 32
    assert record.body["attempts"] == [
        {"deployment": "azure-eu", "outcome": "timeout"},
        {"deployment": "onprem-llama", "outcome": "ok"},
    ]
    assert record.body["usage"] == {"in": 10, "out": 20, "estimated": False, "cost_micro": None}
    assert record.body["payload"] == {"resp": reply.finish()}
    assert record.nonces == (("resp", reply.nonce),)


def test_an_aborted_request_needs_a_reason_and_a_time_only() -> None:
    """Nothing may have served it; the shape is that of an outcome all the same."""
    record = aborted(ref="d" * 32, reason_code="client.gone", total_us=5)
    assert record.body["reason_code"] == "client.gone"
    assert record.body["deployment"] is None
    assert record.body["usage"] == {"in": 0, "out": 0, "estimated": True, "cost_micro": None}


def test_an_end_says_what_it_cost_and_by_which_prices(make_outcome: Callable[..., Record]) -> None:
    """What isn't known is left out, but for the cost, which is null then; nothing spent is zero."""
    priced = make_outcome("d" * 32, cost_micro=0, cached=4, reasoning=0, prices="list-2026-11")
    assert priced.body["usage"] == {
        "in": 10,
        "out": 20,
        "estimated": False,
        "cost_micro": 0,
        "cached": 4,
        "reasoning": 0,
        "prices": "list-2026-11",
    }
    ended = aborted(ref="d" * 32, reason_code="client.gone", total_us=5, usage_in=3, cost_micro=7)
    assert ended.body["usage"] == {"in": 3, "out": 0, "estimated": True, "cost_micro": 7}
    assert encode(priced.body)


def test_a_decision_says_by_what_it_is_charged(make_decision: Callable[..., Record]) -> None:
    """Tags as the client declared them, apart from what the house says; nothing where there is nothing."""
    body = make_decision(cost_center="cc-1", tags=["batch", "batch"], keys=["team:hr"]).body
    assert (body["cost_center"], body["declared"], body["keys"]) == ("cc-1", {"tags": ["batch"]}, ["team:hr"])
    assert encode(body)
    assert not {"cost_center", "declared", "keys"} & set(make_decision().body)


@pytest.mark.parametrize(
    "changes", [{"cost_center": "two words"}, {"tags": ["a@b"]}, {"keys": [""]}, {"tags": ["x"] * 2 + ["-"]}]
)
def test_a_decision_takes_no_free_text(changes: dict[str, Any], make_decision: Callable[..., Record]) -> None:
    """Whoever declares a sentence as a tag has no record made."""
    with pytest.raises(RecordRefused):
        make_decision(**changes)


@pytest.mark.parametrize(
    ("record", "typ", "key", "value"),
    [
        (auth_failure("auth.expired", 3), "auth_failure", "n", 3),
        (
            policy_load(engine="opa", bundle=None, revision="r2", result="refused"),
            "policy.load",
            "result",
            "refused",
        ),
        (
            policy_transition(
                action="activate",
                revision="r-1",
                bundle="sha256:0",
                before="approved",
                after="active",
                by="bob",
                approvals=2,
                result="accepted",
            ),
            "policy.transition",
            "transition",
            {"action": "activate", "from": "approved", "to": "active"},
        ),
        (writer_open("o", "sha256:0"), "writer.open", "origin", "o"),
        (writer_close({"size": 1, "root": "00"}), "writer.close", "tree", {"size": 1, "root": "00"}),
        (
            access(what="audit.query", filters={"team": "hr", "model": None}, n=2, actor={"kind": "user"}),
            "access",
            "filter",
            {"team": "hr", "model": None},
        ),
        (mode("strict"), "mode", "mode", "strict"),
        (gap("torn_tail", {"size": 7}), "gap", "gap", {"reason": "torn_tail", "size": 7}),
    ],
)
def test_events_have_type_id_and_their_facts(record: Record, typ: str, key: str, value: object) -> None:
    """Each event is a record of version 1 with a canonical form."""
    assert (record.body["v"], record.body["typ"], record.body[key]) == (1, typ, value)
    assert encode(record.body)


def test_an_access_can_bear_an_id_that_was_announced() -> None:
    """So that whoever reads the log has the name of their own record in hand."""
    made = access(what="audit.read", filters={}, n=0, actor={"kind": "user"}, access_id="a" * 32)
    assert made.id == "a" * 32
