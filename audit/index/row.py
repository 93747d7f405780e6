"""What the index keeps of a record: one row for a decision and its end, or for another record.

Who scans segments makes the same rows, so that an answer does not depend on how it was found.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

ENDS = frozenset({"outcome", "aborted"})
DECISIONS = frozenset({"decision", "auth_failure"})
"""Kinds of records that tell what became of a request: what a question is about unless it says otherwise."""
KINDS = DECISIONS | {
    "access",
    "config.load",
    "erasure",
    "gap",
    "key.rotate",
    "ledger.correct",
    "ledger.expired",
    "legal_hold",
    "mode",
    "policy.load",
    "policy.shadow",
    "policy.transition",
    "prune",
    "writer.close",
    "writer.open",
}
"""Kinds of records that have a row of their own: what can be asked for."""
EXPIRED = "ledger.expired"
"""A reservation of the ledger that nobody settled; in its row, all its tokens are `tokens_in`."""
_ID_CHARS = 32
# Where a record says what was done, if not in `action`.
_ACTION = {"access": "what", "erasure": "scope", "mode": "mode", "policy.load": "result"}
_UNSHOWN = ENDS | {"writer.head"}
_NOTHING: dict[str, Any] = {}
_MOST = 2**53 - 1  # of any number in a record


# Not frozen, though nobody changes one: thirty frozen fields take eight times as long to set.
@dataclass(slots=True)
class Row:
    """One decision with its end, a tally of failed authentications, or another record.

    Attributes:
        t_us: when it was logged, microseconds UTC.
        writer: who logged it.
        index: the record's index in that writer's log.
        id: the record's id.
        request_id: the gateway's id of the request, or of the reservation that expired; null for what is
            about neither.
        action: what was decided, or what was done.
        reason_code: why; empty where the record gives no reason.
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
        n: number of failures in a tally, of rows that were shown to somebody; 1 for a decision.
        kind: the record's `typ`.
        controls: what the rules that fired serve, as `GDPR-44`.
        provider: provider of the deployment.
        region: its region.
        cost_micro: what it cost, in millionths of the currency of the price list.
        by: who did it, where a person or a role acted.
        log_index: the record's index in the merged log; null while it isn't merged.
        end_index: likewise, of the record of its end.
        cached: how many of the input tokens the provider had in its cache.
        reasoning: how many of the output tokens were for reasoning.
        estimated: whether the tokens are the gateway's own count.
        prices: the price list that was reckoned by.
        cost_center: who bears the cost.
        tags: what the client declared for its own reckoning.
        keys: of the ledger's limits and budgets that applied.
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
    n: int
    kind: str
    controls: list[str]
    provider: str | None
    region: str | None
    cost_micro: int | None
    by: str | None
    log_index: int | None = None
    end_index: int | None = None
    cached: int | None = None
    reasoning: int | None = None
    estimated: bool | None = None
    prices: str | None = None
    cost_center: str | None = None
    tags: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the row as a JSON object."""
        return {name: getattr(self, name) for name in COLUMNS}


COLUMNS = tuple(each.name for each in fields(Row))


class End(NamedTuple):
    """How a decision ended: the part of a row that its `outcome` or `aborted` brings."""

    end: str | None = None
    end_reason: str | None = None
    deployment: str | None = None
    resp_model: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    total_us: int | None = None
    provider: str | None = None
    region: str | None = None
    cost_micro: int | None = None
    end_index: int | None = None
    cached: int | None = None
    reasoning: int | None = None
    estimated: bool | None = None
    prices: str | None = None


OPEN = End()
END_COLUMNS = End._fields


def is_shown(kind: str) -> bool:
    """Tell whether a record of this kind has a row of its own."""
    return kind not in _UNSHOWN


def end_of(record: dict[str, Any], log_index: int | None = None) -> End:
    """Return what an `outcome` or `aborted` adds to the row of its decision."""
    usage = record.get("usage", {})
    return End(
        record["typ"],
        record.get("reason_code"),
        record.get("deployment"),
        record.get("gen_ai", {}).get("resp_model"),
        _number(usage.get("in")),
        _number(usage.get("out")),
        record.get("lat_us", {}).get("total"),
        record.get("provider"),
        record.get("region"),
        _number(usage.get("cost_micro")),
        log_index,
        _number(usage.get("cached")),
        _number(usage.get("reasoning")),
        usage.get("estimated") is True,
        _text(usage.get("prices")),
    )


def row_of(record: dict[str, Any], index: int, end: End = OPEN, log_index: int | None = None) -> Row:
    """Return the row of a record.

    Args:
        record: the parsed record; no `outcome` and no `aborted`.
        index: its index in its writer's log.
        end: how it ended.
        log_index: its index in the merged log, if it is merged.

    Raises:
        KeyError, TypeError, AttributeError: it is no record of version 1.
    """
    kind = record["typ"]
    model, policy = record.get("gen_ai", {}), record.get("policy", {})
    hits = policy.get("rules", ())
    action, reason_code, by = _said(kind, record)
    if kind == EXPIRED:
        end = expired_of(record)
    return Row(
        record["t_us"],
        record["writer"]["id"],
        index,
        record["id"],
        record["reservation"] if kind == EXPIRED else record.get("req", {}).get("id"),
        action,
        reason_code,
        record.get("tenant"),
        record.get("team"),
        record.get("sref"),
        model.get("op"),
        model.get("req_model"),
        [hit["id"] for hit in hits],
        policy.get("revision"),
        end.end,
        end.end_reason,
        end.deployment,
        end.resp_model,
        end.tokens_in,
        end.tokens_out,
        end.total_us,
        record.get("n", 1),
        kind,
        list(dict.fromkeys(_controls(record, hits))),
        end.provider,
        end.region,
        end.cost_micro,
        by,
        log_index,
        end.end_index,
        end.cached,
        end.reasoning,
        end.estimated,
        end.prices,
        _text(record.get("cost_center")),
        _words(record.get("declared", _NOTHING).get("tags", ())),
        _words(record.get("keys", ())),
    )


def expired_of(record: dict[str, Any]) -> End:
    """Return what a reservation had held whose holder is gone: nobody can say that it wasn't used, or how."""
    return OPEN._replace(
        tokens_in=_number(record["tokens"]), cost_micro=_number(record["usd_micros"]), estimated=True
    )


