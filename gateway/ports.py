"""What a step may ask of the rest of the house: protocols and the one bundle of them.

Implementations don't inherit from these; `gateway/app.py` composes them and tests bind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from adapters.contract import Adapter, Usage
    from audit.accesses import Accesses
    from audit.log import AuditLog
    from audit.reading.desk import Desk
    from gateway.accounts import (
        Allowance,
        Amount,
        Correction,
        Expired,
        Overdrawn,
        PriceTerms,
        Purse,
        Reservation,
        Sent,
        Settled,
        Standing,
        Warned,
    )
    from gateway.settings import Limits
    from gateway.types import Candidates, Decision, Deployment, FiredRule, Principal, UnverifiedToken


class Identity(Protocol):
    """**Protocol:** turns a credential into a person or service."""

    async def principal(self, token: UnverifiedToken) -> Principal:
        """Verify `token` completely and say whose it is.

        Raises:
            Refused: with an `identity.*` code; nothing in the error comes from the token.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ruling:
    """An engine's raw answer: a JSON value that nobody has checked yet.

    Args:
        value: the value of the entrypoint's rule.
        revision: revision of the bundle that answered.
        bundle: digest of that bundle's content, `sha256:<hex>`; empty if the engine can't tell.
        rules: those that fired; empty if the engine can't tell.
    """

    value: object
    revision: str
    bundle: str = ""
    rules: tuple[FiredRule, ...] = ()


class PolicyEngine(Protocol):
    """**Protocol:** evaluates one entrypoint of the active bundle.

    An engine MUST evaluate with strict builtin errors, and MUST NOT answer from a bundle that isn't
    active. It doesn't check the answer's shape: the caller does.
    """

    name: str

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        """Evaluate `entrypoint` (such as `gateway/request/decision`) on `document`.

        Raises:
            EngineError: `engine.unavailable`, `engine.timeout`, `engine.budget_exceeded`, `engine.error`,
                `engine.undefined` or `policy.changing`.
        """
        ...

    def reads(self, entrypoint: str, path: tuple[str, ...]) -> bool:
        """Whether the active plan may read `path` of the input; True where the engine can't tell."""
        ...

    async def close(self) -> None:
        """Release connections; the engine answers no more."""
        ...


@dataclass(frozen=True, slots=True)
class Release:
    """A bundle as it is handed on.

    Args:
        revision: the bundle's revision.
        archive: its .tar.gz, byte for byte as it was released.
    """

    revision: str
    archive: bytes


class Policies(Protocol):
    """**Protocol:** knows which bundle decides right now.

    Another one may become active at any time. What `current` gave goes on deciding by the same one, so
    whoever takes it once for a request has one revision from admission to response.
    """

    def current(self) -> PolicyEngine:
        """The engine for one request; asked for on each one, so this is hardly more than a look."""
        ...

    @property
    def release(self) -> Release | None:
        """The active bundle as it is handed on; None if there is none, or it is not here but in an OPA."""
        ...

    async def change(self) -> None:
        """Wait until another bundle becomes active."""
        ...


class Catalogue(Protocol):
    """**Protocol:** knows which deployments serve a model."""

    @property
    def models(self) -> tuple[str, ...]:
        """Every model's name, sorted."""
        ...

    def serving(self, model: str) -> Candidates:
        """The deployments that serve `model`; none for an unknown name."""
        ...


class Ledger(Protocol):
    """**Protocol:** holds what limits and budgets allow, for every process of this gateway.

    Each method MUST be atomic among all processes that share the ledger, and MUST raise rather than guess:
    LedgerError with `ledger.unavailable`, `ledger.busy` (it didn't answer in time), `ledger.full`, or
    `ledger.lost` (it has forgotten what it counted).
    """

    async def reserve(
        self, allowances: Sequence[Allowance], amount: Amount, name: str | None = None
    ) -> Reservation | Overdrawn:
        """Hold `amount` under every allowance, or under none.

        Args:
            allowances: in any order, also several of one counter, which are merged; at least one.
            amount: the call's estimate; a `Concurrency` counts the call itself.
            name: the reservation's id, 16 to 32 bytes in hex, never used before; None for a random one.
        """
        ...

    async def settle(self, reservation: Reservation, actual: Amount) -> Settled:
        """Put the fact in the place of the estimate and end the hold; of a second time nothing comes.

        What fails is made up for once the ledger answers again, and then tells of no warnings.

        Args:
            actual: what the call took. More than was reserved counts in full.
        """
        ...

    async def release(self, reservation: Reservation) -> None:
        """Undo a reservation of a call that never left the house: nothing of it counts, not even itself."""
        ...

    async def usage(self, allowances: Sequence[Allowance]) -> tuple[Standing, ...]:
        """Return how allowances stand, without changing anything; in their order, two quantities as two."""
        ...

    async def standing(self, purse: Purse) -> Standing:
        """Return how a purse stands of which something is counted, in this period or the one before.

        Raises:
            LedgerError: also `budget.unknown_account`: nothing is.
        """
        ...

    async def correct(self, purse: Purse, correction: Correction) -> Standing:
        """Change a purse's present period; return how it stands then.

        A rolling purse can be reset and topped up; there is no period before it to carry over.

        Raises:
            LedgerError: also `budget.unknown_account`: the correction is for known purses, and this is none;
                `budget.correction_unfit`: it can't be applied in full, so nothing was changed.
        """
        ...

    async def expired(self, most: int = 100) -> tuple[Expired, ...]:
        """Find reservations whose holders are gone; each is given again until it is acknowledged."""
        ...

    async def acknowledge(self, reservations: Sequence[str]) -> None:
        """Take note that expired reservations are on record."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go; what is still held by this process expires."""
        ...


