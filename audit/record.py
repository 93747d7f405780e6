"""The records of schema version 1, one constructor per kind, as plain keyword values.

The log adds `writer`, `wseq`, `t_us` and `mono_us`. No record holds a payload, a subject's name or free
text: reasons are codes, people are pseudonyms (`sref`), payloads are commitments. Names under `gen_ai`
follow OpenTelemetry's GenAI conventions. Knows nothing of files. Longer than other modules, so that the
schema can be read in one place.
"""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from audit import labels
from audit.canonical import decimal_strings
from audit.vault.commitment import Commitment
from audit.vault.payloads import Payload

SCHEMA_VERSION = 1

Action = Literal["allow", "deny"]
PolicyState = Literal["draft", "tested", "approved", "shadow", "active", "retired"]
PolicyAction = Literal[
    "draft",
    "publish",
    "approve",
    "shadow",
    "withdraw",
    "activate",
    "rollback",
    "supersede",
    "retire",
]
# Deployment, outcome code, and what an attempt that another one followed may have cost.
Attempt = tuple[str, str] | tuple[str, str, dict[str, Any] | None]
RuleHit = dict[str, Any]  # {id, effect, at, controls}


class Record(NamedTuple):
    """One record on its way to the log, which owns `body` from then on.

    Attributes:
        body: the JSON object, without what the log adds.
        nonces: (label, 32 bytes) per commitment in the body; they go to the vault, never to the log.
        question: what the policy was asked, as JSON; goes to the vault where questions are kept.
        sealed: payloads that go to the vault as ciphertext.
        sref: whose record it is where the body doesn't say; so that nothing of an erased subject is kept.
    """

    body: dict[str, Any]
    nonces: tuple[tuple[str, bytes], ...] = ()
    question: bytes | None = None
    sealed: tuple[Payload, ...] = ()
    sref: str | None = None

    @property
    def id(self) -> str:
        """The record's id, 128 random bits in hex: what an outcome gives as `ref`."""
        return str(self.body["id"])


def decision(  # noqa: PLR0913 - one keyword per field of the schema
    *,
    request_id: str,
    action: Action,
    reason_code: str,
    tenant: str | None,
    team: str | None,
    sref: str | None,
    actor_kind: str,
    auth: str,
    op: str,
    req_model: str | None,
    stream: bool,
    engine: str,
    bundle: str | None,
    revision: str | None,
    path: str,
    rules: Sequence[RuleHit] = (),
    reasons: Sequence[dict[str, Any]] = (),
    obligations: Sequence[Any] = (),
    final: bool = True,
    policy_input: Commitment | None = None,
    question: bytes | None = None,
    payload: Iterable[Commitment] = (),
    policy_us: int | None = None,
    total_us: int | None = None,
    decision_id: str | None = None,
    cost_center: str | None = None,
    tags: Iterable[str] = (),
    keys: Iterable[str] = (),
    counted_apart: bool = False,
) -> Record:
    """Return the record that opens a request: durable before anything leaves the house.

    Args:
        request_id: the gateway's id of the request.
        action: what was decided.
        reason_code: stable code of the decisive reason.
        tenant: organization of the subject; null while unknown.
        team: team of the subject; null while unknown.
        sref: pseudonym of the subject, from `AuditLog.sref`; null for nobody.
        actor_kind: `user`, `service`, ...; what kind of subject it is.
        auth: how it proved who it is (`oidc`, `development`).
        op: the operation, as `chat.completions`.
        req_model: the model asked for.
        stream: whether a stream was asked for.
        engine: policy engine that answered (`embedded`, `opa`).
        bundle: digest of the policy bundle, `sha256:...`.
        revision: revision of the bundle.
        path: entrypoint that was asked.
        rules: the rules that fired, as {id, effect, at, controls}; only read.
        reasons: why, as the policy said it, as {id, controls}; only read.
        obligations: as the policy gave them; numbers with a fraction become decimal strings.
        final: false for a decision that another decision on the same request follows. An allow that is
            final must be closed by exactly one `outcome` or `aborted`.
        policy_input: commitment to the question's bytes.
        question: those bytes.
        payload: commitments by field, as `Commitment("req")`.
        policy_us: time the policy took.
        total_us: time from receipt to this decision.
        decision_id: the record's id, 32 hex digits, where the caller has announced it already.
        cost_center: who bears the cost, as the house says it; a word of `audit.labels`.
        tags: what the client declared for its own reckoning, in such words; labelled as declared.
        keys: of the ledger's limits and budgets that applied. One that names a person has the pseudonym in
            the name's place: a record holds no subject's name.
        counted_apart: whether one replica counted under them by itself, because the ledger of all couldn't
            be reached.

    Raises:
        RecordRefused: `record.value`: such a word, a tag or a key is none.
    """
    commitments = list(payload)
    body: dict[str, Any] = {
        "v": SCHEMA_VERSION,
        "typ": "decision",
        "id": decision_id or secrets.token_hex(16),
        "tenant": tenant,
        "team": team,
        "sref": sref,
        "actor": {"kind": actor_kind, "auth": auth},
        "req": {"id": request_id, "stream": stream},
        "gen_ai": {"op": op, "req_model": req_model},
        "policy": {
            "engine": engine,
            "bundle": bundle,
            "revision": revision,
            "path": path,
            "input_commit": policy_input.finish()["c"] if policy_input else None,
            "rules": rules if type(rules) is list else list(rules),
        },
        "decision": {
            "action": action,
            "reason_code": reason_code,
            "reasons": reasons if type(reasons) is list else list(reasons),
            "obligations": decimal_strings(obligations) if obligations else [],
            "final": final,
        },
        "payload": {each.label: each.finish() for each in commitments},
        "lat_us": {"policy": policy_us, "total": total_us},
    }
    if cost_center is not None:
        body["cost_center"] = labels.word(cost_center)
    if declared := labels.tags(tags):
        body["declared"] = {"tags": declared}
    if applied := labels.keys(keys):
        body["keys"] = applied
    if counted_apart:
        body["counted"] = "apart"
    if policy_input:
        commitments.append(policy_input)
    return Record(body, _nonces(commitments), question, _sealed(commitments))


