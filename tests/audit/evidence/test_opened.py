"""Pins what is read back out of a pack to make its decisions again."""

from __future__ import annotations

import gzip
import lzma
import tarfile
from typing import TYPE_CHECKING

import pytest

from audit.errors import LogUnavailable
from audit.evidence import opened, selection
from audit.evidence.opened import OpenedPack
from audit.reading.recall import Span
from tests.audit.evidence.conftest import QUESTION

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.evidence.conftest import House


@pytest.mark.parametrize("form", ["pack.tar", "pack.tar.gz", "folder"])
def test_decisions_come_with_their_questions(house: House, form: str) -> None:
    """Out of a tar, a compressed one, and a folder."""
    chosen = selection.whole(house.published())
    more = {"labels": ("input",), "bundles": lambda *_: b"archive"}
    path = house.unpacked(chosen, **more) if form == "folder" else house.pack(chosen, form, **more)
    pack = OpenedPack(path)
    found = list(pack.decisions(Span()))
    assert [each.id for each in found] == house.decisions
    assert {each.question for each in found} == {QUESTION}
    assert {(each.revision, each.missing) for each in found} == {("r-0123456789abcdef", "")}
    assert pack.bundle_archive("r-0123456789abcdef") == b"archive"
    assert pack.bundle_archive("r-1") is None
    assert [each.id for each in pack.decisions(Span(until_us=1))] == []
    pack.close()


def test_a_question_that_is_not_disclosed_is_absent(house: House) -> None:
    """And one that was altered is told."""
    folder = house.unpacked(selection.whole(house.published()), labels=("input",))
    path = folder / "disclosed.jsonl"
    first, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first.replace(b'"nonce":"', b'"nonce":"AAAA', 1) + b"".join(others[1:]))
    pack = OpenedPack(folder)
    missing = [each.missing for each in pack.decisions(Span())]
    pack.close()
    assert (missing[:2], set(missing[2:])) == (["altered", "absent"], {""})


def test_no_name_leads_out_of_a_pack(house: House) -> None:
    """A revision is a record's word, and may be any text."""
    folder = house.unpacked(selection.whole(house.published()))
    (house.out / "secret.tar.gz").write_bytes(b"secret")
    pack = OpenedPack(folder)
    for name in ("../../secret", "..", "/etc/passwd", ".hidden"):
        assert pack.bundle_archive(name) is None
    pack.close()


def _damaged() -> bytes:
    """A gzip file whose head is one, and whose blocks are none."""
    return gzip.compress(b"")[:10] + b"\xff" * 90


def _stranger() -> bytes:
    """A tar with numbers in its head that are none."""
    member = tarfile.TarInfo("a")
    member.pax_headers = {"GNU.sparse.map": "x"}
    return member.tobuf(tarfile.PAX_FORMAT) + bytes(10_240)


@pytest.mark.parametrize(
    "data",
    [_damaged(), gzip.compress(bytes(10_000)), _stranger(), lzma.compress(bytes(10_240))],
    ids=["damaged", "too large", "strange", "another compression"],
)
def test_a_hostile_pack_is_told(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with it, it is no pack, and it fills no disk."""
    monkeypatch.setattr(opened, "_MOST_UNPACKED_BYTES", 9_999)
    (tmp_path / "pack.tar.gz").write_bytes(data)
    with pytest.raises(LogUnavailable):
        OpenedPack(tmp_path / "pack.tar.gz")


def test_what_is_no_pack_is_told(tmp_path: Path) -> None:
    """Neither a traceback nor an empty answer."""
    path = tmp_path / "file"
    path.write_bytes(b"no tar")
    with pytest.raises(LogUnavailable):
        OpenedPack(path)
    with pytest.raises(LogUnavailable):
        OpenedPack(tmp_path / "nowhere")
    pack = OpenedPack(tmp_path)
    with pytest.raises(LogUnavailable):
        list(pack.decisions(Span()))
    pack.close()
