"""Small logs in Regent's format, made with nothing of Regent: records, merging, tiles, signatures.

What the operator can do, this can do: it holds the log's key. `Sample` is all that the attacks need of an
honest log, so that one written by another program can take its place.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

ORIGIN = "regent.example/audit/test"
START_US = 1_790_000_000_000_000
SECOND_US = 1_000_000
Record = dict[str, Any]


class Signer:
    """A key of a log (0x01), or of a witness (0x04), or an ML-DSA-44 key of either (0x06)."""

    def __init__(self, name: str, kind: int) -> None:
        self.name, self.kind = name, kind
        seed = sha256(f"{name} {kind}".encode()).digest()
        key = (
            MLDSA44PrivateKey.from_seed_bytes(seed)
            if kind == 6
            else Ed25519PrivateKey.from_private_bytes(seed)
        )
        self.key: Any = key
        self.public = bytes([kind]) + key.public_key().public_bytes_raw()
        self.id = sha256(name.encode() + b"\n" + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(self.public).decode()}"

    def line(self, text: str, time_s: int = 0) -> str:
        """Return this key's signature line under a text."""
        stamp = b"" if self.kind == 1 else time_s.to_bytes(8, "big")
        return f"\N{EM DASH} {self.name} {b64encode(self.id + stamp + self._sign(text, time_s)).decode()}\n"

    def _sign(self, text: str, time_s: int) -> bytes:
        if self.kind == 1:
            return bytes(self.key.sign(text.encode()))
        if self.kind == 4:
            return bytes(self.key.sign(f"cosignature/v1\ntime {time_s}\n{text}".encode()))
        origin, size, root = text.split("\n")[:3]
        head = b"subtree/v1\n\x00" + bytes([len(self.name)]) + self.name.encode()
        place = bytes([len(origin)]) + origin.encode() + bytes(8) + int(size).to_bytes(8, "big")
        return bytes(self.key.sign(head + time_s.to_bytes(8, "big") + place + b64decode(root)))


LOG = Signer(ORIGIN, 1)
LOG_MLDSA = Signer(ORIGIN, 6)
WITNESS = Signer("witness.example/w1", 4)


@dataclass
class Sample:
    """An honest log, and what others hold of it.

    Attributes:
        origin_json: bytes of its origin.json.
        entries: the merged entries; at least one writer's boot is open at their end.
        kept: size at which an auditor kept a checkpoint.
        seen: a later size that the witness cosigned long ago; entries behind it stood in no checkpoint yet.
        seen_s: when that was.
        now_s: the auditor's clock.
        receipts: of records behind `seen`; each is due at the time of the last entry.
        receipted: indices of a decision and its outcome that have one, of an open boot.
        log: the log's key.
        witness: the witness's key.
    """

    origin_json: bytes
    entries: list[bytes]
    kept: int
    seen: int
    seen_s: int
    now_s: int
    receipts: list[str]
    receipted: list[int]
    log: Signer = field(default_factory=lambda: LOG)
    witness: Signer = field(default_factory=lambda: WITNESS)


def encode(record: Record) -> bytes:
    """Return the canonical bytes of a record."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def leaf_hash(entry: bytes) -> bytes:
    """Return the RFC 6962 hash of a leaf."""
    return sha256(b"\x00" + entry).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root by the recursive words of RFC 6962, section 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + root_of(leaves[:middle]) + root_of(leaves[middle:])).digest()


def relink(records: Iterable[Record], *, renumber: bool = True) -> list[bytes]:
    """Number and link records anew, as thoroughly as somebody can who makes the whole log himself."""
    entries: list[bytes] = []
    leaves: dict[str, list[bytes]] = {}
    wseqs: dict[str, int] = {}
    for record in records:
        name = record["writer"]["id"]
        own = leaves.setdefault(name, [])
        if renumber:
            wseqs[name] = 0 if record["typ"] == "writer.open" else wseqs.get(name, 0)
            record["wseq"] = wseqs[name]
            wseqs[name] += 1
        if "tree" in record:
            record["tree"] = {"size": len(own), "root": root_of(own).hex()}
        for head in record.get("heads", ()):
            there = leaves.get(head["id"], [])
            head.update(size=len(there), root=root_of(there).hex())
        entries.append(encode(record))
        own.append(leaf_hash(entries[-1]))
    return entries


class Scribe:
    """Writes an honest log's records, in merged order, with one clock."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self.origin = origin
        self.origin_json = encode({"created_us": START_US, "format": 1, "origin": origin})
        self.records: list[Record] = []
        self.boots: dict[str, int] = {}
        self.now_us = START_US
        self._ids = 0

    def add(self, writer: str, typ: str, **fields: Any) -> str:
        """Add a record; a millisecond passes."""
        self._ids += 1
        self.now_us += 1000
        key = sha256(f"{self.origin} {self._ids}".encode()).hexdigest()[:32]
        place = {"id": writer, "boot": self.boots.get(writer, 0)}
        times = {"t_us": self.now_us, "mono_us": self.now_us - START_US}
        self.records.append({"v": 1, "typ": typ, "id": key, "writer": place, "wseq": 0, **times, **fields})
        return key

    def open(self, writer: str) -> None:
        self.boots[writer] = self.boots.get(writer, -1) + 1
        digest = "sha256:" + sha256(self.origin_json).hexdigest()
        self.add(writer, "writer.open", origin=self.origin, origin_digest=digest, tree={})
        self.add(writer, "mode", mode="strict")

    def close(self, writer: str) -> None:
        self.add(writer, "writer.close", tree={})

    def allow(self, writer: str, team: str = "hr") -> str:
        facts = {"action": "allow", "final": True, "reason_code": "policy.allowed", "obligations": []}
        return self.add(writer, "decision", decision=facts, team=team, payload={})

    def deny(self, writer: str) -> str:
        facts = {"action": "deny", "final": True, "reason_code": "policy.denied", "obligations": []}
        return self.add(writer, "decision", decision=facts, team="hr", payload={})

    def end(self, writer: str, ref: str) -> str:
        return self.add(writer, "outcome", ref=ref, usage={"in": 1, "out": 2})

    def head(self, *writers: str, beat: bool = False) -> None:
        self.boots.setdefault("sequencer", 0)
        heads = [{"id": name, "size": 0, "root": ""} for name in writers]
        self.add("sequencer", "writer.head", beat=beat, heads=heads)


