"""Random small logs and questions about them: few different words, so that most questions find something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from hypothesis import strategies as st

from audit.index.wanted import Filter
from tests.audit.index.merging import ORIGIN, write

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

START_US = 1_700_000_000_000_000
_SUBJECTS = ("0" * 32, "a" * 32, "someone")
_TEAMS = ("hr", "sales", "it-ops")
_MODELS = ("gpt-4o", "llama-3.3-70b", "hr")
_RULES = ("residency.hr_onprem", "rules/a.rego:21", "rules/a.rego:21,22", "rules/b.rego:3")
_CONTROLS = ("GDPR-44", "GDPR-5", "AI-ACT-12")
_REASONS = ("allowed", "limits.team", "client.gone")
_DEPLOYMENTS = ("onprem-llama", "cloud")
_TAGS = ("batch", "chat", "project:x")
_KEYS = ("team:hr", "org/acme", "{key}", "ключ")
_KINDS = (*("decision",) * 6, *("end",) * 4, "auth_failure", "access", "gap", "ledger.expired")


@dataclass
class Written:
    """What a random log consists of.

    Attributes:
        bodies: records by writer.
        starts: where segments begin, by writer.
        merged: how many records of each writer are merged in each batch.
        indexed: share of the merged log, in percent, that is indexed.
    """

    bodies: list[list[bytes]] = field(default_factory=list)
    starts: list[list[int]] = field(default_factory=list)
    merged: list[list[int]] = field(default_factory=list)
    indexed: int = 100

    def lay_down(self, folder: Path) -> None:
        """Write the writers' segments."""
        folder.mkdir()
        (folder / "origin.json").write_bytes(orjson.dumps({"format": 1, "origin": ORIGIN}))
        for number, (bodies, starts) in enumerate(zip(self.bodies, self.starts, strict=True)):
            write(folder / "writers" / f"w{number}", bodies, starts)


def _maybe(chance: Random, values: tuple[str, ...]) -> str | None:
    return chance.choice((None, *values))


def _end(chance: Random, ref: str, record_id: str) -> dict[str, Any]:
    usage: dict[str, Any] = {"in": chance.randrange(9), "out": 2, "estimated": chance.random() < 0.3}
    priced = {"cost_micro": chance.randrange(99), "cached": 1, "prices": "list-1"}
    usage |= chance.choice(({}, {"cost_micro": None}, priced))
    end = {"id": record_id, "ref": ref, "deployment": _maybe(chance, _DEPLOYMENTS), "usage": usage}
    if chance.random() < 0.7:
        answered = {"gen_ai": {"resp_model": _maybe(chance, _MODELS)}, "provider": "p"}
        return {**end, **answered, "typ": "outcome"}
    return {**end, "typ": "aborted", "reason_code": chance.choice(_REASONS)}


def _record(chance: Random, opened: list[str], number: int) -> dict[str, Any]:
    """Make one record: a decision, the end of one that is open, or something else."""
    record_id = chance.choice((f"{number:032x}", f"id-{number}"))
    kind = chance.choice(_KINDS)
    if kind == "end" and opened:
        # Now and then one has two ends, or ends that nothing began.
        ref = chance.choice(opened) if chance.random() < 0.1 else opened.pop(chance.randrange(len(opened)))
        ref = "e" * 32 if chance.random() < 0.05 else ref
        return _end(chance, ref, record_id)
    if kind == "auth_failure":
        return {"typ": kind, "id": record_id, "reason_code": chance.choice(_REASONS), "n": 3}
    if kind == "access":
        return {"typ": kind, "id": record_id, "actor": "auditor", "what": "query", "filter": {}, "n": 7}
    if kind == "gap":
        return {"typ": kind, "id": record_id, "gap": {"reason": "backlogged", "lost": 1}}
    if kind == "ledger.expired":
        amount = {"requests": 1, "tokens": chance.randrange(9), "usd_micros": chance.randrange(9)}
        # Of the first records, so of decisions that end or don't, and of nobody's; and of second holds.
        reservation = f"{chance.choice((0, 1, 2, 3, 1000, 1001, 9999)):032x}" + chance.choice(("", "", "01"))
        held = {"reservation": reservation, "keys": chance.sample(_KEYS, 2)}
        return {"typ": kind, "id": record_id, **held, **amount, "reserved_us": 1}
    action = chance.choice(("allow", "deny"))
    if action == "allow":  # a refusal has no end
        opened.append(record_id)
    labels = {
        "cost_center": _maybe(chance, ("cc-1", "cc-2")),
        "declared": {"tags": chance.sample(_TAGS, chance.randrange(3))},
        "keys": chance.sample(_KEYS, chance.randrange(3)),
    }
    rules = chance.sample(_RULES, chance.randrange(4))
    hits = [
        {"id": rule, "effect": "allow", "controls": chance.choices(_CONTROLS, k=chance.randrange(3))}
        for rule in rules
    ]
    return {
        **(labels if chance.random() < 0.7 else {}),
        "typ": "decision",
        "id": record_id,
        "tenant": _maybe(chance, ("acme", "hr")),
        "team": _maybe(chance, _TEAMS),
        "sref": _maybe(chance, _SUBJECTS),
        "req": {"id": chance.choice(("req_" + "b" * 32, f"req_{number:032x}", f"r{number}"))},
        "gen_ai": {"op": "chat.completions", "req_model": _maybe(chance, _MODELS)},
        "policy": {"revision": _maybe(chance, ("r1", "r2")), "rules": hits},
        "decision": {"action": action, "reason_code": chance.choice(_REASONS)},
    }


