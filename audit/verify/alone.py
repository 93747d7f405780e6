"""Check a Regent transparency log. One file, to be read before it is run; it imports nothing of Regent.

    python3 alone.py FOLDER [--policy trust.policy] [--since kept.note] [--receipts FILE] [--max-age SECONDS]

FOLDER is laid out as in C2SP tlog-tiles; Python 3.11 and the package `cryptography` are needed. Exit codes:
0 verified, 10 operator-asserted, 20 tampered, 21 forked or rolled back, 22 receipted record missing,
30 incomplete, 31 stale, 32 unwitnessed, 40 cannot check. Without --policy the folder's own key is used.
`audit.verify` checks more: packs, addresses, new keys, writers' own files, legal holds, trees of pruned logs.
"""

import argparse
import json
import re
import sys
import time
from base64 import b64decode, b64encode
from contextlib import suppress
from functools import reduce
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PUBLIC_KEYS: dict[int, Any] = {1: Ed25519PublicKey, 4: Ed25519PublicKey}  # by kind; 4 is a cosignature
with suppress(ImportError, AttributeError):  # an older package: then ML-DSA signatures stay unchecked
    PUBLIC_KEYS[6] = import_module("cryptography.hazmat.primitives.asymmetric.mldsa").MLDSA44PublicKey

VERIFIED, ASSERTED, TAMPERED, FORKED, RECEIPT_MISSING = 0, 10, 20, 21, 22
INCOMPLETE, STALE, UNWITNESSED, CANNOT_CHECK = 30, 31, 32, 40
GRAVITY = (TAMPERED, FORKED, RECEIPT_MISSING, CANNOT_CHECK, INCOMPLETE, UNWITNESSED, STALE)
Key = tuple[str, bytes, int, bytes]  # name, id, kind, public key
Findings = list[tuple[int, str]]  # verdict, words


def base64(text: str, size: int | None = None) -> bytes:
    """Return the bytes of standard base64 in its one spelling; `size` is 32 for hashes."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text or len(data) != (size or len(data)):
        raise ValueError(f"no base64 of {size} bytes: {text[:50]!r}")
    return data


def number(text: str) -> int:
    """Return a number below 2^63, without sign or leading zeros."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text) or int(text) >= 1 << 63:
        raise ValueError(f"no number: {text[:40]!r}")
    return int(text)


def read_key(text: str) -> Key:
    """Return the key `<name>+<id>+<base64 of kind and public key>`; its id must be that of its bytes."""
    parts = re.fullmatch(r"([^\s+\x00-\x1f]+)\+([0-9a-f]{8})\+(\S+)", text)
    name, key_id, data = (parts[1], parts[2], base64(parts[3])) if parts else ("", "", b"\x00")
    found = sha256(name.encode() + b"\n" + data).digest()[:4]
    if key_id != found.hex() or len(data) - 1 != {1: 32, 4: 32, 6: 1312}.get(data[0]):
        raise ValueError(f"no key that is known here: {text[:80]!r}")
    return name, found, data[0], data[1:]


def open_note(data: bytes, keys: list[Key]) -> tuple[str, dict[Key, int]]:
    """Return a note's text and who signed it, and when; one line of a known key that is wrong condemns it."""
    text, gap, tail = data.decode().rpartition("\n\n")
    lines = tail.split("\n")
    if not gap or lines.pop() or re.search(rb"[^\n\x20-\xff]", data) or len(lines) > 100 or len(data) > 10**6:
        raise ValueError("it is no signed note")
    signed: dict[Key, int] = {}
    for line in lines:
        found = re.fullmatch(r"\u2014 ([^\s+]+) (\S+)", line)  # a dash, the key's name, id and signature
        if not found or len(signature := base64(found[2])) < 5:
            raise ValueError("a signature line is none")
        for key in keys:
            if (key[0], key[1]) == (found[1], signature[:4]) and key[2] in PUBLIC_KEYS:
                signed.setdefault(key, check_signature(key, text + "\n", signature[4:]))
    if not signed:
        raise ValueError("it is signed by none of the known keys")
    return text + "\n", signed


