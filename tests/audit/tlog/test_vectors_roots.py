"""Published hashes, roots and compact ranges."""

import pytest

from audit.tlog.edge import Edge
from audit.tlog.tree import EMPTY_ROOT, Frontier, leaf_hash, node_hash, range_nodes
from tests.audit.tlog.vectors import Row, rows


@pytest.mark.parametrize("row", rows("roots.jsonl"))
def test_value(row: Row) -> None:
    """The hash, the root with its compact range, or the list of nodes comes out."""
    match row["kind"]:
        case "hash":
            assert row["hash"] == _hash(row).hex()
        case "range-nodes":
            nodes = [
                {"index": index, "level": level} for level, index in range_nodes(row["begin"], row["end"])
            ]
            assert row["nodes"] == nodes
        case "root":
            leaves = _leaves(row)
            frontier, edge = Frontier(), Edge()
            for leaf in leaves:
                frontier.append(leaf)
            edge.extend(leaves)
            assert row["root"] == frontier.root().hex() == edge.root().hex()
            assert row.get("range", [each.hex() for each in frontier.hashes]) == [
                each.hex() for each in edge.frontier()
            ]
        case kind:
            pytest.fail(f"unknown kind {kind}")


def _leaves(row: Row) -> list[bytes]:
    if "leaves" in row:
        return [leaf_hash(bytes.fromhex(each)) for each in row["leaves"]]
    return [leaf_hash((row["leaves_rule"] % number).encode()) for number in range(row["size"])]


def _hash(row: Row) -> bytes:
    if row["op"] == "leaf":
        return leaf_hash(bytes.fromhex(row["data"]))
    if row["op"] == "node":
        return node_hash(bytes.fromhex(row["left"]), bytes.fromhex(row["right"]))
    return EMPTY_ROOT
