"""The strangers' readers judge the public logs as they should: what the tests of our own logs lean on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.interop import tiled_log
from tests.interop.conftest import public

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.interop.readers import Fsck, Xmod

    PublicLog = Callable[[str], tuple[Path, dict[str, Any]]]

# What fsck v1.0.4 takes though C2SP tlog-tiles and tlog-checkpoint don't.
LAX: Final = {"extra-entry", "checkpoint-size-leading-zero"}
ENTRIES: Final = [b'{"n":%d}' % number for number in range(300)]


def logs(wanted: Callable[[dict[str, Any]], bool]) -> list[Any]:
    """Name the public logs that are wanted."""
    return public("logs.jsonl", wanted, "name")


@pytest.mark.parametrize("name", logs(lambda row: row["expect"] == "accept"))
def test_a_genuine_log_is_accepted(name: str, public_log: PublicLog, fsck: Fsck, xmod: Xmod) -> None:
    """Both readers find nothing wrong in a log that is as its checkpoint says, and agree about it."""
    folder, row = public_log(name)
    size = row["size"]
    theirs = fsck(folder, row["vkey"])
    ours = xmod(folder, row["vkey"], [0, size // 2, size - 1] if size else [], size or None)

    assert theirs.accepted, theirs.output
    assert ours.accepted, ours.output
    assert (theirs.size, theirs.root) == (ours.size, ours.root)
    assert ours.size == size
    assert ours.old_root == (ours.root if size else None)


@pytest.mark.parametrize("name", logs(lambda row: row["expect"] == "reject"))
def test_a_spoiled_log_is_refused(name: str, public_log: PublicLog, fsck: Fsck, xmod: Xmod) -> None:
    """The strict reader refuses every spoiled log; fsck all but those that it is known to be lax about."""
    folder, row = public_log(name)
    theirs = fsck(folder, row["vkey"])

    assert not xmod(folder, row["vkey"]).accepted
    assert theirs.accepted == (name in LAX), theirs.output


@pytest.mark.parametrize("name", logs(lambda row: row["kept"] is not None))
def test_a_kept_checkpoint_shows_forks_and_rollbacks(name: str, public_log: PublicLog, xmod: Xmod) -> None:
    """With an older checkpoint in hand, a log that doesn't extend it is refused, others aren't."""
    folder, row = public_log(name)
    found = xmod(folder, row["vkey"], kept=row["kept"])

    assert found.accepted == (row["expect_with_kept"] == "accept"), found.output
    assert found.code == row["reason_with_kept"]


@pytest.mark.parametrize(
    "name", logs(lambda row: row["name"] in {"plain-0", "plain-257", "plain-1000", "edge-32"})
)
def test_http_serves_as_well(
    name: str, public_log: PublicLog, served: Callable[[Path], str], fsck: Fsck, xmod: Xmod
) -> None:
    """A log over HTTP is the same log."""
    folder, row = public_log(name)
    url = served(folder)
    theirs, ours = fsck(url, row["vkey"]), xmod(url, row["vkey"], [0] if row["size"] else [])

    assert theirs.accepted, theirs.output
    assert ours.accepted, ours.output
    assert theirs.root == ours.root


@pytest.mark.parametrize("name", logs(lambda row: row["name"] in {"flip-entry", "missing-partial-tile"}))
def test_http_hides_nothing(
    name: str, public_log: PublicLog, served: Callable[[Path], str], fsck: Fsck, xmod: Xmod
) -> None:
    """A spoiled log over HTTP is refused."""
    folder, row = public_log(name)
    url = served(folder)

    assert not fsck(url, row["vkey"]).accepted
    assert not xmod(url, row["vkey"]).accepted


def test_a_full_tile_stands_in_for_a_partial_one(
    tmp_path: Path, served: Callable[[Path], str], fsck: Fsck, xmod: Xmod
) -> None:
    """An older checkpoint is still readable when the log has grown and its partial files are gone."""
    older = tiled_log.write(tmp_path / "older", ENTRIES[:200], tiled_log.Signer())
    log = tiled_log.write(tmp_path / "log", ENTRIES[:256], tiled_log.Signer())
    (log.folder / "checkpoint").write_bytes((older.folder / "checkpoint").read_bytes())

    for place in (log.folder, served(log.folder)):
        assert fsck(place, log.vkey).root == older.root(200)
        assert xmod(place, log.vkey, [0, 199]).root == older.root(200)


def test_fsck_overlooks_hashes_after_a_partial_tile(tmp_path: Path, fsck: Fsck, xmod: Xmod) -> None:
    """A partial tile with one hash too many is refused by the strict reader alone."""
    log = tiled_log.write(tmp_path, ENTRIES, tiled_log.Signer())
    with (log.folder / "tile" / "0" / "001.p" / "44").open("ab") as tile:
        tile.write(bytes(32))

    assert fsck(log.folder, log.vkey).accepted
    assert xmod(log.folder, log.vkey).code == "tile-format"


def test_fsck_overlooks_an_empty_extension_line(tmp_path: Path, fsck: Fsck, xmod: Xmod) -> None:
    """A checkpoint with an empty line at its end is refused by the strict reader alone."""
    signer = tiled_log.Signer()
    log = tiled_log.write(tmp_path, ENTRIES, signer)
    text = (log.folder / "checkpoint").read_text(encoding="utf-8").split("\n\n")[0] + "\n\n"
    (log.folder / "checkpoint").write_text(signer.sign(text, log.size, log.root(300)), encoding="utf-8")

    assert fsck(log.folder, log.vkey).accepted
    assert xmod(log.folder, log.vkey).code == "checkpoint-format"


def test_a_key_that_is_not_the_logs_opens_nothing(tmp_path: Path, fsck: Fsck, xmod: Xmod) -> None:
    """Whoever trusts another key of the same name accepts nothing, and another origin must be asked for."""
    log = tiled_log.write(tmp_path, ENTRIES, tiled_log.Signer())
    other = tiled_log.Signer("another.example/log").vkey

    assert not fsck(log.folder, other, origin=tiled_log.ORIGIN).accepted
    assert not fsck(log.folder, log.vkey, origin="another.example/log").accepted
    assert xmod(log.folder, other).code == "signature"


def test_an_index_or_size_beyond_the_log_is_refused(tmp_path: Path, xmod: Xmod) -> None:
    """Nothing is proved about entries that the checkpoint doesn't cover."""
    log = tiled_log.write(tmp_path, ENTRIES, tiled_log.Signer())

    assert xmod(log.folder, log.vkey, [300]).code == "inclusion"
    assert xmod(log.folder, log.vkey, old_size=301).code == "consistency"
