"""Payloads that were handed over with their nonces, held against the commitments in the records.

`c = "h1:" + base64url(HMAC-SHA-256(nonce, label || 0x00 || payload))`. The commitment to what a policy was
asked stands in `policy.input_commit` under the label `input`; all others stand in `payload.<label>.c`.
A line of `disclosed.jsonl`: `{"record": id, "label": ..., "nonce": base64, "payload": base64}`.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import Any

from audit.verify.checkpoints import Malformed, strict_base64
from audit.verify.sources import Source, lines
from audit.verify.verdict import Report, Verdict

PATH = "disclosed.jsonl"
MAX_LINE_BYTES = 64_000_000
MAX_FILE_BYTES = 1 << 30
NONCE_BYTES = 32
_INPUT = "input"


class Disclosed:
    """What was disclosed, crossed off as its records come by.

    Args:
        lines: of the file; all of them stay in memory.
        report: takes what does not open.
    """

    def __init__(self, lines: Iterable[bytes], report: Report) -> None:
        self._report = report
        self._waiting: dict[str, list[tuple[str, bytes, bytes]]] = {}
        self._opened = 0
        for number, line in enumerate(lines, 1):
            try:
                each = json.loads(line)
                nonce, payload = strict_base64(each["nonce"]), strict_base64(each["payload"])
                if len(nonce) != NONCE_BYTES:
                    raise Malformed("a nonce has 32 bytes")
                self._waiting.setdefault(each["record"], []).append((str(each["label"]), nonce, payload))
            except (ValueError, KeyError, TypeError, RecursionError):
                report.add(
                    Verdict.CANNOT_CHECK, f"{PATH} line {number}", "it discloses nothing that can be read"
                )

    def see(self, record: dict[str, Any], where: str | int) -> None:
        """Open what was disclosed of a record."""
        for label, nonce, payload in self._waiting.pop(record["id"], ()):
            mac = hmac.digest(nonce, label.encode() + b"\x00" + payload, "sha256")
            text = "h1:" + urlsafe_b64encode(mac).rstrip(b"=").decode()
            if not hmac.compare_digest(text.encode(), _commitment(record, label).encode()):
                what = f"what is disclosed as {label!r} is not what it commits to"
                self._report.add(
                    Verdict.TAMPERED, where if isinstance(where, str) else f"entry {where}", what
                )
            else:
                self._opened += 1

    def finish(self) -> None:
        """Report what belongs to no record that was read."""
        for record in self._waiting:
            self._report.add(Verdict.TAMPERED, PATH, f"it names the record {record}, which is not here")
        self._report.checked.append(f"{self._opened} disclosed payloads are what the records commit to")


def read(source: Source, report: Report) -> Disclosed | None:
    """Return what a log or a pack discloses; None where it discloses nothing.

    Raises:
        Unreadable: when the file cannot be read.
    """
    if source.read(PATH, MAX_FILE_BYTES) is None:
        return None
    return Disclosed(lines(source, PATH, MAX_LINE_BYTES), report)


def _commitment(record: dict[str, Any], label: str) -> str:
    """Return the commitment in a record, or nothing where there is none under this label."""
    try:
        found = record["policy"]["input_commit"] if label == _INPUT else record["payload"][label]["c"]
    except (KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""
