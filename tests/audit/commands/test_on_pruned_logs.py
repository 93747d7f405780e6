"""What readers are told by a log whose beginning was pruned: what is left, and that the rest is gone."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import orjson
import pytest
from typer.testing import CliRunner, Result

from audit.cli import app
from audit.commands.covering import await_covered
from audit.commands.prune import prune
from audit.errors import LogUnavailable
from audit.index.indexer import Index
from audit.merging import floor
from audit.merging.folder import Folder
from audit.reading import published
from audit.reading.exact import by_index
from audit.verify.check import verify
from audit.verify.sources import Archive
from audit.verify.verdict import Verdict
from tests.audit import lives
from tests.audit.lives import Life, lived

if TYPE_CHECKING:
    from pathlib import Path

LEAST = 512


@pytest.fixture(scope="module")
def _lived(tmp_path_factory: pytest.TempPathFactory) -> Life:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.writing.segments.SEGMENT_BYTES", lives.SEGMENT_BYTES)
        life = lived(tmp_path_factory.mktemp("lives") / "log")
        prune(life.folder, before_us=life.before_us(400), by="ops")
        life.merge()
    return life


@pytest.fixture
def log(_lived: Life, tmp_path: Path) -> Path:
    """A log without its first two bundles."""
    shutil.copytree(_lived.folder, tmp_path / "log")
    return tmp_path / "log"


def regent(folder: Path, *arguments: object) -> Result:
    """Run `regent audit`."""
    return CliRunner().invoke(app, ["--folder", str(folder), *map(str, arguments)])


def test_questions_are_answered_by_what_is_left(log: Path) -> None:
    """An index has what the merged log has; without one, the segments that stay have a few records more."""
    asked = ("query", "--kind", "auth_failure", "--limit", "1000", "--json")
    without, reindexed, made = regent(log, *asked), regent(log, "reindex"), regent(log, *asked)
    found, before = (
        {orjson.loads(line)["id"] for line in each.stdout.splitlines()} for each in (made, without)
    )

    assert (without.exit_code, reindexed.exit_code, made.exit_code) == (0, 0, 0)
    assert found < before
    assert 250 <= len(found) < len(before) < 890


def test_the_doctor_finds_nothing_wrong(log: Path) -> None:
    """A pruned log is a sound one, looked at closely, too."""
    with Index(log) as index:
        index.catch_up()
    shown = regent(log, "doctor", "--deep", "--json")
    codes = {orjson.loads(line)["code"] for line in shown.stdout.splitlines()}
    assert codes <= {"space.low"}


def test_the_command_verifies_it(log: Path) -> None:
    """The exit code is that of any log; the report has what is gone."""
    shown = regent(log, "verify", "--json")
    report = orjson.loads(shown.stdout)
    assert (shown.exit_code, report["pruned"], report["findings"]) == (10, LEAST, [])


def test_packs_begin_where_the_log_begins(log: Path, tmp_path: Path) -> None:
    """A pack of everything has what is left and proves it; what is gone is refused by its numbers."""
    pack = tmp_path / "pack.tar"
    made = regent(log, "export", "-o", pack)
    assert made.exit_code == 0, made.stderr
    with closing(Archive(pack)) as opened:
        report = verify(opened)
    assert (report.verdict, report.findings) == (Verdict.OPERATOR_ASSERTED, [])
    refused = regent(log, "export", "--range", "0-600", "-o", tmp_path / "other.tar")
    assert (refused.exit_code, "covers the entries 512 to" in refused.stderr) == (40, True)


def test_a_proof_of_what_is_gone_is_refused_and_of_the_rest_made(log: Path, tmp_path: Path) -> None:
    """In words that name the entries that are there."""
    made = regent(log, "prove", "--index", LEAST, "-o", tmp_path / "a.tlog-proof")
    assert made.exit_code == 0, made.stderr
    refused = regent(log, "prove", "--index", 3, "-o", tmp_path / "b.tlog-proof")
    assert (refused.exit_code, "covers the entries 512 to" in refused.stderr) == (40, True)


def test_readers_over_http_get_the_hashes_and_where_it_begins(log: Path) -> None:
    """A bundle that is gone is not there, as tlog-tiles wants it; nor is a record in it."""
    assert published.read(log, "tile/entries/001") is None
    assert published.read(log, "tile/entries/002") is not None
    assert published.read(log, "tile/0/001") is not None
    assert published.read(log, floor.NAME) is not None
    assert by_index(log, LEAST - 1) is None
    assert by_index(log, LEAST) is not None


def test_nothing_goes_before_the_tree_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who merges may be stuck: then the log stays whole, and says that a pruning was begun."""
    life = lived(tmp_path / "log")
    bundle = life.folder / "tile" / "entries" / "000"

    def refuse(*_: object, **__: object) -> None:
        raise LogUnavailable("log.merging", "another process merges")

    monkeypatch.setattr(Folder, "open", refuse)
    monkeypatch.setattr(await_covered, "__kwdefaults__", {"patience_s": 0.0})
    with pytest.raises(LogUnavailable, match=r"log\.unmerged"):
        prune(life.folder, before_us=life.before_us(400), by="ops")
    assert bundle.exists()
    assert not (life.folder / floor.NAME).exists()

    monkeypatch.undo()
    prune(life.folder, before_us=life.before_us(400), by="ops")
    assert not bundle.exists()


def test_the_folder_of_a_log_in_a_database_is_not_pruned(log: Path) -> None:
    """It is a copy; its records would be written where nobody merges them."""

    class House:
        """A program whose log is elsewhere."""

        def audit_folder(self) -> Path:
            return log

        def recorder(self, folder: Path) -> object:
            return print

    refused = CliRunner().invoke(app, ["prune", "--keep-days", "400", "--yes"], obj=House())
    assert (refused.exit_code, "in a database" in refused.stderr) == (40, True)