@dataclass(frozen=True, slots=True)
class Upstream:
    """A provider ready to be spoken to.

    Args:
        limit_field: where a completion limit goes that the client didn't set.
        connect_timeout_s, first_byte_timeout_s, idle_timeout_s, answer_timeout_s: as in
            `adapters.contract.ChatRequest`.
    """

    adapter: Adapter
    limit_field: str
    connect_timeout_s: float
    first_byte_timeout_s: float
    idle_timeout_s: float
    answer_timeout_s: float


class Estimated(Protocol):
    """**Protocol:** a number of tokens that nobody has counted."""

    @property
    def expected(self) -> int:
        """As likely too many as too few."""
        ...

    @property
    def upper(self) -> int:
        """Hardly ever exceeded."""
        ...

    @property
    def bound(self) -> int:
        """Never exceeded, whatever the text is; much more than is likely."""
        ...


class Tokens(Protocol):
    """**Protocol:** estimates tokens."""

    def prompt(self, body: Mapping[str, object], models: Iterable[str] = ()) -> Estimated:
        """The prompt tokens of a chat body, for whichever of the models counts most of them."""
        ...

    def sent(self, model: str) -> Sent:
        """A count of what a stream tells its client."""
        ...

    def reply(self, body: bytes, model: str) -> int:
        """The completion tokens of a whole reply."""
        ...


class Prices(Protocol):
    """**Protocol:** knows what a call costs, in whole micro-USD, rounded up once a call."""

    def priced(self, deployment: Deployment) -> bool:
        """Tell whether the deployment has a price; one of nothing is a price."""
        ...

    def estimate(
        self,
        deployments: Sequence[Deployment],
        prompt_tokens: int,
        completion_tokens: int,
        terms: PriceTerms | None = None,
    ) -> int | None:
        """Return the most that a call can cost at any of `deployments`; None if one of them has no price."""
        ...

    def origin(self, deployment: str) -> str | None:
        """Return the word for where a deployment's price is from; None if it has none."""
        ...

    def charge(
        self, deployment: Deployment, usage: Usage, upstream_us: int, terms: PriceTerms | None = None
    ) -> int | None:
        """Return what a call cost; None if the deployment has no price."""
        ...


class Settling(Protocol):
    """**Protocol:** settles reservations beside the calls that made them."""

    def begin(self, reservation: Reservation, actual: Amount | None) -> Awaitable[None]:
        """Settle, or release if `actual` is None: the call never left the house.

        Returns:
            What is done once it is settled, or owed by the ledger; it never raises, and nobody needs to wait
            for it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Counting:
    """What limits and budgets are counted with.

    Args:
        completion_tokens: the most tokens of a reply where they are counted or paid for and nobody says less.
        warn: tells of budgets that have passed a mark.
    """

    ledger: Ledger
    settling: Settling
    prices: Prices
    completion_tokens: int
    warn: Callable[[Sequence[Warned]], None]


class Shadow(Protocol):
    """**Protocol:** another policy beside the active one, for comparison."""

    def consider(self, decision_id: str, decisions: Sequence[Decision]) -> None:
        """Take note of a request that is over; MUST cost next to nothing and never fail."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """The audit log as its readers meet it.

    Args:
        desk: where it is read.
        accesses: counts what is read file by file.
    """

    desk: Desk
    accesses: Accesses


@dataclass(frozen=True, slots=True)
class Ports:
    """The house as a step sees it, built once by `gateway/app.py`.

    Args:
        vouched: whether others have vouched for the log lately, or need not.
        evidence: the log for those who may read it; None where there is none to be read here.
        counting: what limits and budgets are counted with; without it, calls under one are refused.
    """

    identity: Identity
    policies: Policies
    log: AuditLog
    catalogue: Catalogue
    upstreams: Mapping[str, Upstream]
    limits: Limits
    tokens: Tokens
    now_us: Callable[[], int]
    shadow: Shadow | None = None
    vouched: Callable[[], bool] = lambda: True
    evidence: Evidence | None = None
    counting: Counting | None = None
