"""Readers of a log in a database: the copy with its index for what is merged, rows for what isn't yet."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from audit.cli import app
from audit.errors import LogUnavailable
from audit.postgres.source import TableSource, refresh
from audit.reading.desk import Desk
from audit.reading.query import Filter, Row, query

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.reading.source import Source
    from audit.record import Record
    from tests.audit.postgres.conftest import Cluster

    Make = Callable[..., Record]

pytestmark = [pytest.mark.server]


class House:
    """The program around the commands, with the log in a database."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.recorded: list[dict[str, object]] = []

    def audit_folder(self) -> Path:
        """Where the copy is."""
        return self._cluster.folder

    def source(self, folder: Path) -> Source:
        """Everything else is in the database."""
        refresh(self._cluster.target(), folder)
        return TableSource(self._cluster.target())

    def recorder(self, _: Path) -> Callable[[Record], None]:
        """Records go there, too."""
        return lambda record: self.recorded.append(record.body)


@pytest.fixture
async def live(cluster: Cluster, make_decision: Make, make_outcome: Make) -> list[Record]:
    """A live log of two writers: six of ten requests are merged, copied and indexed."""
    logs = [cluster.open(name) for name in ("a", "b")]
    alice = await logs[0].sref("alice")
    made = []
    for number in range(10):
        made.append(make_decision(request_id=f"r{number}", sref=alice if number % 2 else None))
        await cluster.append(logs[number % 2], made[-1])
        if number == 5:
            cluster.sequencer().turn()
            await asyncio.to_thread(refresh, cluster.target(), cluster.folder)
    await cluster.append(logs[0], make_outcome(made[4].id))
    await cluster.append(logs[1], make_outcome(made[9].id))
    return made


def asked(cluster: Cluster, **words: object) -> list[Row]:
    """What a question finds."""
    return list(query(cluster.folder, Filter(**words), source=TableSource(cluster.target())))  # type: ignore[arg-type]


def names(rows: list[Row]) -> list[str | None]:
    """Which requests were found."""
    return [row.request_id for row in rows]


def test_what_is_merged_and_what_is_not_are_one_list(live: list[Record], cluster: Cluster) -> None:
    """Newest first across index and rows, nothing twice; a limit takes the newest, a name finds whose."""
    rows = asked(cluster)
    assert names(rows) == [f"r{number}" for number in range(9, -1, -1)]
    assert [row.log_index is None for row in rows] == [True] * 4 + [False] * 6
    assert names(asked(cluster, limit=5)) == ["r9", "r8", "r7", "r6", "r5"]
    assert names(asked(cluster, subject="alice")) == ["r9", "r7", "r5", "r3", "r1"]
    assert names(asked(cluster, subject="nobody")) == []


def test_an_end_that_is_not_merged_completes_a_row_that_is(live: list[Record], cluster: Cluster) -> None:
    """Its deployment can be asked for; the entry of its end has no index yet."""
    (newer, older) = asked(cluster, deployment="onprem-llama")
    assert (newer.request_id, newer.end, newer.log_index) == ("r9", "outcome", None)
    assert (older.request_id, older.end, older.end_index) == ("r4", "outcome", None)
    assert older.log_index is not None


def test_without_an_index_all_rows_are_read(live: list[Record], cluster: Cluster) -> None:
    """The answer is the same; only the places in the merged log are not known."""
    (cluster.folder / "index.db").unlink()
    assert names(asked(cluster)) == [f"r{number}" for number in range(9, -1, -1)]


async def test_the_desk_of_a_gateway_answers_the_same(live: list[Record], cluster: Cluster) -> None:
    """Pages, pseudonyms and single records, merged or not, as over HTTP."""
    desk = Desk(cluster.folder, TableSource(cluster.target()))
    page = await desk.page(Filter(subject="alice"), 50, None)
    merged, waiting = await desk.record(live[1].id), await desk.record(live[9].id)
    assert names(page.rows) == ["r9", "r7", "r5", "r3", "r1"]
    assert page.sref == await desk.sref("alice")
    assert merged is not None
    assert merged.log_index is not None
    assert waiting is not None
    assert waiting.log_index is None
    assert waiting.body in cluster.bodies("b.w0")
    desk.close()


async def test_a_database_that_is_away_is_told(live: list[Record], cluster: Cluster) -> None:
    """An answer that lacked what isn't merged, or a name, would pass for the whole."""
    cluster.server.kill()
    try:
        with pytest.raises(LogUnavailable, match="no connection"):
            asked(cluster)
        desk = Desk(cluster.folder, TableSource(cluster.target()))
        with pytest.raises(LogUnavailable):
            await desk.sref("alice")
        desk.close()
    finally:
        cluster.server.start()
    assert len(asked(cluster)) == len(live)


def test_commands_bring_the_copy_up_to_date_and_record_their_question(
    live: list[Record], cluster: Cluster, tmp_path: Path
) -> None:
    """`query` with proofs, `usage`, `prove` and `export` of one subject, from a machine without a gateway."""
    cluster.sequencer().turn()
    house, run, proofs = House(cluster), CliRunner(), tmp_path / "proofs"
    shown = run.invoke(app, ["query", "--subject", "alice", "--json", "--with-proof", str(proofs)], obj=house)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.count('"request_id"') == 5
    assert len(list(proofs.glob("*.tlog-proof"))) == 6
    (record,) = house.recorded
    assert (record["typ"], record["n"]) == ("access", 5)
    proven = run.invoke(app, ["prove", "--id", live[9].id], obj=house)
    assert proven.stdout.startswith("c2sp.org/tlog-proof@v1"), proven.output
    pack = tmp_path / "alice.tar"
    made = run.invoke(app, ["export", "--subject", "alice", "-o", str(pack), "--no-pdf"], obj=house)
    assert made.exit_code == 0, made.output
    checked = run.invoke(app, ["verify", str(pack)], obj=house)
    assert checked.exit_code == 10, checked.output  # whole; nobody else vouches for it
