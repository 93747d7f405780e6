"""Pins what a row says of each kind of record."""

from __future__ import annotations

from typing import Any

import pytest

from audit.index.row import is_shown, row_of
from audit.index.schema import packed, unpacked


def said(typ: str, **fields: Any) -> tuple[str, str, str | None, int]:
    """Return what was done, why, by whom and how often."""
    record = {"typ": typ, "id": "i", "t_us": 1, "writer": {"id": "w0", "boot": 0}, **fields}
    row = row_of(record, 0)
    return row.action, row.reason_code, row.by, row.n


@pytest.mark.parametrize(
    ("typ", "fields", "expected"),
    [
        ("auth_failure", {"reason_code": "auth.expired", "n": 4}, ("deny", "auth.expired", None, 4)),
        ("access", {"actor": "auditor", "what": "query", "filter": {}, "n": 9}, ("query", "", "auditor", 9)),
        ("access", {"actor": {"kind": "user", "id": "x"}, "what": "export"}, ("export", "", "x", 1)),
        ("erasure", {"scope": "subject", "basis": "GDPR-17", "by": "dpo"}, ("subject", "GDPR-17", "dpo", 1)),
        ("erasure", {"stage": "begun", "scope": "record", "by": "dpo"}, ("begun record", "", "dpo", 1)),
        ("prune", {"stage": "done", "by": "operator"}, ("done", "", "operator", 1)),
        ("legal_hold", {"action": "set", "basis": "court", "by": "dpo"}, ("set", "court", "dpo", 1)),
        ("policy.load", {"result": "refused", "reason_code": "b"}, ("refused", "b", None, 1)),
        ("gap", {"gap": {"reason": "torn_tail", "size": 3}}, ("", "torn_tail", None, 1)),
        ("prune", {"minimum_index": 256, "by": "operator"}, ("", "", "operator", 1)),
        ("key.rotate", {"old": "a", "new": "b", "note": "c"}, ("", "", None, 1)),
        ("some.new.kind", {"action": 7, "actor": ["?"]}, ("", "", None, 1)),
    ],
)
def test_a_row_says_what_was_done_why_and_by_whom(
    typ: str, fields: dict[str, Any], expected: tuple[str, str, str | None, int]
) -> None:
    """Also of a kind that this version doesn't know."""
    assert said(typ, **fields) == expected
    assert is_shown(typ)


def test_ends_and_the_sequencers_statements_have_no_row_of_their_own() -> None:
    """An end is part of its decision's row."""
    assert not any(map(is_shown, ("outcome", "aborted", "writer.head")))


def test_controls_are_those_of_the_rules_that_fired_once_each() -> None:
    """And those that the decision itself names."""
    record = {
        "typ": "decision", "id": "i", "t_us": 1, "writer": {"id": "w0"},
        "policy": {
            "rules": [{"id": "a", "controls": ["C2", "C1"]}, {"id": "b", "controls": ["C2"]}, {"id": "c"}],
        },
        "decision": {"action": "allow", "reason_code": "r", "controls": ["C3"]},
    }  # fmt: skip
    assert row_of(record, 0).controls == ["C2", "C1", "C3"]


@pytest.mark.parametrize(
    "text", [None, "", "0" * 32, "A" * 32, "req_" + "f" * 32, "req_" + "F" * 32, "x" * 36]
)
def test_an_id_comes_back_as_it_was(text: str | None) -> None:
    """However it is kept."""
    assert unpacked(packed(text)) == text


def test_an_id_of_128_bits_takes_16_bytes() -> None:
    """And one more behind the gateway's prefix."""
    assert packed("0a" * 16) == b"\x0a" * 16
    assert packed("req_" + "0a" * 16) == b"r" + b"\x0a" * 16
