"""Pins the tree and its proofs: to public vectors, and to the recursive words of RFC 6962."""

from base64 import b64decode

from hypothesis import given
from hypothesis import strategies as st

from audit.verify.merkle import EMPTY_ROOT, Range, Tree, cover, extends, fold, includes, leaf_hash, node_hash
from tests.audit.verify.builder import root_of
from tests.audit.verify.vectors import rows


def _hash(text: str | None) -> bytes:
    return b64decode(text or "")


def test_inclusion_follows_the_vectors() -> None:
    """Every proof, good or spoiled, gets its verdict."""
    for row in rows("inclusion"):
        proof = [_hash(each) for each in row["proof"] or []]
        leaf, root = _hash(row["leafHash"]), _hash(row["root"])
        assert includes(row["leafIdx"], row["treeSize"], leaf, proof, root) is not row["wantErr"], row["id"]


def test_consistency_follows_the_vectors() -> None:
    """Every proof, good or spoiled, gets its verdict."""
    for row in rows("consistency"):
        proof = [_hash(each) for each in row["proof"] or []]
        first, second = _hash(row["root1"]), _hash(row["root2"])
        found = extends(row["size1"], row["size2"], first, second, proof)
        assert found is not row["wantErr"], row["id"]


def test_ranges_are_covered_as_in_the_vectors() -> None:
    """The complete subtrees of a range are those of compact ranges."""
    for row in rows("roots"):
        if row["kind"] == "range-nodes":
            nodes = [(node["level"], node["index"]) for node in row["nodes"]]
            assert cover(row["begin"], row["end"]) == nodes, row["id"]


@given(st.integers(0, 300), st.data())
def test_all_ways_to_a_root_agree(size: int, data: st.DataObject) -> None:
    """Folded, grown leaf by leaf, or put together from subtrees around a range: one root."""
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    root = root_of(leaves)
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    first = data.draw(st.integers(0, size))
    end = data.draw(st.integers(first, size))
    around = Range()
    for begin, stop, split in ((0, first, False), (first, end, True), (end, size, False)):
        for height, index in [(0, at) for at in range(begin, stop)] if split else cover(begin, stop):
            around.add(height, root_of(leaves[index << height : (index + 1) << height]))
    assert fold(leaves) == tree.root() == around.root() == root


def test_nothing_is_the_hash_of_nothing() -> None:
    """The empty tree has a root, and two leaves one node."""
    assert fold([]) == Tree().root() == Range().root() == EMPTY_ROOT
    assert fold([b"a" * 32, b"b" * 32]) == node_hash(b"a" * 32, b"b" * 32)
