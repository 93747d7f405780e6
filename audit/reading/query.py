"""Answers questions about the log by reading it: newest first, a decision and its end in one row.

Reads segment files, live ones too, and locks nothing. An answer is a convenience for people, never
evidence: that is what `audit.verify` is for.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson

from audit import frames
from audit.errors import LogDamaged, LogUnavailable
from audit.vault.pseudonyms import look_up

_ENDS = frozenset({"outcome", "aborted"})
_ROWS = frozenset({"decision", "auth_failure"})


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for; None asks for nothing in particular.

    Attributes:
        subject: who asked, by name; found through the vault's map.
        tenant: organization.
        team: team.
        model: the model asked for, or the one that answered.
        action: what was decided.
        reason_code: why it was decided so, or why it ended early.
        request_id: the gateway's id of the request.
        id: the decision's own id.
        since_us: wall clock, microseconds UTC, inclusive.
        until_us: likewise, exclusive.
        limit: rows at most; None for all.
    """

    subject: str | None = None
    tenant: str | None = None
    team: str | None = None
    model: str | None = None
    action: Literal["allow", "deny"] | None = None
    reason_code: str | None = None
    request_id: str | None = None
    id: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One decision with its end, or a tally of failed authentications.

    Attributes:
        t_us: when it was logged.
        writer: who logged it.
        index: the record's index in that writer's log.
        id: the record's id; of a tally too.
        request_id: the gateway's id of the request; null for a tally.
        action: what was decided.
        reason_code: why.
        tenant: organization.
        team: team.
        sref: the subject's pseudonym.
        op: operation.
        model: the model asked for.
        rules: ids of the rules that fired.
        revision: revision of the policy bundle.
        end: `outcome`, `aborted`, or null: denied, or not ended yet.
        end_reason: why it was aborted.
        deployment: who answered.
        resp_model: the model that answered.
        tokens_in: input tokens accounted for.
        tokens_out: output tokens accounted for.
        total_us: time from receipt to the end.
        n: number of failures in a tally; 1 for a decision.
    """

    t_us: int
    writer: str
    index: int
    id: str
    request_id: str | None
    action: str
    reason_code: str
    tenant: str | None
    team: str | None
    sref: str | None
    op: str | None
    model: str | None
    rules: list[str]
    revision: str | None
    end: str | None
    end_reason: str | None
    deployment: str | None
    resp_model: str | None
    tokens_in: int | None
    tokens_out: int | None
    total_us: int | None
    n: int = 1

    def as_json(self) -> dict[str, Any]:
        """Return the row as a JSON object."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def query(folder: Path, wanted: Filter) -> Iterator[Row]:
    """Yield the rows that match, newest first.

    Memory: one segment per writer, and the ends whose decisions were not met yet.

    Args:
        folder: the log.
        wanted: what to look for.

    Raises:
        LogUnavailable: `log.cannot_open` when the folder is no log, `vault.unavailable` when a subject
            is asked for and the map cannot be read.
        LogDamaged: `log.damaged` when something in it is no record.
    """
    if not (folder / "origin.json").is_file():
        raise LogUnavailable("log.cannot_open", f"there is no log in {folder}")
    sref = None
    if wanted.subject is not None:
        sref = look_up(folder / "vault" / "subjects.db", wanted.subject)
        if sref is None:
            return
    writers = [_rows(path, wanted, sref) for path in sorted((folder / "writers").glob("w*"))]
    newest_first = heapq.merge(*writers, key=lambda row: row.t_us, reverse=True)
    try:
        yield from islice(newest_first, wanted.limit)
    except OSError as error:
        raise LogUnavailable("log.cannot_open", f"cannot read the log in {folder}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LogDamaged("log.damaged", f"{folder} holds what is no record; see `verify`") from error


def _rows(slot: Path, wanted: Filter, sref: str | None) -> Iterator[Row]:
    """Yield one writer's rows, newest first. An end comes after its decision, so it is met before it."""
    ends: dict[str, dict[str, Any]] = {}
    for path in sorted((slot / "seg").glob("*.log"), reverse=True):
        bodies = [body for _, body in frames.scan(path.read_bytes())]
        newest_us = 0
        for at in range(len(bodies) - 1, -1, -1):
            record = orjson.loads(bodies[at])
            newest_us = max(newest_us, record["t_us"])
            if record["typ"] in _ENDS:
                ends[record["ref"]] = record
            elif record["typ"] in _ROWS:
                row = _row(record, int(path.stem) + at, ends.pop(record["id"], {}))
                if _matches(row, wanted, sref):
                    yield row
        # Clocks may step, so a whole segment must be too old before older ones are left unread.
        if bodies and wanted.since_us is not None and newest_us < wanted.since_us:
            return


def _row(record: dict[str, Any], index: int, end: dict[str, Any]) -> Row:
    """Join a decision (or a tally, which lacks most of it) with its end (or with nothing)."""
    model, policy = record.get("gen_ai", {}), record.get("policy", {})
    facts = record.get("decision", {"action": "deny", "reason_code": record.get("reason_code")})
    usage = end.get("usage", {})
    return Row(
        t_us=record["t_us"],
        writer=record["writer"]["id"],
        index=index,
        id=record["id"],
        request_id=record.get("req", {}).get("id"),
        action=facts["action"],
        reason_code=facts["reason_code"],
        tenant=record.get("tenant"),
        team=record.get("team"),
        sref=record.get("sref"),
        op=model.get("op"),
        model=model.get("req_model"),
        rules=[rule["id"] for rule in policy.get("rules", ())],
        revision=policy.get("revision"),
        end=end.get("typ"),
        end_reason=end.get("reason_code"),
        deployment=end.get("deployment"),
        resp_model=end.get("gen_ai", {}).get("resp_model"),
        tokens_in=usage.get("in"),
        tokens_out=usage.get("out"),
        total_us=end.get("lat_us", {}).get("total"),
        n=record.get("n", 1),
    )


def _matches(row: Row, wanted: Filter, sref: str | None) -> bool:
    return (
        (sref is None or row.sref == sref)
        and (wanted.tenant is None or row.tenant == wanted.tenant)
        and (wanted.team is None or row.team == wanted.team)
        and (wanted.model is None or wanted.model in {row.model, row.resp_model})
        and (wanted.action is None or row.action == wanted.action)
        and (wanted.reason_code is None or wanted.reason_code in {row.reason_code, row.end_reason})
        and (wanted.request_id is None or row.request_id == wanted.request_id)
        and (wanted.id is None or row.id == wanted.id)
        and (wanted.since_us is None or row.t_us >= wanted.since_us)
        and (wanted.until_us is None or row.t_us < wanted.until_us)
    )
