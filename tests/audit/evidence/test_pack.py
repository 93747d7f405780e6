"""Pins packs by the eyes of who checks them, and by the bytes that they have."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from audit.errors import LogDamaged
from audit.evidence import selection
from audit.evidence.export import export
from audit.evidence.pack import Order
from audit.evidence.refused import EvidenceRefused
from audit.evidence.reports import html_and_pdf
from audit.index.wanted import Filter
from audit.verify.verdict import Verdict
from tests.audit.evidence.conftest import KEY, QUESTION, House, check

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.evidence.selection import Selection

FOUND: dict[str, Callable[[House], Selection]] = {
    "whole": lambda house: selection.whole(house.published()),
    "middle": lambda house: selection.between(house.published(), 7, 21),
    "one": lambda house: selection.between(house.published(), 7, 7),
    "filtered": lambda house: selection.filtered(
        house.published(), selection.whole(house.published()), Filter(action="deny"), None
    ),
    "filtered middle": lambda house: selection.filtered(
        house.published(), selection.between(house.published(), 7, 21), Filter(team="hr"), None
    ),
    "nothing matches": lambda house: selection.filtered(
        house.published(), selection.whole(house.published()), Filter(team="nobody"), None
    ),
    "single": lambda house: selection.single(house.published(), [3, 20, 3, house.published().size - 1]),
}


@pytest.mark.parametrize("kind", FOUND)
def test_a_pack_is_whole_in_the_verifiers_eyes(house: House, kind: str) -> None:
    """Of every kind; with all that may be disclosed, it opens the commitments."""
    chosen = FOUND[kind](house)
    disclosing: dict[str, Any] = {"labels": ("input", "req", "resp"), "sealing_key": KEY}
    pack = house.pack(chosen, bundles=lambda *_: b"x", reports=html_and_pdf, **disclosing)
    report = check(pack)
    assert (report.verdict, report.findings) == (Verdict.OPERATOR_ASSERTED, [])
    assert report.records == chosen.count


@pytest.mark.parametrize("kind", FOUND)
def test_a_pack_leads_from_every_kept_checkpoint(house: House, kind: str) -> None:
    """Then it is verified, by more than the operator's word."""
    pack = house.pack(FOUND[kind](house), earlier=list(house.kept))
    report = check(pack, kept=tuple(house.kept.values()))
    assert (report.verdict, report.kept) == (Verdict.VERIFIED, len(house.kept))


def test_the_entries_are_the_logs_bytes(house: House) -> None:
    """Line by line, with their indices beside them."""
    folder = house.unpacked(selection.between(house.published(), 7, 21))
    entries = [entry for _, entry in house.published().entries(7, 22)]
    assert (folder / "entries.jsonl").read_bytes() == b"".join(entry + b"\n" for entry in entries)
    assert (folder / "index.txt").read_text().split() == [str(index) for index in range(7, 22)]


def test_the_same_log_makes_the_same_pack(house: House) -> None:
    """Byte by byte, plain and compressed, report and all."""
    made = [
        house.pack(FOUND["filtered"](house), name, labels=("input",), reports=html_and_pdf).read_bytes()
        for name in ("a.tar", "b.tar", "c.tar.gz", "d.tar.gz")
    ]
    assert made[0] == made[1]
    assert made[2] == made[3]
    assert len(made[2]) < len(made[0]) / 2
    assert check(house.out / "d.tar.gz").verdict is Verdict.OPERATOR_ASSERTED


def test_a_filter_shows_decisions_with_their_ends_and_counts_the_others(house: House) -> None:
    """By what the end says, too; the subject is named by pseudonym only."""
    published = house.published()
    wanted = Filter(deployment="onprem-llama", team="hr", subject="alice@acme.example")
    chosen = selection.filtered(published, selection.whole(published), wanted, None)
    records = [orjson.loads(entry) for _, entry in chosen.entries(published)]
    decisions = [each for each in records if each["typ"] == "decision"]
    ends = [each for each in records if each["typ"] == "outcome"]
    assert {each["team"] for each in decisions} == {"hr"}
    assert [each["ref"] for each in ends] == [each["id"] for each in decisions]
    assert len(decisions) == 8
    folder = house.unpacked(chosen)
    assert (folder / "leaves.bin").stat().st_size == 32 * published.size
    assert "alice" not in (folder / "manifest.json").read_text()