def outcome(  # noqa: PLR0913 - one keyword per field of the schema
    *,
    ref: str,
    deployment: str | None,
    provider: str | None,
    region: str | None,
    resp_model: str | None,
    resp_id: str | None,
    finish: str | None,
    in_tok: int | None,
    out_tok: int | None,
    usage_in: int,
    usage_out: int,
    estimated: bool,
    total_us: int,
    upstream_us: int | None,
    attempts: Sequence[Attempt] = (),
    payload: Iterable[Commitment] = (),
    sref: str | None = None,
    cost_micro: int | None = None,
    cached: int | None = None,
    reasoning: int | None = None,
    prices: str | None = None,
) -> Record:
    """Return the record that closes an allowed request which was answered to its end.

    Args:
        ref: id of the decision.
        deployment: id of the deployment that answered; null where the gateway answered by itself.
        provider: its provider.
        region: its region.
        resp_model: the model as the provider named it.
        resp_id: the provider's id of the answer.
        finish: the provider's finish reason.
        in_tok: input tokens as the provider reported them; null when it did not.
        out_tok: output tokens, likewise.
        usage_in: input tokens as accounted for, those of attempts that may have been charged included.
        usage_out: output tokens as accounted for, likewise.
        estimated: true when the accounted numbers, or a part of them, are the gateway's own count.
        total_us: time from receipt to the last byte.
        upstream_us: time the provider took.
        attempts: every deployment tried, in order, with its outcome code; with {in, out, cost_micro}, a part
            of the accounted numbers, where it may have been charged and another one was tried after it.
        payload: commitments by field, as `Commitment("resp")`.
        sref: pseudonym of the subject, for the vault; the record itself says it by `ref` alone.
        cost_micro: what it cost, in millionths of a dollar; null where no price is known: not nothing.
        cached: how many of the input tokens the provider had in its cache; null where it didn't say.
        reasoning: how many of the output tokens were for reasoning; likewise.
        prices: the price list that was reckoned by; a word of `audit.labels`.

    Raises:
        RecordRefused: `record.value`: the price list's name is no word.
    """
    commitments = list(payload)
    body: dict[str, Any] = {
        "v": SCHEMA_VERSION,
        "typ": "outcome",
        "id": secrets.token_hex(16),
        "ref": ref,
        "deployment": deployment,
        "provider": provider,
        "region": region,
        "attempts": _attempts(attempts),
        "gen_ai": {
            "provider": provider,
            "resp_model": resp_model,
            "resp_id": resp_id,
            "finish": finish,
            "in_tok": in_tok,
            "out_tok": out_tok,
        },
        "usage": {
            "in": usage_in,
            "out": usage_out,
            "estimated": estimated,
            **_charged(cost_micro, cached, reasoning, prices),
        },
        "lat_us": {"total": total_us, "upstream": upstream_us},
        "payload": {each.label: each.finish() for each in commitments},
    }
    return Record(body, _nonces(commitments), None, _sealed(commitments), sref)


