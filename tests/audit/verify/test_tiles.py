"""Pins paths and widths of tiles, bundles and single proofs to the public vectors."""

import pytest

from audit.verify.checkpoints import Malformed
from audit.verify.notes import Refused, read_key
from audit.verify.proofs import check_proof, read_proof
from audit.verify.tiles import split_bundle, tile_path, widths
from tests.audit.verify.vectors import rows


def test_paths_and_widths_follow_the_vectors() -> None:
    """Three digits a folder, partial tiles by their width, and as many levels as the size has."""
    for row in rows("tiles"):
        match row["kind"]:
            case "path":
                assert tile_path(row["level"], row["index"], row["width"]) == row["path"]
            case "entries-path":
                assert tile_path(None, row["index"], row["width"]) == row["path"]
            case "tiles-of-size":
                found = [
                    {"level": level, "full": full, "partial": part}
                    for level, full, part in widths(row["size"])
                ]
                assert found == sorted(row["levels"], key=lambda each: int(each["level"]))
            case _:
                continue


def test_bundles_follow_the_vectors() -> None:
    """Entries one after another, and nothing else."""
    for row in rows("bundles"):
        if row["expect"] == "accept":
            assert [entry.hex() for entry in split_bundle(bytes.fromhex(row["bundle"]))] == row["entries"]
        else:
            with pytest.raises(Malformed):
                split_bundle(bytes.fromhex(row["bundle"]))


def test_proofs_follow_the_vectors() -> None:
    """A proof file is taken as it is specified, and proves what it proves."""
    for row in rows("proofs"):
        try:
            proof = read_proof(row["proof"].encode())
            if row["kind"] == "verify":
                log, witness = read_key(row["log_vkey"]), read_key(row["witness_vkey"])
                check_proof(proof, row["entry"].encode(), [log, witness], log.name)
        except (Malformed, Refused):
            assert row["expect"] == "reject", (row["id"], row["desc"])
        else:
            assert row["expect"] == "accept", (row["id"], row["desc"])
