"""Building without `opa`: the same bytes as with it, and only where nothing but the data has changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundles import build as building
from bundles import opa as tool
from bundles.documents import parse_object, readable
from bundles.errors import BundleError
from bundles.files import read_files
from bundles.rebuild import merged

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("yes", "no", "on", "y", "true", "False", "null", "~", "=", "<<a", "gpt-4*")
NUMBERS = ("0x1f", "0o17", "017", "1_000", ".5", "1.50", "1e3", "1e21", "-1e22", "1E-7", "+12")
TIMES = ("2026-11-21", "18:30", "08:00", "1:30:00", "2026-11-21T10:00:00Z", "2026-11-21 10:00:00 +1")
SCALARS = st.one_of(
    st.text("abc:-#'\"{}[]é\n 0", max_size=8).map(json.dumps),
    st.sampled_from([*WORDS, *NUMBERS, *TIMES]),
    st.integers(-(10**25), 10**25).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


def _changed(sources: Path, opa: Path, tmp_path: Path, data: str) -> tuple[Path, dict[str, bytes]]:
    """A bundle built before an edit of the data, and what `opa` builds after it."""
    before = tmp_path / "built"
    building.write(building.build(sources, opa), before)
    (sources / "house" / "more").mkdir(parents=True, exist_ok=True)
    (sources / "house" / "more" / "data.yaml").write_text(data, encoding="utf-8")
    return before, building.build(sources, opa)


@pytest.fixture
def open_sources(sources: Path) -> Path:
    """Sources with a root of their own below which any data may lie."""
    manifest = json.loads((sources / ".manifest").read_bytes())
    (sources / ".manifest").write_text(json.dumps({**manifest, "roots": [*manifest["roots"], "house"]}))
    (sources / "schemas" / "house.json").write_text('{"type": "object"}')
    (sources / "house").mkdir()
    (sources / "house" / "data.json").write_text('{"number": 12345678901234567890123, "float": 1.50e+300}')
    return sources


@pytest.mark.parametrize("archive", [False, True])
def test_an_edit_of_the_data_needs_no_opa(
    *, archive: bool, open_sources: Path, opa: Path, tmp_path: Path
) -> None:
    """Byte for byte what `opa` would have built, over a folder or an archive."""
    before, wanted = _changed(open_sources, opa, tmp_path, "limit: 7\nuntil: 2026-12-31\n")
    if archive:
        building.write(building.build(open_sources, opa), tmp_path / "b.tar.gz")
        before = tmp_path / "b.tar.gz"
    assert building.build_data(open_sources, before) == wanted
    assert building.build_data(open_sources, before, "alice") == building.build(open_sources, opa, "alice")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scalars=st.lists(SCALARS, min_size=20, max_size=60))
def test_yaml_means_what_opa_reads_in_it(
    scalars: list[str], opa: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Dates, times of day, `yes`, octal and huge numbers: whatever a non-programmer may write."""
    folder, out = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("built") / "b.tar.gz"
    text = "".join(f"k{number}: {scalar}\n" for number, scalar in enumerate(scalars)).encode()
    (folder / "data.yaml").write_bytes(text)
    tool.run(opa, ["build", "--bundle", "--output", str(out), "."], folder)
    wanted = parse_object(read_files(out)["data.json"], "data.json")
    assert readable(merged({"data.yaml": text})) == readable(wanted)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rules/request/denies/more/more.rego", "package rules.request.denies.more\n"),
        ("facts/caller.rego", "package facts.caller\n"),
        ("schemas/house.json", '{"type": "object", "maxProperties": 9}'),
        (".manifest", '{"roots": ["facts", "gateway", "house", "regent", "rules", "z"], "rego_version": 1}'),
        (".manifest", '{"roots": ["facts", "gateway", "house", "regent", "rules"]}'),
    ],
)
def test_more_than_data_needs_opa(
    name: str, content: str, open_sources: Path, opa: Path, tmp_path: Path
) -> None:
    """A rule more, a rule changed, another schema, another root."""
    built = tmp_path / "built"
    building.write(building.build(open_sources, opa), built)
    assert building.build_data(open_sources, built) == building.build(open_sources, opa)
    (open_sources / name).parent.mkdir(exist_ok=True)
    (open_sources / name).write_text(content)
    assert building.build_data(open_sources, built) is None


def test_without_a_bundle_before_it_needs_opa(open_sources: Path, opa: Path, tmp_path: Path) -> None:
    """Where none is, where it is none, and where its plan is another one than its Rego was compiled to."""
    built = tmp_path / "built"
    assert building.build_data(open_sources, built) is None
    (tmp_path / "letter.txt").write_text("dear")
    assert building.build_data(open_sources, tmp_path) is None
    building.write(building.build(open_sources, opa), built)
    (built / "plan.json").write_text('{"plans": {}}')
    assert building.build_data(open_sources, built) is None


def test_tests_may_change(open_sources: Path, opa: Path, tmp_path: Path) -> None:
    """They are no part of a bundle."""
    built = tmp_path / "built"
    building.write(building.build(open_sources, opa), built)
    (open_sources / "more_test.rego").write_text("package more_test\n")
    assert building.build_data(open_sources, built) == building.build(open_sources, opa)


def test_files_merge_by_where_they_lie() -> None:
    """Each folder is a name; objects of the same name join."""
    sources = {
        "data.yaml": b"house: {a: {b: 1}}\n",
        "house/data.json": b'{"a": {"c": 2}, "d": 1.10}',
        "house/e/data.yml": b"f: [1, 2]\n",
        "house/other.yaml": b"g: 1\n",
    }
    assert merged(sources) == {"house": {"a": {"b": 1, "c": 2}, "d": 1.1, "e": {"f": [1, 2]}}}


@pytest.mark.parametrize(
    "sources",
    [
        {"data.yaml": b"house: {a: 1}\n", "house/data.yaml": b"a: 1\n"},
        {"data.yaml": b"house: 1\n", "house/data.yaml": b"a: 1\n"},
        {"data.yaml": b"a: {b: 1}\n", "data.json": b'{"a": {"b": 2}}'},
        {"data.yaml": b"a: 1\na: 1\n"},
        {"data.yaml": b"- 1\n"},
        {"data.yaml": b""},
        {"data.yaml": b"\xff"},
        {"data.yaml": b"a: [\n"},
        {"data.yaml": b"a: .inf\n"},
        {"data.json": b"[]"},
    ],
)
def test_data_of_two_meanings_is_refused(sources: dict[str, bytes]) -> None:
    """Two files that say something of the same place, and what is no mapping."""
    with pytest.raises(BundleError, match=r"bundle\.malformed"):
        merged(sources)