def check_signature(key: Key, text: str, signature: bytes) -> int:
    """Check a signature, which raises where it does not verify; return the time that it states."""
    name, _, kind, public = key
    stamp, message = signature[: 0 if kind == 1 else 8], text.encode()
    moment = int.from_bytes(stamp, "big")
    if kind == 4:
        message = f"cosignature/v1\ntime {moment}\n".encode() + message
    elif kind == 6:  # it covers the cosigner's name, the time, the origin, and the tree from 0 to its size
        origin, size, root = read_checkpoint(text)
        who, what = (bytes([len(each)]) + each for each in (name.encode()[:255], origin.encode()[:255]))
        message = b"subtree/v1\n\x00" + who + stamp + what + bytes(8) + size.to_bytes(8, "big") + root
    PUBLIC_KEYS[kind].from_public_bytes(public).verify(signature[len(stamp) :], message)
    return number(str(moment))  # below 2^63


def read_checkpoint(text: str) -> tuple[str, int, bytes]:
    """Return origin, size and root. Further lines are allowed; nothing about them can be checked."""
    lines = text[:-1].split("\n")
    if len(lines) < 3 or "" in lines:
        raise ValueError("a checkpoint has three lines")
    return lines[0], number(lines[1]), base64(lines[2], 32)


class Policy:
    """Whom you trust: logs, witnesses (a key), groups (least number, members) and the quorum."""

    def __init__(self, data: bytes) -> None:
        self.logs, self.witnesses = list[Key](), list[Key]()
        self.names: dict[bytes, Any] = {b"none": (0, [])}
        self.quorum, members = b"", set[bytes]()
        for line in data.split(b"\n"):
            items = re.split(rb"[ \t]+", line.strip(b" \t"))
            fits = not items[0] or items[0].startswith(b"#")
            match items:
                case [b"log", vkey] | [b"log", vkey, _]:
                    self.logs.append(read_key(vkey.decode()))
                    fits = len({key[3] for key in self.logs}) == len(self.logs)
                case [b"witness", name, vkey] | [b"witness", name, vkey, _]:
                    self.witnesses.append(key := read_key(vkey.decode()))
                    fits = key[2] != 1 and name not in self.names
                    fits = fits and len({key[3] for key in self.witnesses}) == len(self.witnesses)
                    self.names[name] = key
                case [b"group", name, least, *those] if those:
                    count = number({b"any": "1", b"all": str(len(those))}.get(least) or least.decode())
                    fits = 1 <= count <= len(those) == len(set(those)) and name not in self.names
                    fits = fits and set(those) <= self.names.keys() - members - {b"none"}
                    members |= set(those)
                    self.names[name] = (count, those)
                case [b"quorum", name]:
                    fits = not self.quorum and name in self.names
                    self.quorum = name
            if not fits:
                raise ValueError(f"line {line[:60]!r} of the policy is not as tlog-policy has it")
        if not self.quorum or re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", data):
            raise ValueError("the policy has no quorum, or control characters")

    def satisfied(self, signers: set[Key]) -> bool:
        """Tell whether these signers make the quorum; a group stands behind its members."""
        met: set[bytes] = set()
        for name, each in self.names.items():
            if each in signers if len(each) == 4 else len(met & set(each[1])) >= each[0]:
                met.add(name)
        return self.quorum in met


def fold(row: list[bytes]) -> bytes:
    """Return the root over neighbours; an odd one at the end moves up as it is."""
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + row[len(row) & ~1 :]
    return row[0] if row else sha256(b"").digest()