def _steps(chance: Random) -> int:
    """Microseconds to the next record: often none, mostly few, at times an hour, now and then backwards."""
    return chance.choice((0, 0, 1, 1, 1_000_000, 3_600_000_000, -500))


def logs() -> st.SearchStrategy[Written]:
    """Draw a log of one to three writers, merged and indexed up to somewhere.

    By chance and not by choice: an example that hypothesis makes small has little that could go wrong.
    """
    return st.randoms(use_true_random=True).map(_log)


def _log(chance: Random) -> Written:
    made = Written(indexed=chance.choice((100, 100, 100, 60, 0)))
    batches = chance.choice((0, 1, 2, 3))
    for writer in range(chance.randint(1, 3)):
        opened: list[str] = []
        bodies = []
        t_us = START_US
        for at in range(chance.choice((0, 1, 12, 25, 60))):
            record = _record(chance, opened, writer * 1000 + at)
            t_us += _steps(chance)
            head = {
                "v": 1,
                "writer": {"id": f"w{writer}", "boot": 0},
                "wseq": at,
                "t_us": t_us,
                "mono_us": at,
            }
            bodies.append(orjson.dumps(record | head, option=orjson.OPT_SORT_KEYS))
        cuts = {chance.randint(1, max(1, len(bodies) - 1)) for _ in range(chance.randrange(4))}
        made.bodies.append(bodies)
        made.starts.append([0, *sorted(cut for cut in cuts if cut < len(bodies))])
        made.merged.append(sorted(chance.randint(0, len(bodies)) for _ in range(batches)))
    return made


_TIMES = st.integers(0, 12).flatmap(
    lambda hour: st.sampled_from((-500, 0, 1, 2)).map(lambda us: START_US + hour * 3_600_000_000 + us)
)
_ASKED: dict[str, st.SearchStrategy[Any]] = {
    "tenant": st.sampled_from(("acme", "hr")),
    "team": st.sampled_from((*_TEAMS, "none")),
    "model": st.sampled_from((*_MODELS, "none")),
    "action": st.sampled_from(("allow", "deny")),
    "reason_code": st.sampled_from((*_REASONS, "backlogged")),
    "request_id": st.sampled_from(("req_" + "b" * 32, "r3", "req_B")),
    "id": st.sampled_from((f"{3:032x}", "id-3")),
    "since_us": _TIMES,
    "until_us": _TIMES,
    "rule": st.sampled_from((*_RULES, "rules/a.rego")),
    "control": st.sampled_from(_CONTROLS),
    "deployment": st.sampled_from(_DEPLOYMENTS),
    "kinds": st.sampled_from((None, frozenset({"access"}), frozenset({"gap", "none"}))),
}


@st.composite
def questions(draw: st.DrawFn) -> Filter:
    """Draw what to look for, by at most three things; without subject and limit."""
    names = draw(st.lists(st.sampled_from(sorted(_ASKED)), max_size=3, unique=True))
    return Filter(**{name: draw(_ASKED[name]) for name in names})
