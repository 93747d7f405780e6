"""The data files: merged as OPA merges them, read as OPA reads them, each value with its line."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundles.authoring import tables
from bundles.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.sampled_from(["a", "b", "c", "d"])
VALUES = st.recursive(
    st.integers(0, 9), lambda below: st.dictionaries(NAMES, below, max_size=3), max_leaves=6
)


def write(folder: Path, files: dict[str, str]) -> list[tables.DataFile]:
    """Put files into a folder and read them back as data."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return tables.read(folder)


def split(value: dict[str, Any], at: tuple[str, ...] = ()) -> dict[str, str]:
    """The same data in files: what is below a name of an object goes into a folder of that name."""
    here = {key: below for key, below in value.items() if not isinstance(below, dict)}
    files = {"/".join((*at, "data.json")): json.dumps(here)}
    for key, below in value.items():
        if isinstance(below, dict):
            files |= split(below, (*at, key))
    return files


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(value=st.dictionaries(NAMES, VALUES, max_size=4))
def test_files_together_are_the_whole(
    value: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Data that is split over folders is the same data when it is merged."""
    folder = tmp_path_factory.mktemp("data")

    assert tables.merged(write(folder, split(value))) == value


def test_yaml_is_read_as_opa_reads_it(tmp_path: Path, opa: Path) -> None:
    """Dates, `yes` and numbers with many digits are what `opa` makes of them."""
    text = "until: 2026-12-31\nat: 2026-12-31T08:00:00Z\nanswer: yes\nsize: 12345678901234567890\n7: seven\n"
    files = write(tmp_path, {"regent/limits/data.yaml": text})
    (tmp_path / "known.rego").write_text("package known\n")

    said = subprocess.check_output([opa, "eval", "--bundle", tmp_path, "--format", "raw", "data.regent"])

    assert tables.merged(files)["regent"] == json.loads(said)


def test_every_value_has_its_line(tmp_path: Path) -> None:
    """A place in the data leads to the file that says it, and to the line."""
    files = write(
        tmp_path,
        {
            "regent/data.yaml": "roles:\n  analyst:\n    models:\n      - a\n      - b\n",
            "regent/teams/data.json": '{\n  "hr": {\n    "labels": []\n  }\n}\n',
        },
    )

    assert tables.origin(files, ("regent", "roles", "analyst", "models", 1)) == ("regent/data.yaml", 5)
    assert tables.origin(files, ("regent", "teams", "hr", "labels")) == ("regent/teams/data.json", 3)
    assert tables.origin(files, ("regent", "teams", "it")) == ("regent/teams/data.json", 1)
    assert tables.origin(files, ("elsewhere",)) is None


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"data.yaml": "a: 1\na: 2\n"}, "has a key twice"),
        ({"data.json": '{"a": 1, "a": 2}'}, "has a key twice"),
        ({"data.yaml": "- a\n"}, "is no mapping"),
        ({"data.yaml": "a: [\n"}, "is not YAML"),
        ({"data.yaml": "a: {b: 1}\n", "a/data.json": '{"b": 2}'}, "another data file says already"),
    ],
)
def test_what_two_readers_could_understand_differently(
    files: dict[str, str], message: str, tmp_path: Path
) -> None:
    """A key twice, in one file or in two, and what is no table is refused."""
    with pytest.raises(BundleError, match=message):
        tables.merged(write(tmp_path, files))