def read_file(folder: Path, level: str, index: int, width: int) -> tuple[bytes, int]:
    """Return a tile or bundle and how wide it must be: the full one may have replaced a partial one."""
    *groups, last = re.findall("...", str(index).zfill(-(-len(str(index)) // 3) * 3))
    name = "".join(f"x{group}/" for group in groups) + last
    for suffix, filed in [(f".p/{width}", width)] * (width < 256) + [("", 256)]:
        if (path := folder / "tile" / level / (name + suffix)).is_file():
            return path.read_bytes(), filed
    return b"", 0  # it is missing


def read_bundle(folder: Path, index: int, width: int) -> list[bytes]:
    """Return the entries of a bundle: each a length of two bytes and that many bytes, nothing else."""
    data, filed = read_file(folder, "entries", index, width)
    entries, at = [], 0
    while at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : end])
        at = end
    if not filed:
        raise FileNotFoundError(f"bundle {index} is missing")
    if at != len(data) or len(entries) != filed:
        raise ValueError(f"bundle {index} does not have {filed} whole entries and no more")
    return entries[:width]


def check_tiles(folder: Path, hashes: list[bytes], findings: Findings) -> None:
    """Compare every tile of every level with the hashes that must stand in it, and nothing else."""
    level = 0
    while hashes:
        tiles = [hashes[at : at + 256] for at in range(0, len(hashes), 256)]
        for index, tile in enumerate(tiles):
            data, filed = read_file(folder, str(level), index, len(tile))
            if len(data) != 32 * filed or not data.startswith(b"".join(tile)):
                findings.append((TAMPERED if filed else INCOMPLETE, f"tile {level}/{index} is not right"))
        hashes, level = [fold(tile) for tile in tiles if len(tile) == 256], level + 1


class Writer:
    """What is known of one writer so far: the roots of its complete subtrees, its boot, numbers, clock."""

    def __init__(self) -> None:
        self.edge, self.boot, self.closed = list[bytes](), -1, True
        self.size = self.told = self.wseq = self.t_us = self.mono_us = 0

    def grow(self, leaf: bytes) -> None:
        """Add a leaf hash to the writer's own tree."""
        rest = self.size
        while rest & 1:
            leaf, rest = fold([self.edge.pop(), leaf]), rest >> 1
        self.edge.append(leaf)
        self.size += 1

    def tree(self) -> dict[str, Any]:
        """Return size and root of the writer's own tree."""
        root = reduce(lambda right, left: fold([left, right]), reversed(self.edge or [fold([])]))
        return {"size": self.size, "root": root.hex()}


class Records:
    """What the records say, fed in the order of the log."""

    def __init__(self, origin: str, named: Path, findings: Findings) -> None:
        self.origin, self.findings = origin, findings
        self.digest = "sha256:" + sha256(named.read_bytes()).hexdigest() if named.is_file() else None
        self.writers, self.allowed = dict[str, Writer](), dict[bytes, tuple[str, int]]()
        self.ids, self.ends = set[bytes](), list[bytes]()
        self.latest_us = self.gone = self.vouched = 0  # of so many entries only hashes are left; were pruned

    def take(self, entry: bytes, leaf: bytes) -> None:
        """Check the next record."""
        try:  # `number` refuses what has a fraction: records have none
            record = json.loads(entry.decode(), parse_float=number, parse_constant=number)
            place, wseq, t_us = record["writer"], record["wseq"], record["t_us"]
            name, boot = place["id"], place["boot"]
            if any(type(each) is not int for each in (record["v"], boot, wseq, t_us)) or record["v"] != 1:
                raise ValueError("it is not of version 1")  # noqa: TRY301 - one place says it
            writer = self.writers.setdefault(name, Writer())
            if self.gone and not writer.size:  # what came before was pruned: it begins in the middle
                opens = record["typ"] == "writer.open"
                writer.boot, writer.wseq, writer.closed = boot - opens, wseq, opens
            if t_us < writer.t_us - 10**6:
                self.findings.append((INCOMPLETE, f"{name} {boot}/{wseq}: the clock was turned back"))
            (self.sequence if name == "sequencer" else self.follow)(writer, record)
            self.pair(record)
            writer.boot, writer.wseq, writer.t_us, writer.mono_us = boot, wseq + 1, t_us, record["mono_us"]
            writer.grow(leaf)
            self.latest_us = max(self.latest_us, t_us)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self.findings.append((TAMPERED, f"{type(error).__name__} {error} in {entry[:500]!r}"))

    def follow(self, writer: Writer, record: dict[str, Any]) -> None:
        """Check that a record follows the one before: numbers from 0 in each boot, boots one by one."""
        typ, boot, wseq = record["typ"], record["writer"]["boot"], record["wseq"]
        if typ == "writer.open":
            if not writer.closed:
                self.findings.append((INCOMPLETE, f"boot {boot - 1} of {record['writer']} has no close"))
            self.digest = self.digest or record["origin_digest"]
            if (record["origin"], record["origin_digest"]) != (self.origin, self.digest):
                raise ValueError("it was written under another origin.json")
            writer.boot, writer.wseq, writer.closed = writer.boot + 1, 0, False
        if (boot, wseq, False) != (writer.boot, writer.wseq, writer.closed) or typ == "writer.head":
            raise ValueError(f"numbered {boot}/{wseq}, expected {writer.boot}/{writer.wseq}")
        if typ != "writer.open" and record["mono_us"] < writer.mono_us:
            raise ValueError("the monotonic clock ran backwards")
        if typ in {"writer.open", "writer.close"} and not self.gone and record["tree"] != writer.tree():
            raise ValueError("the records before it are not those it was written behind")
        writer.closed = typ == "writer.close"

    def sequence(self, writer: Writer, record: dict[str, Any]) -> None:
        """Check the sequencer's statement on each writer's records: it can leave out or reorder none."""
        order = (record["typ"], record["wseq"], record["writer"]["boot"] >= writer.boot)
        if order != ("writer.head", writer.wseq, True):
            raise ValueError("the sequencer's entries do not follow each other")
        others = {name: each for name, each in self.writers.items() if name != "sequencer"}
        heads = {head["id"]: {"size": head["size"], "root": head["root"]} for head in record["heads"]}
        due = {name for name, each in others.items() if record["beat"] is True or each.size != each.told}
        known = (heads if self.gone else others).keys()
        if len(heads) != len(record["heads"]) or not due <= heads.keys() <= known:
            raise ValueError("the sequencer leaves out a writer, invents one, or names one twice")
        for name in heads.keys() & others.keys():
            others[name].told = others[name].size
            if heads[name] != others[name].tree() and not self.gone:
                raise ValueError(f"the sequencer states other records of {name} than there are")

    def pair(self, record: dict[str, Any]) -> None:
        """Note ids, which are unique, and what an allow begins and an outcome or abort ends."""
        key = bytes.fromhex(record["id"])
        if len(key) != 16 or len(record["id"]) != 32 or key in self.ids:
            raise ValueError(f"its id {record['id']} stands in the log twice, or is none")
        self.ids.add(key)
        facts = record["decision"] if record["typ"] == "decision" else {"final": False}
        if facts["final"] is True and facts["action"] == "allow":
            self.allowed[key] = (record["writer"]["id"], record["writer"]["boot"])
        elif record["typ"] in {"outcome", "aborted"}:
            self.ends.append(bytes.fromhex(record["ref"]))
        elif record["typ"] == "gap":
            self.findings.append((INCOMPLETE, f"the log admits a gap: {record['gap']}"))
        elif record["typ"] == "prune" and record["stage"] == "begun":
            least = record["minimum_index"] or 0  # it vouches for nothing that was still to come
            self.vouched = max(self.vouched, least if least < self.gone + len(self.ids) else 0)

    def finish(self) -> None:
        """Each request that was allowed for good has one end, unless its writer may still live."""
        ended = set(self.ends)
        if self.gone > self.vouched:
            self.findings.append((INCOMPLETE, f"{self.gone} entries are gone, {self.vouched} were pruned"))
        for ref in ended - self.allowed.keys() if not self.gone else ():
            self.findings.append((INCOMPLETE, f"{ref.hex()} was ended, never allowed"))
        if len(ended & self.allowed.keys()) < sum(ref in self.allowed for ref in self.ends):
            self.findings.append((TAMPERED, "a request was ended twice"))
        for key, (name, boot) in self.allowed.items():
            if key not in ended and (self.writers[name].closed or boot != self.writers[name].boot):
                self.findings.append((INCOMPLETE, f"the request allowed by {key.hex()} has no end"))


def read_receipt(line: str, origin: str, keys: list[Key]) -> tuple[bytes, int]:
    """Return the leaf hash that the log promised to have, and by when (microseconds since 1970)."""
    version, name, writer, boot, wseq, leaf, t_us, mmd_s, key_id, signature = line.split(" ")
    text = f"regent.receipt/v1\n{name}\n{writer} {boot} {wseq}\n{leaf}\n{t_us} {mmd_s}\n"
    key, *_ = (key for key in keys if (key[1].hex(), key[2], version, name) == (key_id, 1, "v1", origin))
    check_signature(key, text, base64(signature))
    return base64(leaf, 32), number(t_us) + number(mmd_s) * 10**6


def read_entries(folder: Path, size: int, records: Records | None, findings: Findings) -> list[bytes]:
    """Return the leaf hashes of all entries, as far as there are bundles; check what they say."""
    leaves: list[bytes] = []
    try:
        for at in range(-(-size // 256)):
            tile, full = read_file(folder, "0", at, 256)
            if records and records.gone == at * 256 and full and not read_file(folder, "entries", at, 256)[1]:
                records.gone += 256  # this bundle was pruned: the hashes of its entries are left
                leaves += [tile[each : each + 32] for each in range(0, 8192, 32)]
                continue
            for entry in read_bundle(folder, at, min(256, size - at * 256)):
                leaves.append(sha256(b"\x00" + entry).digest())
                if records:
                    records.take(entry, leaves[-1])
    except (FileNotFoundError, ValueError) as error:
        findings.append((TAMPERED if isinstance(error, ValueError) else INCOMPLETE, str(error)))
    return leaves


def examine(folder: Path, asked: argparse.Namespace, findings: Findings) -> bool:
    """Check all there is; tell whether more than the operator's word stands behind it."""
    policy = Policy(asked.policy.read_bytes() if asked.policy else b"quorum none\n")
    signed = (folder / "checkpoint").read_bytes()
    keys = policy.logs or [read_key(line) for line in (folder / "log.vkey").read_text().splitlines()]
    keys = [key for key in keys if key[0] == signed.decode(errors="replace").partition("\n")[0]] or keys
    findings.append((TAMPERED, "the checkpoint does not hold"))  # unless all of this succeeds
    text, signers = open_note(signed, [*keys, *(key for key in policy.witnesses if key not in keys)])
    origin, size, root = read_checkpoint(text)
    if not signers.keys() & set(keys) or any(key[0] != origin for key in keys):
        raise ValueError("it is not signed by the log of this name")
    findings.pop()
    records = Records(origin, folder / "origin.json", findings)
    leaves = read_entries(folder, size, records if asked.entries == "regent" else None, findings)
    if len(leaves) == size:
        check_tiles(folder, leaves, findings)
        if fold(leaves) != root:
            findings.append((TAMPERED, "the signed root is not that of the entries"))
    records.finish()
    kept, there = 0, set(leaves)
    for path in asked.since:
        _, kept, kept_root = read_checkpoint(open_note(path.read_bytes(), keys)[0])
        if kept > size or (kept <= len(leaves) and fold(leaves[:kept]) != kept_root):
            findings.append((FORKED, f"this log does not continue what was signed for {kept} entries"))
    met, wanted, now_s = policy.satisfied(set(signers)), policy.quorum != b"none", int(time.time())
    oldest_s = now_s - (asked.max_age or 0)
    fresh = {key for key, moment in signers.items() if oldest_s <= moment <= now_s + 300}
    seen_us = max([records.latest_us, *(moment * 10**6 for moment in signers.values())])
    if not met:
        findings.append((UNWITNESSED, "the witnesses that the policy wants have not signed"))
    elif asked.max_age and not (policy.satisfied(fresh) if wanted else seen_us >= oldest_s * 10**6):
        findings.append((STALE, f"nobody has seen it in the last {asked.max_age} seconds"))
    for line in asked.receipts.read_text().splitlines() if asked.receipts else ():
        leaf, due_us = read_receipt(line, origin, keys)
        if leaf not in there and due_us < max(seen_us, (now_s - 300) * 10**6):
            findings.append((RECEIPT_MISSING, f"the log promised a record and does not have it: {line}"))
    return bool(kept) or (met and wanted)


def main(arguments: list[str]) -> int:
    """Check the log that is named, print what was found, and return the verdict."""
    parser = argparse.ArgumentParser(description="Check a Regent transparency log.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--policy", type=Path, help="whom you trust, as a tlog-policy")
    parser.add_argument("--since", type=Path, action="append", default=[], help="a checkpoint kept earlier")
    parser.add_argument("--receipts", type=Path, help="receipts, one a line")
    parser.add_argument("--max-age", type=int, help="seconds within which the log must have been seen")
    parser.add_argument("--entries", choices=["regent", "any"], default="regent", help="any: not records")
    findings: Findings = []
    try:
        asked = parser.parse_args(arguments)
        proven = examine(asked.folder, asked, findings)
    except (OSError, ValueError, InvalidSignature) as error:
        findings, proven = [*findings, (CANNOT_CHECK, f"{type(error).__name__} {error}")], False
    verdict = next((each for each in GRAVITY if each in dict(findings)), VERIFIED if proven else ASSERTED)
    shown = "".join(f"{code} {words!a}\n" for code, words in [*findings[:100], (verdict, "is the verdict")])
    sys.stdout.write(f"{shown}Not shown: that every request has a record, beyond the receipts; true times.\n")
    return verdict


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
