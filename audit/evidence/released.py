"""What a pack discloses: payloads and questions out of the vault, with nonces that open their commitments.

Only what opens the commitment in its record is released. Follows the log from segment to segment, so that the
vault's files are read once each and a few at a time.
"""

from base64 import b64encode
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import orjson

from audit.reading.stream import Bodies, segments
from audit.vault import nonces
from audit.vault.commitment import opens
from audit.vault.payloads import SealedPayloads
from audit.vault.questions import LABEL, Questions
from audit.vault.sealing import opened

_MOST_LABELS = 3

K = TypeVar("K")
V = TypeVar("V")


class _Segment(NamedTuple):
    boot: int
    wseq: int
    name: str


class Contents(Protocol):
    """**Protocol:** what a vault holds of records."""

    def opening(
        self, record: dict[str, Any], label: str, commitment: str, master: bytes | None
    ) -> tuple[bytes, bytes] | str:
        """Return nonce and content of a field, or why there are none: `erased`, `absent` or `altered`.

        Args:
            record: whose.
            label: of the field.
            commitment: what the record has of it.
            master: the sealing key; without it no payload is at hand.

        Raises:
            OSError: the vault can't be read. LogUnavailable: `vault.key`, `vault.unavailable`.
        """
        ...

    def close(self) -> None:
        """Close the vault."""
        ...


class Releases:
    """Discloses fields of records.

    Args:
        contents: the vault.
        labels: fields: `input` for what policies were asked, `req` and `resp` for payloads.
        sealing_key: opens payloads; without it, none are at hand.

    Attributes:
        counts: (label, `released`, `erased`, `absent` or `altered`) -> how many.
    """

    def __init__(self, contents: Contents, labels: Sequence[str], sealing_key: bytes | None = None) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._contents = contents
        self._labels = tuple(dict.fromkeys(labels))
        self._key = sealing_key

    def of(self, record: dict[str, Any]) -> Iterator[bytes]:
        """Yield the lines of `disclosed.jsonl` that belong to a record.

        Raises:
            OSError: the vault can't be read.
        """
        for label in self._labels:
            commitment = _commitment(record, label)
            if commitment is None:
                continue
            found = self._contents.opening(record, label, commitment, self._key)
            if isinstance(found, str):
                self.counts[label, found] += 1
                continue
            self.counts[label, "released"] += 1
            nonce, payload = (b64encode(each).decode() for each in found)
            line = {"label": label, "nonce": nonce, "payload": payload, "record": record["id"]}
            yield orjson.dumps(line, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)

    def close(self) -> None:
        """Close the vault."""
        self._contents.close()


class FolderContents:
    """**Adapter** of a folder's vault to `Contents`: from segment to segment, a few files at a time.

    Args:
        folder: the log.

    Raises:
        LogUnavailable, OSError: the log can't be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._vault = folder / "vault"
        self._segments = {slot: _starts(paths) for slot, paths in segments(folder).items()}
        self._nonces: OrderedDict[tuple[str, str, str], dict[bytes, bytes | None]] = OrderedDict()
        self._questions: OrderedDict[tuple[str, str], Questions] = OrderedDict()
        self._sealed: OrderedDict[tuple[str, str], SealedPayloads] = OrderedDict()

    def close(self) -> None:
        """Close the vault's files."""
        for questions in self._questions.values():
            questions.close()
        for sealed in self._sealed.values():
            sealed.close()
        self._questions.clear()
        self._sealed.clear()

    def opening(
        self, record: dict[str, Any], label: str, commitment: str, master: bytes | None
    ) -> tuple[bytes, bytes] | str:
        """See `Contents.opening`."""
        place = self._place(record)
        if place is None:
            return "absent"
        slot, segment = place
        nonce = self._nonces_of(slot, segment, label).get(bytes.fromhex(record["id"]), b"")
        if nonce is None:
            return "erased"
        payload: bytes | str = "absent"
        if label == LABEL:
            payload = self._questions_of(slot, segment).get(record["id"], commitment)
        elif master is not None:
            sealed = self._sealed_of(slot, segment).find(record["id"])
            payload = opened(self._folder, sealed, record["id"], label, master)
        if isinstance(payload, str):
            return payload
        if not nonce:
            return "absent"
        holds = opens(commitment, nonce=nonce, label=label, data=payload)
        return (nonce, payload) if holds else "altered"

    def _place(self, record: dict[str, Any]) -> tuple[str, str] | None:
        slot = record["writer"]["id"]
        starts = self._segments.get(slot, [])
        at = bisect_right(starts, (record["writer"]["boot"], record["wseq"]), key=lambda each: each[:2])
        return (slot, starts[at - 1].name) if at else None

    def _nonces_of(self, slot: str, segment: str, label: str) -> dict[bytes, bytes | None]:
        path = self._vault / "nonces" / slot / f"{segment}.bin"
        return self._kept(self._nonces, (slot, segment, label), lambda: nonces.of_segment(path, label))

    def _questions_of(self, slot: str, segment: str) -> Questions:
        return self._kept(self._questions, (slot, segment), lambda: Questions(self._vault, slot, segment))

    def _sealed_of(self, slot: str, segment: str) -> SealedPayloads:
        return self._kept(self._sealed, (slot, segment), lambda: SealedPayloads(self._vault, slot, segment))

    def _kept(self, known: OrderedDict[K, V], key: K, make: Callable[[], V]) -> V:
        """Return what is open under a key, opened if need be; a segment of each writer, and one to spare."""
        found = known.get(key)
        if found is None:
            found = known[key] = make()
            if len(known) > (len(self._segments) + 1) * _MOST_LABELS:
                _, gone = known.popitem(last=False)
                if isinstance(gone, Questions | SealedPayloads):
                    gone.close()
        known.move_to_end(key)
        return found


def _starts(paths: Sequence[Path]) -> list[_Segment]:
    """Return where in the writer's log each segment begins, in order; what can't be read is left out."""
    found = []
    for path in paths:
        with path.open("rb") as file:
            first = next(iter(Bodies(file)), None)
        try:
            record = orjson.loads(first or b"")
            found.append(_Segment(record["writer"]["boot"], record["wseq"], path.stem))
        except (ValueError, KeyError, TypeError):
            continue
    return sorted(found)


def _commitment(record: dict[str, Any], label: str) -> str | None:
    try:
        found = record["policy"]["input_commit"] if label == LABEL else record["payload"][label]["c"]
    except (KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None