def aborted(  # noqa: PLR0913 - one keyword per field of the schema
    *,
    ref: str,
    reason_code: str,
    total_us: int,
    deployment: str | None = None,
    provider: str | None = None,
    region: str | None = None,
    usage_in: int = 0,
    usage_out: int = 0,
    estimated: bool = True,
    upstream_us: int | None = None,
    attempts: Sequence[Attempt] = (),
    payload: Iterable[Commitment] = (),
    sref: str | None = None,
    cost_micro: int | None = None,
    cached: int | None = None,
    reasoning: int | None = None,
    prices: str | None = None,
) -> Record:
    """Return the record that closes an allowed request which was not answered to its end.

    Args:
        ref: id of the decision.
        reason_code: why it ended (`client.gone`, `upstream.error`, ...).
        total_us: time from receipt to the end.
        deployment: the deployment that was answering, if one was.
        provider: its provider.
        region: its region.
        usage_in: input tokens as accounted for.
        usage_out: output tokens as accounted for.
        estimated: true when the numbers are the gateway's own count.
        upstream_us: time the provider took.
        attempts: every deployment tried, in order, with its outcome code.
        payload: commitments to what was released before the end.
        sref: as for `outcome`.
        cost_micro: what it cost, in millionths of a dollar; null where no price is known: not nothing.
        cached: how many of the input tokens the provider had in its cache; null where it didn't say.
        reasoning: how many of the output tokens were for reasoning; likewise.
        prices: the price list that was reckoned by; a word of `audit.labels`.

    Raises:
        RecordRefused: `record.value`: the price list's name is no word.
    """
    commitments = list(payload)
    body: dict[str, Any] = {
        "v": SCHEMA_VERSION,
        "typ": "aborted",
        "id": secrets.token_hex(16),
        "ref": ref,
        "reason_code": reason_code,
        "deployment": deployment,
        "provider": provider,
        "region": region,
        "attempts": _attempts(attempts),
        "usage": {
            "in": usage_in,
            "out": usage_out,
            "estimated": estimated,
            **_charged(cost_micro, cached, reasoning, prices),
        },
        "lat_us": {"total": total_us, "upstream": upstream_us},
        "payload": {each.label: each.finish() for each in commitments},
    }
    return Record(body, _nonces(commitments), None, _sealed(commitments), sref)


def policy_load(
    *, engine: str, bundle: str | None, revision: str | None, result: str, reason_code: str | None = None
) -> Record:
    """Return the record of a policy bundle that was activated or refused."""
    policy = {"engine": engine, "bundle": bundle, "revision": revision}
    return _event("policy.load", {"policy": policy, "result": result, "reason_code": reason_code})


def config_load(*, settings: str, build: str) -> Record:
    """Return the record of the settings that a process began with.

    Args:
        settings: digest of them, `sha256:...`, without any secret; another one says that something changed.
        build: version of the program.
    """
    return _event("config.load", {"config": {"settings": settings, "build": build}})


def policy_transition(  # noqa: PLR0913 - one keyword per field of the schema
    *,
    action: PolicyAction,
    revision: str,
    bundle: str | None,
    before: PolicyState | None,
    after: PolicyState,
    by: str,
    approvals: int,
    result: Literal["accepted", "void"],
    reason_code: str | None = None,
) -> Record:
    """Return the record of a step in the life of a policy revision: durable before the step is taken.

    Args:
        action: what is done.
        revision: to which revision.
        bundle: digest of the bundle that is put in force by it, `sha256:...`; null where none is.
        before: the state that it was in; null for one that is new.
        after: the state that it goes to.
        by: who does it: a name of the policy team from the settings, or `operator`. It stands for a role
            in the house and is no subject of requests, so it is no pseudonym and has no row in the vault.
        approvals: how many valid approvals the revision has.
        result: `void` for a step that was recorded and then not taken after all; its record follows that one.
        reason_code: why it is void.
    """
    return _event(
        "policy.transition",
        {
            "policy": {"bundle": bundle, "revision": revision},
            "transition": {"action": action, "from": before, "to": after},
            "actor": {"kind": "policy_team", "name": by},
            "approvals": approvals,
            "result": result,
            "reason_code": reason_code,
        },
    )


def policy_shadow(
    *,
    bundle: str,
    revision: str,
    active: str,
    since_us: int,
    counts: dict[str, int],
    reasons: Sequence[dict[str, Any]],
    examples: dict[str, list[str]],
) -> Record:
    """Return what a candidate bundle would have decided otherwise than the active one, in one period.

    Args:
        bundle: digest of the candidate, `sha256:...`.
        revision: revision of the candidate.
        active: revision that decided meanwhile.
        since_us: wall clock at the period's beginning; it ends with the record.
        counts: requests that were compared, dropped and found to differ, by kind.
        reasons: the most frequent, as {change, rule, n}.
        examples: ids of decisions by kind of difference.
    """
    policy = {"engine": "shadow", "bundle": bundle, "revision": revision}
    facts = {
        "active": active,
        "since_us": since_us,
        "counts": counts,
        "reasons": list(reasons),
        "examples": examples,
    }
    return _event("policy.shadow", {"policy": policy, "shadow": facts})


