"""Rules that say nothing that can be counted are found in the compiled bundle, before it decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bundles import build, default_path, exports, unenforced
from bundles import bundle as bundles
from bundles.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path

MUTE = {
    "request/routes/sometimes": 'permitted := {"onprem"} if input.subject.id == "alice"',
    "request/denies/single": "deny if input.subject.id",
    "request/obligations/single_duty": 'obligation := {"kind": "retain"}',
    "request/denies/misspelt": "denies contains {} if input.subject.id",
    "admission/routes/nobody_asks": "permitted contains 1",
    "request/refusals/no_such_kind": "deny contains {}",
}


def test_the_shipped_bundle_leaves_nothing_out() -> None:
    """Every rule of it exports what the frame asks for."""
    assert unenforced.faults(bundles.read(default_path())) == []


def test_what_the_frame_would_pass_over_is_refused(sources: Path, opa: Path) -> None:
    """A condition on the whole of a set, a single value, a misspelt name, a place where nobody asks."""
    for place, text in MUTE.items():
        folder = sources / "rules" / place
        folder.mkdir(parents=True)
        package = f"package rules.{place.replace('/', '.')}"
        (folder / f"{folder.name}.rego").write_text(f"{package}\n\n{text}\n", encoding="utf-8")
    bundle = bundles.from_files(build.build(sources, opa))

    found = unenforced.faults(bundle)

    assert [line.split(" ")[0] for line in found] == [
        "rules.admission.routes.nobody_asks",
        "rules.request.denies.misspelt",
        "rules.request.denies.single.deny",
        "rules.request.obligations.single_duty.obligation",
        "rules.request.refusals.no_such_kind",
        "rules.request.routes.sometimes.permitted",
    ]
    with pytest.raises(BundleError, match=r"^bundle\.unenforced: ") as raised:
        unenforced.refused(bundle)
    assert raised.value.code == "bundle.unenforced"


@pytest.mark.parametrize(
    "row",
    [{}, {"blocks": []}, {"blocks": [{"stmts": []}]}, {"blocks": [{"stmts": [{"type": "MakeSetStmt"}]}]}],
)
def test_a_function_that_cannot_be_read_is_no_set(row: dict[str, object]) -> None:
    """Doubt refuses."""
    path = ("rules", "request", "denies", "house", "deny")
    assert exports.found_in({path: row}, []) == [f"{'.'.join(path)} is no set, write `deny contains ... if`"]