def test_a_period_has_every_entry_of_that_time(house: House) -> None:
    """From the first to the last of them; of a time without any there is nothing to export."""
    published = house.published()
    times = {index: orjson.loads(entry)["t_us"] for index, entry in published.entries(0, published.size)}
    since, until = times[9], times[15]
    span = selection.period(published, since, until).span
    assert span is not None
    inside = [index for index, t_us in times.items() if since <= t_us < until]
    assert span == (min(inside), max(inside) + 1)
    with pytest.raises(EvidenceRefused) as raised:
        selection.period(published, None, 1)
    assert raised.value.code == "evidence.empty"


def test_what_else_goes_along(house: House) -> None:
    """Keys, identity, receipts, a trust policy, and each policy's archive once."""
    asked = []

    def bundles(revision: str, digest: str) -> bytes:
        asked.append((revision, digest))
        return b"archive"

    folder = house.unpacked(
        selection.whole(house.published()), receipts=[b""], trust=b"quorum none\n", bundles=bundles
    )
    assert asked == [("r-0123456789abcdef", "sha256:" + "a" * 64)]
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "bundles/r-0123456789abcdef.tar.gz", "checkpoint", "entries.jsonl", "index.txt", "log.vkey",
        "manifest.json", "origin.json", "range.proof", "receipts/0.txt", "trust.policy",
    ]  # fmt: skip


def test_nothing_is_there_before_it_is_on_record(house: House) -> None:
    """An announcement that fails leaves no file, and neither does a log that is damaged."""
    path = house.out / "pack.tar"

    def refuse(_: object) -> None:
        assert not path.exists()
        raise EvidenceRefused("evidence.input", "no")

    order = Order(selection.whole(house.published()))
    with pytest.raises(EvidenceRefused):
        export(house.published(), order, path, announce=refuse)
    for bundle in (house.folder / "tile" / "entries").rglob("000.p/*"):
        bundle.write_bytes(bundle.read_bytes().replace(b'"team":"hr"', b'"team":"HR"', 1))
    with pytest.raises(LogDamaged):
        export(house.published(), order, path, announce=lambda _: None)
    assert [each.name for each in house.out.iterdir()] == [house.folder.name]


def test_a_file_that_is_there_is_left_alone(house: House) -> None:
    """Also one that comes while the pack is written."""
    path = house.out / "pack.tar"
    order = Order(selection.whole(house.published()))

    def take(_: object) -> None:
        path.write_text("mine")

    with pytest.raises(EvidenceRefused) as raised:
        export(house.published(), order, path, announce=take)
    assert (raised.value.code, path.read_text()) == ("evidence.exists", "mine")


@pytest.mark.parametrize("size", [0, 1_000])
def test_a_size_that_the_log_never_had_is_refused(house: House, size: int) -> None:
    """There is no proof from it."""
    with pytest.raises(EvidenceRefused) as raised:
        house.pack(selection.whole(house.published()), earlier=[size])
    assert raised.value.code == "evidence.range"


def test_a_question_is_disclosed_as_it_was_asked(house: House) -> None:
    """With the nonce that opens its commitment."""
    path = house.pack(selection.single(house.published(), [2, 3]), labels=("input",))
    with tarfile.open(path) as tar:
        file = tar.extractfile("disclosed.jsonl")
        assert file is not None
        lines = [orjson.loads(line) for line in file]
    assert {each["label"] for each in lines} == {"input"}
    assert QUESTION.decode() not in str(lines)  # it is in base64, so that any bytes can be


def test_a_range_is_never_more_than_the_checkpoint_covers(house: House) -> None:
    """Neither forwards nor backwards."""
    published = house.published()
    for first, last in ((0, published.size), (5, 4)):
        with pytest.raises(EvidenceRefused):
            selection.between(published, first, last)
    with pytest.raises(EvidenceRefused):
        selection.single(published, [published.size])
