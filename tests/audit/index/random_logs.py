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

START_US = 1_700_000_000_000_000
_SUBJECTS = ("0" * 32, "a" * 32, "someone")
_TEAMS = ("hr", "sales", "it-ops")
_MODELS = ("gpt-4o", "llama-3.3-70b", "hr")
_RULES = ("residency.hr_onprem", "rules/a.rego:21", "rules/a.rego:21,22", "rules/b.rego:3")
_CONTROLS = ("GDPR-44", "GDPR-5", "AI-ACT-12")
_REASONS = ("allowed", "limits.team", "client.gone")
_DEPLOYMENTS = ("onprem-llama", "cloud")


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


def _maybe(values: tuple[str, ...]) -> st.SearchStrategy[str | None]:
    return st.sampled_from((None, *values))


@st.composite
def _record(draw: st.DrawFn, opened: list[str], number: int) -> dict[str, Any]:
    """Draw one record: a decision, the end of one that is open, or something else."""
    record_id = f"{number:032x}" if draw(st.booleans()) else f"id-{number}"
    kind = draw(st.sampled_from(("decision", "decision", "end", "end", "auth_failure", "access", "gap")))
    if kind == "end" and opened:
        ref = opened.pop(draw(st.integers(0, len(opened) - 1)))
        usage = {"in": draw(st.integers(0, 9)), "out": 2, "estimated": False}
        end = {"id": record_id, "ref": ref, "deployment": draw(_maybe(_DEPLOYMENTS)), "usage": usage}
        if draw(st.booleans()):
            return {**end, "typ": "outcome", "gen_ai": {"resp_model": draw(_maybe(_MODELS))}, "provider": "p"}
        return {**end, "typ": "aborted", "reason_code": draw(st.sampled_from(_REASONS))}
    if kind == "auth_failure":
        return {"typ": kind, "id": record_id, "reason_code": draw(st.sampled_from(_REASONS)), "n": 3}
    if kind == "access":
        return {"typ": kind, "id": record_id, "actor": "auditor", "what": "query", "filter": {}, "n": 7}
    if kind == "gap":
        return {"typ": kind, "id": record_id, "gap": {"reason": "backlogged", "lost": 1}}
    opened.append(record_id)
    rules = draw(st.lists(st.sampled_from(_RULES), max_size=3, unique=True))
    controls = st.lists(st.sampled_from(_CONTROLS), max_size=2)
    return {
        "typ": "decision",
        "id": record_id,
        "tenant": draw(_maybe(("acme", "hr"))),
        "team": draw(_maybe(_TEAMS)),
        "sref": draw(_maybe(_SUBJECTS)),
        "req": {"id": draw(st.sampled_from(("req_" + "b" * 32, f"req_{number:032x}", f"r{number}")))},
        "gen_ai": {"op": "chat.completions", "req_model": draw(_maybe(_MODELS))},
        "policy": {
            "revision": draw(_maybe(("r1", "r2"))),
            "rules": [{"id": rule, "effect": "allow", "controls": draw(controls)} for rule in rules],
        },
        "decision": {
            "action": draw(st.sampled_from(("allow", "deny"))),
            "reason_code": draw(st.sampled_from(_REASONS)),
        },
    }


@st.composite
def logs(draw: st.DrawFn) -> Written:
    """Draw a log of one to three writers, merged and indexed up to somewhere."""
    made = Written(indexed=draw(st.integers(0, 100)))
    batches = draw(st.integers(0, 3))
    for writer in range(draw(st.integers(1, 3))):
        opened: list[str] = []
        bodies = []
        t_us = START_US
        for at in range(draw(st.integers(0, 25))):
            record = draw(_record(opened, writer * 1000 + at))
            t_us += draw(st.sampled_from((0, 1, 1, 1_000_000, 3_600_000_000, -500)))
            head = {
                "v": 1,
                "writer": {"id": f"w{writer}", "boot": 0},
                "wseq": at,
                "t_us": t_us,
                "mono_us": at,
            }
            bodies.append(orjson.dumps(record | head, option=orjson.OPT_SORT_KEYS))
        cuts = draw(st.sets(st.integers(1, max(1, len(bodies) - 1)), max_size=3))
        made.bodies.append(bodies)
        made.starts.append([0, *sorted(cut for cut in cuts if cut < len(bodies))])
        made.merged.append(sorted(draw(st.integers(0, len(bodies))) for _ in range(batches)))
    return made


def questions() -> st.SearchStrategy[Filter]:
    """Draw what to look for; without subject, which is asked of the vault, and without limit."""
    times = st.none() | st.integers(0, 30).map(lambda n: START_US + n * 1_800_000_000)
    kinds = (frozenset({"decision", "auth_failure"}), None, frozenset({"access"}), frozenset({"gap", "none"}))
    return st.builds(
        Filter,
        tenant=_maybe(("acme", "hr")),
        team=_maybe((*_TEAMS, "none")),
        model=_maybe((*_MODELS, "none")),
        action=st.sampled_from((None, None, "allow", "deny")),
        reason_code=_maybe((*_REASONS, "backlogged")),
        request_id=st.sampled_from((None, None, None, "req_" + "b" * 32, "r3", "req_B")),
        id=st.sampled_from((None, None, None, f"{3:032x}", "id-3")),
        since_us=times,
        until_us=times,
        rule=st.sampled_from((None, None, *_RULES, "rules/a.rego")),
        control=st.sampled_from((None, None, *_CONTROLS)),
        deployment=st.sampled_from((None, None, *_DEPLOYMENTS)),
        kinds=st.sampled_from(kinds),
    )
