"""The tests' own writer keeps to the specification, so that a refusal means what it says."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from tests.interop import tiled_log
from tests.interop.conftest import public, rows


def of_ml_dsa(row: dict[str, object]) -> bool:
    """Whether a row is a genuine note with an ML-DSA-44 cosignature."""
    return row.get("alg") == "ml-dsa-44" and (row["kind"], row["expect"]) == ("open", "accept")


@pytest.mark.parametrize("case", public("cosignatures.jsonl", of_ml_dsa))
def test_a_cosignature_is_over_the_published_message(case: str) -> None:
    """Published ML-DSA-44 lines verify over the message that the writer signs."""
    row = next(row for row in rows("cosignatures.jsonl") if row["id"] == case)
    text, _, signatures = row["note"].partition("\n\n")
    origin, size, root = text.split("\n")[:3]
    name, _, key = row["vkey"].split("+", 2)
    line = next(each for each in signatures.splitlines() if each.startswith(f"\N{EM DASH} {name} "))
    signature = base64.b64decode(line.rsplit(" ", 1)[1])[4 + 8 :]
    message = tiled_log.cosigned(name, row["timestamp"], origin, 0, int(size), base64.b64decode(root))

    MLDSA44PublicKey.from_public_bytes(base64.b64decode(key)[1:]).verify(signature, message)


def test_paths_are_those_of_the_specification() -> None:
    """The example of tlog-tiles, and a partial file."""
    assert tiled_log.path_of(1_234_067) == "x001/x234/067"
    assert tiled_log.path_of(0, 1) == "000.p/1"