def request_of(reservation: str) -> str:
    """Return the id of the decision that a reservation was made for: the reservation's begins with it."""
    return reservation[:_ID_CHARS]


def _controls(record: dict[str, Any], hits: Any) -> Iterator[str]:
    for hit in hits:
        if "controls" in hit:
            yield from hit["controls"]
    if record["typ"] == "decision":
        yield from record["decision"].get("controls", ())


def _said(kind: str, record: dict[str, Any]) -> tuple[str, str, str | None]:
    """Return what was decided or done, why, and by whom."""
    if kind == "decision":
        facts = record["decision"]
        return facts["action"], facts["reason_code"], None
    reason = _text(record.get("reason_code")) or _text(record.get("basis")) or ""
    if kind == "auth_failure":
        return "deny", reason, None
    if kind == "gap":
        reason = _text(record["gap"].get("reason")) or reason
    facts = record["transition"] if kind == "policy.transition" else record
    # An erasure and a pruning have two records each: one before anything goes, one when it is gone.
    parts = (_text(facts.get("stage")), _text(facts.get(_ACTION.get(kind, "action"))))
    action = " ".join(part for part in parts if part)
    return action, reason, _name(record.get("by")) or _name(record.get("actor"))


def _number(value: Any) -> int | None:
    """A number as it can be reckoned with; another value would stop the index, or every sum over it."""
    return value if type(value) is int and abs(value) <= _MOST else None


def _words(values: Any) -> list[str]:
    return list(dict.fromkeys(each for each in values if isinstance(each, str)))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _name(value: Any) -> str | None:
    if isinstance(value, dict):
        return _text(value.get("name")) or _text(value.get("id")) or _text(value.get("kind"))
    return _text(value)
