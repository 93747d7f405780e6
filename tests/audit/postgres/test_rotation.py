"""A change of the log's key in a database: on the record, for all replicas, and followed by every copy."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from audit import rotation
from audit.cli import app
from audit.errors import LogDamaged, LogUnavailable
from audit.keys import verifiers
from audit.merging.loop import Loop, Pace
from audit.merging.notary import LogNotary
from audit.postgres.database import Database
from audit.postgres.log import Place, open_log
from audit.postgres.mirror import export_tiles
from audit.postgres.rotating import rotate
from audit.record import auth_failure
from tests.audit.postgres.conftest import ORIGIN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.postgres.conftest import Cluster

pytestmark = pytest.mark.server


def change(cluster: Cluster) -> rotation.Rotation:
    """Rotate from the first replica's folder."""
    return rotate(cluster.target(), cluster.folder, ORIGIN, lambda: cluster.open("desk"))


async def written(cluster: Cluster, count: int = 3) -> None:
    """Have a writer log some records, and end."""
    log = cluster.open()
    await cluster.append(log, *(auth_failure("a.b", number) for number in range(1, count + 1)))
    await log.aclose()


def merged(cluster: Cluster, folder: Path) -> int:
    """Merge everything as a replica with this folder; return the size."""
    place = Database(cluster.target())
    said: list[str] = []
    loop = Loop(
        place,
        lambda: LogNotary(place.keys(folder, ORIGIN), cluster.ports, rotation.retired(folder)),
        report=said.append,
        pace=Pace(interval_s=0.01, pause_s=0.01),
        ports=cluster.ports,
    )
    loop.stop()
    loop.run()
    if said:
        raise LogDamaged("log.key", said[0])
    return int(cluster.run("SELECT published FROM head")[0]["published"].split(b"\n")[1])


async def test_a_new_key_is_followed_by_everybody(cluster: Cluster, tmp_path: Path) -> None:
    """Old checkpoints stay good, new ones are the new key's; a copy of before and a new one both verify."""
    await written(cluster)
    before = merged(cluster, cluster.folder)
    old_copy, trusted = tmp_path / "old", tmp_path / "trust.policy"
    export_tiles(cluster.target(), old_copy)
    trusted.write_text(f"log {verifiers(old_copy)[0]}\nquorum none\n")

    made = await asyncio.to_thread(change, cluster)
    await written(cluster)
    assert merged(cluster, cluster.folder) > before
    for copy in (old_copy, tmp_path / "new"):
        export_tiles(cluster.target(), copy)
        assert verifiers(copy) == [made.new.verifier]
        assert rotation.retired(copy) == [made.old.verifier]
        checked = CliRunner().invoke(app, ["--folder", str(copy), "verify", "--policy", str(trusted)])
        assert checked.exit_code == 10, checked.output
    (said,) = [each for each in cluster.records("desk.w0") if each["typ"] == "key.rotate"]
    assert str(made.new.verifier) in str(said)
    second = await asyncio.to_thread(change, cluster)
    merged(cluster, cluster.folder)
    export_tiles(cluster.target(), old_copy)
    assert rotation.retired(old_copy) == [made.old.verifier, made.new.verifier]
    assert second.old.verifier == made.new.verifier


async def test_a_replica_with_the_old_key_signs_no_more(cluster: Cluster, tmp_path: Path) -> None:
    """It can neither start, nor merge, nor rotate before it is given the new one; nor move a head."""
    await written(cluster)
    merged(cluster, cluster.folder)
    other = tmp_path / "other"
    shutil.copytree(cluster.folder / "keys", other / "keys")
    on_its_way = cluster.sequencer()
    await asyncio.to_thread(change, cluster)
    await written(cluster)
    with pytest.raises(LogDamaged, match=r"log\.head_moved"):
        on_its_way.turn()
    cluster.stop()
    with pytest.raises(LogDamaged, match="another key"):
        open_log(Place(cluster.target(), other, "b"), ORIGIN)
    with pytest.raises(LogDamaged, match="another key"):
        merged(cluster, other)
    with pytest.raises(LogDamaged, match="another key"):
        rotate(cluster.target(), other, ORIGIN, lambda: cluster.open("b"))
    shutil.rmtree(other / "keys")
    shutil.copytree(cluster.folder / "keys", other / "keys")
    assert merged(cluster, other) > 0


@pytest.mark.parametrize("step", ["before", "behind"])
async def test_a_rotation_that_breaks_off_is_finished(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The server is killed, or the folder is full: the log has one key or the other, and a repeat ends it."""
    await written(cluster)
    enforce = rotation.enforce
    if step == "before":
        real = cluster.open

        def killed(*_: Any, **__: Any) -> Any:
            log = real("desk")
            cluster.server.kill()
            return log

        monkeypatch.setattr(cluster, "open", killed)
    else:

        def full(*_: Any) -> None:
            raise OSError(28, "no space")

        monkeypatch.setattr(rotation, "enforce", full)
    with pytest.raises((LogUnavailable, OSError)):
        await asyncio.to_thread(change, cluster)
    monkeypatch.undo()
    assert rotation.enforce is enforce
    if step == "before":
        cluster.server.start()
    made = await asyncio.to_thread(change, cluster)
    assert verifiers(cluster.folder) == [made.new.verifier]
    await written(cluster)
    assert merged(cluster, cluster.folder) > 0


async def test_a_change_that_nobody_signed_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    """Who can write into the database can't sign: a row without the old key's word stops all."""
    await written(cluster)
    merged(cluster, cluster.folder)
    copy = tmp_path / "copy"
    export_tiles(cluster.target(), copy)
    vkey = (copy / "log.vkey").read_bytes()
    cluster.run(
        "INSERT INTO rotation SELECT 1, verifier, 'regent.test/log+00000000+AAAA', '\\x00' FROM origin",
        "SELECT 1",
    )
    for do in (lambda: export_tiles(cluster.target(), copy), lambda: cluster.open("b")):
        with pytest.raises(LogDamaged, match=r"log\.key"):
            do()
    assert (copy / "log.vkey").read_bytes() == vkey
