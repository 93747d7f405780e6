"""Receipts: what the log promised to others, held against what it has.

A line is `v1 <origin> <writer> <boot> <wseq> <leaf> <t_us> <mmd_s> <keyid> <signature>`. The log's key signs
that an entry with this leaf hash will stand in the merged log by `t_us` and `mmd_s` seconds. It is the only
thing that shows a record which was never merged, or was taken out before any checkpoint covered it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.verify.checkpoints import Malformed, decimal, read_hash, strict_base64
from audit.verify.notes import ED25519, Key, Refused, can_check, check_signature
from audit.verify.verdict import Report, Verdict

MAX_LINE_CHARS = 2_000
_FIELDS = 10
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_US = 1_000_000
_SKEW_US = 300 * _US
"""So much may the auditor's clock be ahead."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One promise of the log: which record, and by when (microseconds since 1970) it is in the log."""

    writer: str
    boot: int
    wseq: int
    leaf: bytes
    due_us: int

    @property
    def title(self) -> str:
        """The record that was promised."""
        return f"{self.writer} {self.boot}/{self.wseq}"


def read_receipt(line: str, origin: str, keys: Iterable[Key]) -> Receipt:
    """Return what a receipt promises.

    Args:
        line: the receipt, without newline.
        origin: name of the log.
        keys: the log's keys.

    Raises:
        Malformed: when it is no receipt of version 1.
        Refused: when it is another log's, or no key of the log signed it.
    """
    fields = line.split(" ")
    if len(line) > MAX_LINE_CHARS or len(fields) != _FIELDS or fields[0] != "v1" or not line.isascii():
        raise Malformed("it is no receipt of version 1")
    _, name, writer, boot, wseq, leaf, t_us, mmd_s, key_id, signature = fields
    if not writer or not line.isprintable() or not _KEY_ID.fullmatch(key_id):
        raise Malformed("it is no receipt of version 1")
    found = Receipt(
        writer, decimal(boot), decimal(wseq), read_hash(leaf), decimal(t_us) + decimal(mmd_s) * _US
    )
    if name != origin:
        raise Refused(f"it is a receipt of another log, {name}")
    text = f"regent.receipt/v1\n{name}\n{writer} {boot} {wseq}\n{leaf}\n{t_us} {mmd_s}\n"
    known = [key for key in keys if key.kind == ED25519 and key.id.hex() == key_id and key.name == origin]
    if not known or not can_check(ED25519):
        raise Refused("it is signed by no key of this log that is known here")
    check_signature(known[0], text, strict_base64(signature))
    return found


class Receipts:
    """The receipts at hand, crossed off as their records come by.

    Attributes:
        wanted: leaf hashes that were promised, each with its receipts.
        places: the same by writer, boot and number.
    """

    def __init__(
        self, lines: Iterable[str], origin: str, keys: list[Key], report: Report, at: Sequence[str] = ()
    ) -> None:
        self.wanted: dict[bytes, list[Receipt]] = {}
        self.places: dict[tuple[str, int, int], list[Receipt]] = {}
        self._found: set[bytes] = set()
        self._report = report
        for number, line in enumerate(lines):
            if not line.strip():
                continue
            try:
                receipt = read_receipt(line.rstrip("\r\n"), origin, keys)
            except (Malformed, Refused) as error:
                where = at[number] if number < len(at) else f"receipt {number + 1}"
                report.add(Verdict.CANNOT_CHECK, where, str(error))
                continue
            self.wanted.setdefault(receipt.leaf, []).append(receipt)
            self.places.setdefault((receipt.writer, receipt.boot, receipt.wseq), []).append(receipt)

    def see_all(self, leaves: Iterable[bytes]) -> None:
        """Cross off the receipts for these entries; most are nobody's."""
        self._found.update(self.wanted.keys() & leaves)

    def see_place(self, at: tuple[str, int, int], leaf: bytes, where: str) -> None:
        """Compare an entry with what was promised for its place, and its place with what was promised for it.

        Args:
            at: writer, boot and number that the record states.
            leaf: its leaf hash.
            where: its place in the log.
        """
        for receipt in self.wanted.get(leaf, ()):
            if (receipt.writer, receipt.boot, receipt.wseq) != at:
                what = f"a receipt says that it is {receipt.title}"
                self._report.add(Verdict.RECEIPT_MISSING, where, what)
        for receipt in self.places.get(at, ()):
            if receipt.leaf != leaf:
                what = f"a receipt was given for another record as {receipt.title}"
                self._report.add(Verdict.RECEIPT_MISSING, where, what)

    def finish(self, seen_us: int, *, whole: bool, now_us: int | None = None) -> None:
        """Report what was promised, is due, and is not there.

        Args:
            seen_us: a time that the log's state is not older than, by its own entries or its cosigners.
            now_us: the auditor's clock, for a log that is said to be today's; None for a part that was handed
                over at some time.
            whole: whether the whole log was read, and not only a part of it.
        """
        early = 0
        for leaf, several in self.wanted.items():
            for receipt in several if leaf not in self._found else ():
                if not whole:
                    what = "the record may stand outside of the pack: check the log itself"
                    self._report.add(Verdict.CANNOT_CHECK, f"receipt of {receipt.title}", what)
                elif receipt.due_us < seen_us:
                    what = "the log gave a receipt for this record, and does not have it"
                    self._report.add(Verdict.RECEIPT_MISSING, receipt.title, what)
                elif now_us is not None and receipt.due_us + _SKEW_US < now_us:
                    # All that is here is older than the receipt: a log that was rolled back looks like that.
                    what = "the log gave a receipt for this record, and ends before it:"
                    what += " it was rolled back, or this is an old copy"
                    self._report.add(Verdict.RECEIPT_MISSING, receipt.title, what)
                else:
                    early += 1
        total = sum(map(len, self.wanted.values()))
        self._report.checked.append(f"{total} receipts, {total - early} of them due")
        if early:
            what = "not due yet at the time that this checkpoint is from: check a later one"
            self._report.notes.append(f"{early} receipts are {what}")
