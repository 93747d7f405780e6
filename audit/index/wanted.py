"""What a question asks for, and whether a row answers it."""

from dataclasses import dataclass
from typing import Literal

from audit.index.row import DECISIONS, Row


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
        id: the record's own id.
        since_us: wall clock, microseconds UTC, inclusive.
        until_us: likewise, exclusive.
        limit: rows at most; None for all.
        rule: id of a rule that fired, with its rows or without: `a/b.rego:21` or `a/b.rego`.
        control: a control that a rule which fired serves.
        deployment: who answered.
        kinds: `typ` of the records; None for every kind that has rows.
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
    rule: str | None = None
    control: str | None = None
    deployment: str | None = None
    kinds: frozenset[str] | None = DECISIONS


def matches(row: Row, wanted: Filter, sref: str | None) -> bool:
    """Tell whether a row is among those asked for; `sref` is the subject's pseudonym."""
    return (
        (sref is None or row.sref == sref)
        and (wanted.kinds is None or row.kind in wanted.kinds)
        and (wanted.tenant is None or row.tenant == wanted.tenant)
        and (wanted.team is None or row.team == wanted.team)
        and (wanted.model is None or wanted.model in {row.model, row.resp_model})
        and (wanted.action is None or row.action == wanted.action)
        and (wanted.reason_code is None or wanted.reason_code in {row.reason_code, row.end_reason})
        and (wanted.request_id is None or row.request_id == wanted.request_id)
        and (wanted.id is None or row.id == wanted.id)
        and (wanted.since_us is None or row.t_us >= wanted.since_us)
        and (wanted.until_us is None or row.t_us < wanted.until_us)
        and (wanted.deployment is None or row.deployment == wanted.deployment)
        and (wanted.control is None or wanted.control in row.controls)
        and (wanted.rule is None or any(wanted.rule in names(rule) for rule in row.rules))
    )


def names(rule: str) -> tuple[str, ...]:
    """Return what a rule is called: its id, and its file where the id says rows of it."""
    file, colon, _ = rule.partition(":")
    return (rule, file) if colon else (rule,)
