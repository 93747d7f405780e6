"""Reads decisions back together with the questions they answered: what a backtest replays.

Streams: a megabyte of a segment at a time, and beside it where that segment's questions stand. Locks
nothing and checks no tree (that is `audit.verify`); but a question counts only when it opens the commitment
in its record.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import orjson

from audit.errors import LogUnavailable
from audit.index import merged, pruned
from audit.reading.stream import Bodies, segments
from audit.vault.questions import Gone, Questions
from audit.writing.segments import MAX_TORN_BYTES

_STRETCH = 65_536
_AT_ONCE = 256

Missing = Gone | Literal["unasked", ""]


@dataclass(frozen=True, slots=True)
class Span:
    """Which decisions are wanted; None asks for nothing in particular.

    Attributes:
        since_us: wall clock, microseconds UTC, inclusive.
        until_us: likewise, exclusive.
        team: team of the subject.
        model: the model asked for.
    """

    since_us: int | None = None
    until_us: int | None = None
    team: str | None = None
    model: str | None = None

    def covers(self, record: dict[str, Any]) -> bool:
        """Tell whether a decision's record is among them."""
        t_us = record["t_us"]
        return (
            (self.since_us is None or t_us >= self.since_us)
            and (self.until_us is None or t_us < self.until_us)
            and (self.team is None or record["team"] == self.team)
            and (self.model is None or record["gen_ai"]["req_model"] == self.model)
        )


class Recalled(NamedTuple):
    """One decision as it was recorded, with its question.

    Attributes:
        id: the decision's id.
        t_us: when it was logged, microseconds UTC.
        team: team of the subject.
        model: the model asked for.
        action: `allow` or `deny`, whoever decided it: the policy or the gateway.
        reason_code: why.
        path: the entrypoint that was asked last; empty when none was.
        revision: revision of the bundle that answered.
        question: what was asked there, as JSON; None when it isn't at hand.
        missing: why it isn't: `erased`, `absent`, `altered`, or `unasked` when no policy was asked.
        engine: who evaluated the policy.
        bundle: digest of the bundle, `sha256:...`; None where the engine tells none.
        reasons: why, as the policy said it, as {id, controls}; None in a record that has none.
        obligations: as the policy gave them.
    """

    id: str
    t_us: int
    team: str | None
    model: str | None
    action: str
    reason_code: str
    path: str
    revision: str | None
    question: bytes | None
    missing: Missing
    engine: str
    bundle: str | None
    reasons: list[dict[str, Any]] | None
    obligations: list[Any]


class Asked(Protocol):
    """**Protocol:** where questions are found."""

    def get(self, record_id: str, commitment: str) -> bytes | Gone:
        """Return the question that a record commits to, or why there is none."""
        ...


class Recall:
    """The recorded decisions of a log, writer by writer, each writer's newest segment first.

    Args:
        folder: the log; may be live.
        span: which decisions.

    Attributes:
        total_bytes: size of all segments.
        read_bytes: how far the reading is; segments that are too old count as read.
        damaged: places that hold what could not be read.
        torn: segments that are being written, or whose end a kill has torn.

    Raises:
        LogUnavailable: `log.cannot_open` when the folder is no log.
    """

    def __init__(self, folder: Path, span: Span) -> None:
        self._vault = folder / "vault"
        self._span = span
        self._segments = {slot: paths[::-1] for slot, paths in segments(folder).items()}
        self.total_bytes = sum(path.stat().st_size for each in self._segments.values() for path in each)
        self.read_bytes = 0
        self.damaged: list[str] = []
        self.torn: list[str] = []

    def __iter__(self) -> Iterator[Recalled]:
        """Yield the decisions in question, once.

        Raises:
            LogUnavailable: `log.cannot_open` when a file can't be read.
        """
        try:
            for slot, paths in self._segments.items():
                for number, path in enumerate(paths):
                    begun = self.read_bytes
                    newest_us = yield from self._segment(slot, path, last=number == 0)
                    self.read_bytes = begun + path.stat().st_size
                    # Clocks may step, so a whole segment must be too old before older ones are left unread.
                    if self._span.since_us is not None and 0 < newest_us < self._span.since_us:
                        self.read_bytes += sum(older.stat().st_size for older in paths[number + 1 :])
                        break
        except OSError as error:
            raise LogUnavailable("log.cannot_open", f"cannot read the log: {error}") from error

    def _segment(self, slot: str, path: Path, *, last: bool) -> Generator[Recalled, None, int]:
        """Yield a segment's decisions; return the time of the newest, 0 where there is none."""
        questions = Questions(self._vault, slot, path.stem)
        newest_us, begun = 0, self.read_bytes
        try:
            with path.open("rb") as file:
                reading = Bodies(file)
                for body in reading:
                    self.read_bytes = begun + reading.read_bytes
                    # Anything a caller wrote has its quotes escaped, so nothing else can look like this.
                    if b'"typ":"decision"' not in body:
                        continue
                    try:
                        record = orjson.loads(body)
                        newest_us = max(newest_us, record["t_us"])
                        found = recalled(record, questions) if self._span.covers(record) else None
                    except (ValueError, KeyError, TypeError):
                        self.damaged.append(f"{slot}/{path.stem}: what is no record of version 1")
                        continue
                    if found is not None:
                        yield found
            self._look_at_end(f"{slot}/{path.stem}", reading.left, last=last)
        finally:
            questions.close()
        return newest_us

    def _look_at_end(self, name: str, left: int, *, last: bool) -> None:
        """A log's end may be in the middle of a write, or torn by a kill; `verify` tells them apart."""
        if last and 0 < left <= MAX_TORN_BYTES:
            self.torn.append(name)
        elif left:
            self.damaged.append(f"{name}: {left} bytes or more that are no whole record")