def checkpoint(
    entries: Sequence[bytes], log: Signer = LOG, cosigned: Iterable[tuple[Signer, int]] = ()
) -> bytes:
    """Return the signed checkpoint of these entries, with cosignatures."""
    root = root_of([leaf_hash(entry) for entry in entries])
    text = f"{log.name}\n{len(entries)}\n{b64encode(root).decode()}\n"
    return (text + "\n" + log.line(text) + "".join(key.line(text, time) for key, time in cosigned)).encode()


def publish(folder: Path, entries: Sequence[bytes], signed: bytes, origin_json: bytes | None = None) -> Path:
    """Write checkpoint, tiles and bundles of a log into a folder."""
    nodes = [leaf_hash(entry) for entry in entries]
    bundles = [len(entry).to_bytes(2, "big") + entry for entry in entries]
    for at in range(0, len(bundles), 256):
        _write(folder, "entries", at // 256, len(bundles[at : at + 256]), b"".join(bundles[at : at + 256]))
    level = 0
    while nodes:
        for at in range(0, len(nodes), 256):
            _write(folder, str(level), at // 256, len(nodes[at : at + 256]), b"".join(nodes[at : at + 256]))
        full = len(nodes) // 256
        nodes = [root_of(nodes[at * 256 : at * 256 + 256]) for at in range(full)]
        level += 1
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint").write_bytes(signed)
    if origin_json is not None:
        (folder / "origin.json").write_bytes(origin_json)
    return folder


def _write(folder: Path, level: str, index: int, width: int, data: bytes) -> None:
    assert index < 1000, "small logs only"
    path = folder / "tile" / level / (f"{index:03d}" if width == 256 else f"{index:03d}.p/{width}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def receipt(entry: bytes, log: Signer = LOG, mmd_s: int = 10) -> str:
    """Return the receipt that a caller got for a record."""
    record = json.loads(entry)
    place = f"{record['writer']['id']} {record['writer']['boot']} {record['wseq']}"
    leaf, due = b64encode(leaf_hash(entry)).decode(), f"{record['t_us']} {mmd_s}"
    signature = log.key.sign(f"regent.receipt/v1\n{log.name}\n{place}\n{leaf}\n{due}\n".encode())
    return f"v1 {log.name} {place} {leaf} {due} {log.id.hex()} {b64encode(signature).decode()}"


def policy(*lines: str, log: Signer = LOG) -> bytes:
    """Return a tlog-policy of one log; without lines, of no witness."""
    return "\n".join([f"log {log.vkey}", *(lines or ("quorum none",))]).encode() + b"\n"


def witnessed(log: Signer = LOG, witness: Signer = WITNESS) -> bytes:
    """Return a policy that wants the one witness."""
    return policy(f"witness w1 {witness.vkey}", "quorum w1", log=log)


def honest() -> Sample:
    """Return an honest log: two writers, three boots, heads, a beat; the last boots are open."""
    scribe = Scribe()
    sizes: list[int] = []
    scribe.open("w0")
    scribe.open("w1")
    for number in range(6):
        writer = f"w{number % 2}"
        scribe.end(writer, scribe.allow(writer))
        scribe.deny(writer)
    scribe.close("w1")
    scribe.head("w0", "w1")
    sizes.append(len(scribe.records))
    scribe.open("w1")
    for number in range(4):
        writer = f"w{number % 2}"
        scribe.end(writer, scribe.allow(writer, team="sales"))
    scribe.head("w0", "w1", beat=True)
    sizes.append(len(scribe.records))
    seen_s = scribe.now_us // SECOND_US + 1
    scribe.now_us += 90 * SECOND_US
    scribe.head("w0", "w1", beat=True)
    first = len(scribe.records)
    scribe.end("w0", scribe.allow("w0", team="legal"))
    scribe.end("w1", scribe.allow("w1"))
    scribe.deny("w0")
    scribe.head("w0", "w1")
    for _ in range(12):
        scribe.now_us += 60 * SECOND_US
        scribe.head("w0", "w1", beat=True)
    entries = relink(scribe.records)
    return Sample(
        origin_json=scribe.origin_json,
        entries=entries,
        kept=sizes[0],
        seen=sizes[1],
        seen_s=seen_s,
        now_s=scribe.now_us // SECOND_US + 2,
        receipts=[receipt(entries[first]), receipt(entries[first + 1])],
        receipted=[first, first + 1],
    )
