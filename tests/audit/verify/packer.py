"""Evidence packs as docs/evidence-pack.md has them, made with nothing of Regent."""

import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.audit.verify.builder import leaf_hash, root_of

Files = dict[str, bytes]


def canonical(value: dict[str, Any]) -> bytes:
    """Return the one form of a manifest."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def write(folder: Path, files: Files, origin: str, size: int, span: tuple[int, int] | None) -> Path:
    """Write a pack of these files, with its manifest."""
    made: dict[str, Any] = {
        "files": {path: f"sha256:{sha256(data).hexdigest()}" for path, data in files.items()},
        "filter": None,
        "format": "regent.evidence/v1",
        "made_us": 1_790_000_000_000_000,
        "origin": origin,
        "range": list(span) if span else None,
        "size": size,
        "tool": "tests",
    }
    made["digest"] = f"sha256:{sha256(canonical(made)).hexdigest()}"
    for path, data in {**files, "manifest.json": canonical(made) + b"\n"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def subtrees(begin: int, end: int) -> list[tuple[int, int]]:
    """Return the largest aligned complete subtrees that cover [begin, end), as (first leaf, leaves)."""
    found = []
    while begin < end:
        size = 1
        while begin % (2 * size) == 0 and begin + 2 * size <= end:
            size *= 2
        found.append((begin, size))
        begin += size
    return found


def range_proof(entries: Sequence[bytes], first: int, end: int) -> bytes:
    """Return the hashes of everything beside a range."""
    leaves = [leaf_hash(entry) for entry in entries]
    lines = ["regent.range/v1", f"{first} {end} {len(entries)}"]
    for begin, size in subtrees(0, first) + subtrees(end, len(entries)):
        lines.append(b64encode(root_of(leaves[begin : begin + size])).decode())
    return ("\n".join(lines) + "\n").encode()


def ranged(
    entries: Sequence[bytes], first: int, end: int, signed: bytes, shown: Sequence[int] | None = None
) -> Files:
    """Return the files of a pack of a range; with `shown`, only those entries and the others' leaf hashes."""
    indices = range(first, end) if shown is None else shown
    files = listed(entries, indices) | {"checkpoint": signed, "range.proof": range_proof(entries, first, end)}
    if shown is not None:
        files["leaves.bin"] = b"".join(leaf_hash(entry) for entry in entries[first:end])
    return files


def singles(entries: Sequence[bytes], indices: Sequence[int], signed: bytes) -> Files:
    """Return the files of a pack of single entries."""
    files = listed(entries, indices) | {"checkpoint": signed}
    leaves = [leaf_hash(entry) for entry in entries]
    for index in indices:
        hashes = "".join(b64encode(each).decode() + "\n" for each in path(leaves, index))
        head = f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n".encode()
        files[f"proofs/{index}.tlog-proof"] = head + signed
    return files


def listed(entries: Sequence[bytes], indices: Sequence[int]) -> Files:
    """Return entries and their indices, line by line."""
    return {
        "entries.jsonl": b"".join(entries[index] + b"\n" for index in indices),
        "index.txt": "".join(f"{index}\n" for index in indices).encode(),
    }


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the inclusion proof by the recursive words of RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < middle:
        return [*path(leaves[:middle], index), root_of(leaves[middle:])]
    return [*path(leaves[middle:], index - middle), root_of(leaves[:middle])]


def consistency(leaves: Sequence[bytes], old: int, *, whole: bool = True) -> list[bytes]:
    """Return the consistency proof by the recursive words of RFC 6962, 2.1.2."""
    if old == len(leaves):
        return [] if whole else [root_of(leaves)]
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    if old <= middle:
        return [*consistency(leaves[:middle], old, whole=whole), root_of(leaves[middle:])]
    return [*consistency(leaves[middle:], old - middle, whole=False), root_of(leaves[:middle])]


def consistency_file(entries: Sequence[bytes], old: int) -> Files:
    """Return the consistency proof from an earlier size, as a pack has it."""
    leaves = [leaf_hash(entry) for entry in entries]
    lines = "".join(b64encode(each).decode() + "\n" for each in consistency(leaves, old))
    return {f"consistency/{old}-{len(entries)}.txt": lines.encode()}