def auth_failure(reason_code: str, n: int) -> Record:
    """Return the tally of `n` failed authentications: a code and a count, nothing the caller chose."""
    return _event("auth_failure", {"reason_code": reason_code, "n": n})


def erasure(  # noqa: PLR0913 - one keyword per field of the schema
    *,
    stage: Literal["begun", "done"],
    scope: Literal["subject", "record"],
    sref: str | None,
    record: str | None,
    basis: str,
    by: str,
    count: dict[str, int],
    ref: str | None = None,
) -> Record:
    """Return the record of an erasure: one before anything goes, and one with the counts when all is gone.

    A `begun` without its `done` is an erasure that was interrupted; the next one finishes it.

    Args:
        stage: `begun` or `done`.
        scope: everything of a subject, or one decision with its end.
        sref: the subject's pseudonym, which leads to nobody any more.
        record: id of the decision, where that is the scope.
        basis: why, as a code: `gdpr.art17`.
        by: who ordered it: a role or a name of the house, as in `policy_transition`.
        count: of a `done`: pieces that were overwritten, by kind.
        ref: of a `done`: id of the `begun` record.
    """
    facts = {"stage": stage, "scope": scope, "sref": sref, "record": record}
    return _event("erasure", {**facts, "basis": basis, "by": by, "count": count, "ref": ref})


def legal_hold(
    *, action: Literal["set", "lift"], sref: str | None, tenant: str | None, basis: str, by: str
) -> Record:
    """Return the record of a hold that begins or ends: on a subject, on a tenant, or with neither on all."""
    return _event("legal_hold", {"action": action, "sref": sref, "tenant": tenant, "basis": basis, "by": by})


def prune(
    *,
    stage: Literal["begun", "done"],
    before_us: int,
    minimum_index: int | None,
    by: str,
    count: dict[str, int],
    ref: str | None = None,
) -> Record:
    """Return the record of a pruning: one before anything goes, and one with the counts afterwards.

    Args:
        stage: `begun` or `done`.
        before_us: what is older than this goes, microseconds UTC.
        minimum_index: least index of the merged log that stays readable; null where there is no merged log.
        by: who ordered it.
        count: what goes (`begun`) or went (`done`), by kind.
        ref: of a `done`: id of the `begun` record.
    """
    facts = {"stage": stage, "before_us": before_us, "minimum_index": minimum_index}
    return _event("prune", {**facts, "by": by, "count": count, "ref": ref})


def access(  # noqa: PLR0913 - one keyword per field of the schema
    *,
    what: str,
    filters: dict[str, Any],
    n: int,
    actor: dict[str, Any],
    sref: str | None = None,
    tenant: str | None = None,
    team: str | None = None,
    request_id: str | None = None,
    policy: dict[str, Any] | None = None,
    access_id: str | None = None,
) -> Record:
    """Return the record that the log was read by somebody: durable before they have what they read.

    It stands for itself: nobody writes an end for it, whatever becomes of the answer.

    Args:
        what: the kind of access: `audit.query`, `audit.read`, `audit.log`.
        filters: what was looked for, by field, in codes and words that the log has already; null for others.
        n: rows or records that were found, or files that were asked for.
        actor: {kind, auth} of a caller, or {kind, name} of a role in the house.
        sref: pseudonym of who read; null for a role.
        tenant: their organization.
        team: their team.
        request_id: the gateway's id of the request; null where many are told of at once.
        policy: {engine, bundle, revision, path, rules} by which they may.
        access_id: the record's id, 32 hex digits, where it has been announced already.
    """
    record = _event(
        "access",
        {
            "what": what,
            "filter": filters,
            "n": n,
            "actor": actor,
            "sref": sref,
            "tenant": tenant,
            "team": team,
            "req": {"id": request_id},
            "policy": policy or {},
        },
    )
    if access_id is not None:
        record.body["id"] = access_id
    return record


