"""The words of the house as frozen values; knows nothing but the language.

Longer than other rooms, because a dictionary in several volumes is none.

Trust is in the type: `UnverifiedToken -> VerifiedClaims -> Principal` and
`RawRequest -> Call -> PermittedCall`. A step that needs trust asks for the type that carries it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal, NamedTuple, NewType

from gateway.accounts import recorded

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from adapters.contract import Completed, Streaming, UpstreamError
    from audit.vault.commitment import Commitment
    from gateway.accounts import Allowance, Period, Reservation, Sent

UnverifiedToken = NewType("UnverifiedToken", str)
"""A bearer token as the client sent it: nothing in it may be believed."""

VerifiedClaims = NewType("VerifiedClaims", "Mapping[str, object]")
"""A token's claims after signature, issuer, audience and times were checked."""

Action = Literal[
    "chat.completions", "models.list", "bundle.read",
    "audit.query", "audit.read", "audit.log", "usage.read", "usage.own", "budget.read", "budget.correct",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request before anything about it is believed.

    Args:
        action: the surface that was called, chosen by method and path.
        request_id: minted here; a client's own id is never taken over.
        decision_id: 128-bit hex name of this request's record in the audit log.
        headers: every value of each header, by its lower-case name.
        client_ip: address of the peer of the connection.
        received_us: wall clock at arrival, microseconds since the epoch (UTC).
        read_body: reads the body, refusing what is longer than `limit` bytes or slower than allowed.
        subpath: what follows the surface's path (the model id of `/v1/models/{id}`), else empty.
        parameters: what stands behind the `?` of the URL, as it was sent.
        on_stop: has something called once the server wants to stop: who waits for news lets go then.
    """

    action: Action
    request_id: str
    decision_id: str
    headers: Mapping[bytes, tuple[bytes, ...]]
    client_ip: str
    received_us: int
    read_body: Callable[[], Awaitable[bytes]]
    subpath: str = ""
    parameters: bytes = b""
    on_stop: Callable[[Callable[[], None]], None] = lambda _: None

    def values(self, name: bytes) -> tuple[bytes, ...]:
        """Every value of one header; `name` in lower case."""
        return self.headers.get(name, ())


@dataclass(frozen=True, slots=True)
class Call:
    """What the client asks for, well-formed but not yet permitted.

    Args:
        model: the model's name as the client knows it; empty for actions without one.
        labels: data labels that the client declared; they can only tighten.
        tags: words that the client declared for its own reckoning; nothing is decided by them.
        max_tokens: the completion limit that the client asked for, in tokens.
        choices: how many answers the client wants to its prompt (`n`); None if it doesn't say.
        include_usage: whether a streaming client asked for the usage chunk.
        body: the parsed JSON object with every field that the client sent.
        payload: the bytes that the body was parsed from, for the keyed digest.
    """

    action: Action
    request_id: str
    decision_id: str
    client_ip: str
    received_us: int
    model: str = ""
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    choices: int | None = None
    tools: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    body: Mapping[str, object] = field(default_factory=dict)
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, as a verified credential says.

    Args:
        id: `<sub>@<issuer name>`: the same `sub` from two issuers is two people.
        issuer: the `iss` URL of the token.
        authenticated_at_s: when the person or service proved itself (`auth_time`, else `iat`), epoch seconds.
        expires_at_s: when the credential ends, epoch seconds.
        level: authentication context (`acr`), if the issuer says one.
        cost_center: who bears the cost of the calls, if the issuer says it.
        method: how the credential was verified.
    """

    id: str
    type: Literal["user", "service"]
    issuer: str
    organization: str | None
    team: str | None
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    claims: Mapping[str, object]
    method: Literal["oidc", "development"]
    authenticated_at_s: int
    expires_at_s: int
    level: str | None = None
    cost_center: str | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """One place where a model runs.

    Args:
        id: the name that policies route by.
        serves: the model name that clients ask for.
        model: the model name that the upstream knows.
        zone: where data goes, in the policy's terms (`onprem`, `cloud`, ...).
    """

    id: str
    provider: str
    serves: str
    model: str
    zone: str
    region: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """Every deployment that serves one model.

    Args:
        deployments: in the order of the settings.
        documents: the same as the policy sees them, built once.
    """

    deployments: tuple[Deployment, ...]
    documents: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What inspection found in a call: counts and labels, never text.

    A fact is absent (None) when the active plan doesn't read it.
    """

    labels: tuple[str, ...]
    prompt_tokens: int | None


@dataclass(frozen=True, slots=True)
class Question:
    """The document that a policy sees as `input`; its shape is `policies/schemas/input.json`."""

    document: dict[str, object]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision came out as it did: one text for the caller, one for the administrator."""

    id: str
    user: str
    admin: str = ""
    controls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """Obligation: serve from these deployments only, in this order of preference."""

    deployments: tuple[str, ...]
    strategy: Literal["ordered"] = "ordered"

    def document(self) -> dict[str, object]:
        """As the policy wrote it."""
        return {"kind": "route", "deployments": list(self.deployments), "strategy": self.strategy}


@dataclass(frozen=True, slots=True)
class Clamp:
    """Obligation: the completion has at most this many tokens, or is drawn at most at this temperature.

    Args:
        max_tokens: the most tokens; None if the policy doesn't say.
        temperature: the highest temperature, 0 to 2; None if the policy doesn't say.
    """

    max_tokens: int | None = None
    temperature: float | None = None

    def document(self) -> dict[str, object]:
        """As the policy wrote it."""
        said = {"max_tokens": self.max_tokens, "temperature": self.temperature}
        return {"kind": "clamp", **{name: limit for name, limit in said.items() if limit is not None}}


@dataclass(frozen=True, slots=True)
class Retain:
    """Obligation: what of the payload is kept, and for how many days.

    Args:
        payload: nothing, a keyed digest, or the digest and the payload itself, sealed.
    """

    payload: Literal["none", "digest", "sealed"]
    days: int

    def document(self) -> dict[str, object]:
        """As the policy wrote it."""
        return {"kind": "retain", "payload": self.payload, "days": self.days}


@dataclass(frozen=True, slots=True)
class Limit:
    """Obligation: so many requests or tokens in a window of time, or so many calls at once, under one key.

    Args:
        key: whose count it is.
        window_s: length of the window, seconds; None if only `concurrent` is said.
        requests: the most requests in any window of that length; None if they don't matter.
        tokens: the most tokens, of prompts and answers; None if they don't matter.
        concurrent: the most calls in flight; None if it doesn't matter.
        share: the part of it that a replica may give out while the ledger can't be reached; None for none.
    """

    key: str
    window_s: int | None = None
    requests: int | None = None
    tokens: int | None = None
    concurrent: int | None = None
    share: float | None = None

    def document(self) -> dict[str, object]:
        """As the policy wrote it, but for the digest of a person."""
        return _said("limit", self)


@dataclass(frozen=True, slots=True)
class Budget:
    """Obligation: so much money in a period under one key.

    Args:
        key, share: as for `Limit`.
        usd_micros: the sum.
        period: the calendar's period; None for a rolling one.
        window_s: length of a rolling one, seconds; None for one of the calendar.
        time_zone: IANA name of the zone in which periods begin; None for UTC.
        warn_at: parts of the sum at which somebody is warned; None for none.
        hard: whether calls end when it is spent.
        unpriced: whether a deployment without a price is refused, or free; None is to refuse.
    """

    key: str
    usd_micros: int
    hard: bool
    period: Period | None = None
    window_s: int | None = None
    time_zone: str | None = None
    warn_at: tuple[float, ...] | None = None
    unpriced: Literal["refuse", "free"] | None = None
    share: float | None = None

    def document(self) -> dict[str, object]:
        """As the policy wrote it, but for the digest of a person."""
        return _said("budget", self)


def _said(kind: str, obligation: Limit | Budget) -> dict[str, object]:
    """Kind and fields, without those that were left out; the key as it is recorded."""
    found = {each.name: getattr(obligation, each.name) for each in fields(obligation)}
    found["key"] = recorded(obligation.key)
    plain = {name: list(each) if type(each) is tuple else each for name, each in found.items()}
    return {"kind": kind, **{name: each for name, each in plain.items() if each is not None}}


Obligation = Route | Clamp | Retain | Limit | Budget


@dataclass(frozen=True, slots=True)
class Advice:
    """What a rule would have said that doesn't decide (yet).

    Args:
        rule: the rule's name.
        enforcement: `warn`, where the caller is told, or `shadow`, where only the record is.
        reason: why it would have refused; None if it would have put an obligation on the gateway.
    """

    rule: str
    enforcement: Literal["warn", "shadow"]
    reason: Reason | None = None


class FiredRule(NamedTuple):
    """A file of the policy of which something gave a result.

    Args:
        id: the rule's name in its METADATA; of a file that is no rule of its own, its path.
        at: `file:row,row` of what fired.
        controls: what it serves, as `GDPR-44`.
    """

    id: str
    at: str
    controls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Which policy decided: for the record and the answer's headers.

    Args:
        engine: `embedded` or `opa`.
        revision: the bundle's revision.
        bundle: digest of the bundle's content, `sha256:<hex>`, where the engine knows it.
        path: the entrypoint that was asked.
        rules: those that fired, where the engine tells.
        took_us: time the engine took, microseconds.
        asked: the question's document, for the record's commitment to it.
    """

    engine: str
    revision: str
    bundle: str
    path: str
    rules: tuple[FiredRule, ...] = ()
    took_us: int = 0
    asked: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Allow:
    """The policy permits the call under these obligations."""

    reasons: tuple[Reason, ...]
    obligations: tuple[Obligation, ...]
    origin: Origin
    advice: tuple[Advice, ...] = ()


@dataclass(frozen=True, slots=True)
class Deny:
    """The policy, or a failure on the way to it, forbids the call; there is always a reason."""

    reasons: tuple[Reason, ...]
    origin: Origin
    advice: tuple[Advice, ...] = ()


Decision = Allow | Deny


@dataclass(frozen=True, slots=True)
class PermittedCall:
    """A call with its obligations applied: the only thing that `forward` accepts.

    Only the step `enforce` makes one, so leaving policy out is a type error.

    Args:
        deployments: the permitted set, in order of preference; every retry and fallback stays inside.
        body: the client's body with obligations applied.
        max_tokens: the completion limit that holds, in tokens; None if nobody set one.
        retain: what the record may keep of the payload.
        decision: the decision that permitted it.
        advice: what rules that don't decide said of it, at admission and on the request.
        allowances: limits and budgets that it must fit into.
    """

    call: Call
    principal: Principal
    deployments: tuple[Deployment, ...]
    body: Mapping[str, object]
    max_tokens: int | None
    retain: Retain
    decision: Allow
    advice: tuple[Advice, ...] = ()
    allowances: tuple[Allowance, ...] = ()


@dataclass(frozen=True, slots=True)
class Charge:
    """What a call took in the end, with all of its tries: what is recorded and what is settled are this.

    Args:
        prompt_tokens, completion_tokens: as the provider reported them, or the gateway's estimate.
        cached_tokens, reasoning_tokens: parts of them.
        estimated: whether it is an estimate, or a part of it is.
        usd_micros: what it cost; None where there is no price.
        prices: by which price list; None where there is none.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    usd_micros: int | None = None
    prices: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one deployment.

    Args:
        outcome: `served` or the `upstream.*` code it failed with.
        charge: what it may have been charged, of one that failed and that another try followed.
    """

    deployment: str
    outcome: str
    charge: Charge | None = None


class Lost(NamedTuple):
    """A try that may be charged though nothing came of it, and that another one followed.

    Args:
        place: who may charge.
        number: of the try, from 0.
        reservation: what was held for it.
    """

    place: Deployment
    number: int
    reservation: Reservation | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a deployment answered, not yet fit for the client."""

    deployment: Deployment
    upstream: Completed | Streaming
    took_us: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets.

    Args:
        body: the whole body, or server-sent events of which each item is flushed at once.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes | AsyncGenerator[bytes, None]


@dataclass(slots=True)
class Delivery:
    """What became of an answer; filled while its bytes leave.

    Args:
        status: the HTTP status that was sent; 0 while nothing was.
        sent: counts the tokens of a stream; None where there is none.
        digest: fed with every byte that is released; None if nothing of the payload may be kept.
        error: why a stream ended early, None for a whole one.
        complete: whether the client has everything, whatever happens to its connection afterwards.
        receipt: the log's signed word that the decision is recorded; None while there is none.
    """

    status: int = 0
    sent: Sent | None = None
    digest: Commitment | None = None
    error: UpstreamError | None = None
    complete: bool = False
    receipt: str | None = None


@dataclass(slots=True)
class Trail:
    """How far a request has come: what the record of its end is made from, however it ends.

    Args:
        admission: the decision at the door.
        decision: the latest decision.
        sref: the principal's pseudonym in the opening record.
        opened: whether the opening record was handed to the log, so that it needs a closing one.
        unrecorded: whether it goes on without a record, because the log does no more than its best.
        shown: whether an `access` record tells of it, which needs no other one.
        attempts: every try at a deployment.
        reservation: what is held for its latest try under limits and budgets.
        lost: tries before that, of which each may be charged and has a hold of its own.
        asking: whether it is at a deployment's, rather than on the way from one to the next.
        charge: what it took, once that is known.
        replied_us: wall clock when somebody had answered it, microseconds.
    """

    raw: RawRequest
    call: Call | None = None
    principal: Principal | None = None
    decision: Decision | None = None
    permitted: PermittedCall | None = None
    sref: str | None = None
    opened: bool = False
    unrecorded: bool = False
    shown: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    reply: Reply | None = None
    delivery: Delivery = field(default_factory=Delivery)
    reason: str = ""
    admission: Decision | None = None
    reservation: Reservation | None = None
    lost: list[Lost] = field(default_factory=list)
    asking: bool = True
    charge: Charge | None = None
    replied_us: int = 0

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What the policy was asked and said, in order."""
        if self.decision is None:
            return ()
        if self.admission is None or self.admission is self.decision:
            return (self.decision,)
        return (self.admission, self.decision)