class Loaded(Asked, Protocol):
    """**Protocol:** where questions are found, some records at a time."""

    def load(self, records: Iterable[dict[str, Any]]) -> None:
        """Have at hand what there is of some records; OSError where it can't be asked."""
        ...


class MergedRecall:
    """The recorded decisions of a log, as `Recall`, from the merged log: of a copy, whose vault is elsewhere.

    Args:
        folder: the copy.
        span: which decisions.
        asked: finds questions.

    Raises:
        LogUnavailable: `log.cannot_open` when nothing is merged there. LogDamaged, OSError: it can't be read.
    """

    def __init__(self, folder: Path, span: Span, asked: Loaded) -> None:
        published = merged.checkpoint(folder)
        if published is None:
            raise LogUnavailable("log.cannot_open", f"nothing is merged in {folder} yet")
        self._folder, self._span, self._asked = folder, span, asked
        self.total_bytes = published.size  # entries, here
        self.read_bytes = 0
        self.damaged: list[str] = []
        self.torn: list[str] = []

    def __iter__(self) -> Iterator[Recalled]:
        """Yield the decisions in question, once; the newest stretch of the log first.

        Raises:
            LogUnavailable: `log.cannot_open` when log or vault can't be read.
        """
        try:
            end, least = self.total_bytes, pruned.minimum(self._folder)
            while end > least:
                start = max(least, (end - 1) // _STRETCH * _STRETCH)
                newest_us = yield from self._stretch(start, end)
                self.read_bytes = self.total_bytes - start
                # Clocks may step, so a whole stretch must be too old before older ones are left unread.
                if self._span.since_us is not None and 0 < newest_us < self._span.since_us:
                    break
                end = start
            self.read_bytes = self.total_bytes
        except OSError as error:
            raise LogUnavailable("log.cannot_open", f"cannot read the log: {error}") from error

    def _stretch(self, start: int, end: int) -> Generator[Recalled, None, int]:
        """Yield the decisions of some entries; return the time of the newest entry, 0 where there is none."""
        newest_us = 0
        coming = merged.entries(self._folder, start, end)
        while some := list(islice(coming, _AT_ONCE)):
            records = []
            for body in some:
                if b'"typ":"decision"' not in body:
                    continue
                try:
                    record = orjson.loads(body)
                    newest_us = max(newest_us, record["t_us"])
                    if self._span.covers(record):
                        records.append(record)
                except (ValueError, KeyError, TypeError):
                    self.damaged.append(f"{start}-{end - 1}: what is no record of version 1")
            if records:
                self._asked.load(records)
            for record in records:
                try:
                    yield recalled(record, self._asked)
                except (ValueError, KeyError, TypeError):
                    self.damaged.append(f"{start}-{end - 1}: what is no record of version 1")
        return newest_us


def recalled(record: dict[str, Any], questions: Asked) -> Recalled:
    """Return what a decision's record and its question tell.

    Raises:
        KeyError, TypeError, ValueError: it is no decision of version 1.
    """
    policy, decision = record["policy"], record["decision"]
    commitment = policy["input_commit"]
    found = questions.get(record["id"], commitment) if commitment else "unasked"
    missing: Missing = "" if isinstance(found, bytes) else found
    return Recalled(
        record["id"],
        record["t_us"],
        record["team"],
        record["gen_ai"]["req_model"],
        decision["action"],
        decision["reason_code"],
        policy["path"],
        policy["revision"],
        found if isinstance(found, bytes) else None,
        missing,
        policy["engine"],
        policy["bundle"],
        decision.get("reasons"),
        decision["obligations"],
    )