def ledger_correct(  # noqa: PLR0913 - one keyword per field of the schema
    *,
    stage: Literal["begun", "failed"],
    kind: Literal["reset", "top_up", "carry_over"],
    account: dict[str, Any],
    usd_micros: int,
    actor: dict[str, Any],
    sref: str | None = None,
    tenant: str | None = None,
    request_id: str | None = None,
    policy: dict[str, Any] | None = None,
    record_id: str | None = None,
    ref: str | None = None,
) -> Record:
    """Return the record that somebody changes a budget's present period: durable before it is changed.

    Args:
        stage: `begun`; `failed` if it then couldn't be done.
        kind: what is done: spent is made nothing, the sum is raised, what was left before is carried over.
        account: {key, period, time_zone} or {key, window_s}: whose budget.
        usd_micros: how much is added.
        actor: {kind, auth} of a caller, or {kind, name} of a role in the house.
        sref: pseudonym of who did it; null for a role.
        tenant: their organization.
        request_id: the gateway's id of the request.
        policy: {engine, bundle, revision, path, rules} by which they may.
        record_id: the record's id, 32 hex digits, where it has been announced already.
        ref: of a `failed`: id of the `begun` record.
    """
    facts = {"stage": stage, "kind": kind, "account": account, "usd_micros": usd_micros, "actor": actor}
    who = {"sref": sref, "tenant": tenant, "req": {"id": request_id}, "policy": policy or {}, "ref": ref}
    record = _event("ledger.correct", facts | who)
    if record_id is not None:
        record.body["id"] = record_id
    return record


def ledger_expired(
    *, reservation: str, keys: Sequence[str], requests: int, tokens: int, usd_micros: int, reserved_us: int
) -> Record:
    """Return the record of a reservation whose process is gone: counted as used in full.

    Args:
        reservation: its id; the same one may be told of twice, never two as one.
        keys: of the limits and budgets under which it was held.
        requests, tokens, usd_micros: what it had reserved.
        reserved_us: when, microseconds UTC.
    """
    amount = {"requests": requests, "tokens": tokens, "usd_micros": usd_micros}
    facts = {"reservation": reservation, "keys": list(keys), **amount, "reserved_us": reserved_us}
    return _event("ledger.expired", facts)


def writer_open(origin: str, origin_digest: str) -> Record:
    """Return the first record of a boot; the writer adds `tree`, {size, root} of all it logged before."""
    return _event("writer.open", {"origin": origin, "origin_digest": origin_digest})


def writer_close(tree: dict[str, Any]) -> Record:
    """Return the last record of a boot that ended in order; `tree` is {size, root} of all before it."""
    return _event("writer.close", {"tree": tree})


def writer_head(heads: Sequence[dict[str, Any]], *, beat: bool) -> Record:
    """Return the sequencer's statement of how far writers are merged: nothing can be left out or invented.

    Args:
        heads: {id, size, root} of a writer's tree over those of its records that stand before this one.
        beat: whether all writers are named, also those that brought nothing new.
    """
    return _event("writer.head", {"heads": list(heads), "beat": beat})


def key_rotate(old: str, new: str, note: str) -> Record:
    """Return the record of a new key of the log.

    Args:
        old: verifier key that goes.
        new: verifier key that comes.
        note: base64 of the signed note in which the old key names the new one.
    """
    return _event("key.rotate", {"old": old, "new": new, "note": note})


def mode(name: str) -> Record:
    """Return the statement of the mode that holds from here on."""
    return _event("mode", {"mode": name})


def gap(reason: str, facts: dict[str, Any]) -> Record:
    """Return the admission that something is missing here, with exact counts."""
    return _event("gap", {"gap": {"reason": reason, **facts}})


def _event(typ: str, fields: dict[str, Any]) -> Record:
    return Record({"v": SCHEMA_VERSION, "typ": typ, "id": secrets.token_hex(16), **fields})


def _attempts(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for tried, code, *rest in attempts:
        found.append({"deployment": tried, "outcome": code})
        if rest and rest[0] is not None:
            found[-1]["usage"] = rest[0]
    return found


def _charged(
    cost_micro: int | None, cached: int | None, reasoning: int | None, prices: str | None
) -> dict[str, Any]:
    """What an end says of money: always the cost, also that none is known; the rest where it is known."""
    found: dict[str, Any] = {"cached": cached, "reasoning": reasoning, "prices": labels.word(prices)}
    return {"cost_micro": cost_micro} | {name: each for name, each in found.items() if each is not None}


def _sealed(commitments: list[Commitment]) -> tuple[Payload, ...]:
    return tuple(
        Payload(each.label, each.sealing, data)
        for each in commitments
        if each.sealing is not None and (data := each.held()) is not None
    )


def _nonces(commitments: list[Commitment]) -> tuple[tuple[str, bytes], ...]:
    return tuple((each.label, each.nonce) for each in commitments)
