"""A merged log of a house that seals payloads, a way to have packs of it made, and the verifier's eyes."""

from __future__ import annotations

import tarfile
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from audit.evidence.export import export
from audit.evidence.pack import Order
from audit.evidence.published import Published
from audit.log import AuditLog
from audit.merging.once import merge
from audit.vault.commitment import Commitment, commit
from audit.vault.sealing import Seal
from audit.verify.asked import open_log
from audit.verify.check import verify
from audit.verify.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.evidence.selection import Selection
    from audit.record import Record
    from audit.verify.verdict import Report

    Make = Callable[..., Record]

ORIGIN = "regent.example/audit"
KEY = bytes(range(32))
QUESTION = b'{"subject":{"id":"alice@acme.example"},"version":1}'
HOSTILE = '<script>alert("x")</script>\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}=1+1'


@dataclass
class House:
    """A log, merged as far as it was told to.

    Attributes:
        folder: the log.
        decisions: ids of what was decided, in the order of the log; every third was refused.
        ends: ids of their ends.
        sizes: of the checkpoints that were published on the way, with the notes that somebody kept.
    """

    folder: Path
    out: Path
    decisions: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    kept: dict[int, bytes] = field(default_factory=dict)

    def published(self) -> Published:
        """What is published now."""
        return Published.open(self.folder)

    def merge(self) -> int:
        """Merge, and keep the checkpoint."""
        _, size = merge(self.folder, ORIGIN)
        self.kept[size] = (self.folder / "checkpoint").read_bytes()
        return size

    def pack(self, selection: Selection, name: str = "pack.tar", **more: Any) -> Path:
        """Have a pack made; keywords are those of `Order` and of `export`."""
        path = self.out / name
        options = {key: more.pop(key) for key in ("sealing_key", "bundles", "reports") if key in more}
        export(self.published(), Order(selection, **more), path, announce=lambda _: None, **options)
        return path

    def unpacked(self, selection: Selection, **more: Any) -> Path:
        """The same as a folder."""
        path = self.pack(selection, "unpacked.tar", **more)
        with tarfile.open(path) as tar:
            tar.extractall(self.out / "unpacked", filter="data")
        return self.out / "unpacked"


def check(pack: Path, **terms: Any) -> Report:
    """What the verifier says of a pack."""
    with closing(open_log(str(pack))) as source:
        return verify(source, Terms(deep=True, **terms))


@pytest.fixture
async def house(folder: Path, tmp_path: Path, make_decision: Make, make_outcome: Make) -> House:
    """Make a log of 24 requests in two boots, merged three times; the last two name what is hostile."""
    house = House(folder, tmp_path)
    for boot in range(2):
        async with AuditLog.open(folder, ORIGIN, seal=Seal(KEY)) as log:
            for number in range(12):
                sealing = await log.sealing("alice@acme.example" if number % 2 else "bob", "acme")
                assert sealing is not None
                denied = number % 3 == 2
                made = make_decision(
                    action="deny" if denied else "allow",
                    reason_code="limits.team" if denied else "allowed",
                    team="hr" if number % 2 else "sales",
                    req_model=HOSTILE if boot and number >= 10 else "gpt-4o",
                    revision="r-0123456789abcdef",
                    rules=[{"id": "residency", "effect": "allow", "at": "a:1", "controls": ["GDPR-44"]}],
                    sref=sealing.sref,
                    policy_input=commit("input", QUESTION),
                    question=QUESTION,
                    payload=[commit("req", b"prompt %d" % number, sealing=sealing)],
                )
                await log.append(made)
                house.decisions.append(made.id)
                if not denied:
                    reply = Commitment("resp", sealing=sealing)
                    reply.update(b"reply %d" % number)
                    end = make_outcome(made.id, payload=[reply], sref=sealing.sref)
                    await log.append(end)
                    house.ends.append(end.id)
                if number == 6:
                    house.merge()
    house.merge()
    return house
