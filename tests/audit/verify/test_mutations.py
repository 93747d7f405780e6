"""Pins that no flipped byte passes and no garbage raises: verify always ends with a verdict."""

import secrets
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.verify.check import verify
from audit.verify.terms import Terms
from audit.verify.trust import read_policy
from audit.verify.verdict import Report, Verdict
from tests.audit.verify.builder import ORIGIN, WITNESS, checkpoint, honest, publish, witnessed
from tests.audit.verify.packer import ranged, singles, write

SAMPLE = honest()
ENTRIES = SAMPLE.entries[:24]
SIGNED = checkpoint(ENTRIES, cosigned=[(WITNESS, SAMPLE.now_s)])
TERMS = Terms(policy=read_policy(witnessed()))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a small log that verifies."""
    folder = publish(tmp_path_factory.mktemp("log"), ENTRIES, SIGNED, SAMPLE.origin_json)
    assert verify(folder, TERMS).verdict is Verdict.VERIFIED
    return folder


@pytest.fixture(scope="module", params=["range", "filtered", "single"])
def pack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a small pack that verifies."""
    files, span = {
        "range": (ranged(ENTRIES, 3, 9, SIGNED), (3, 9)),
        "filtered": (ranged(ENTRIES, 3, 9, SIGNED, [4, 8]), (3, 9)),
        "single": (singles(ENTRIES, [4, 8], SIGNED), None),
    }[request.param]
    folder = write(tmp_path_factory.mktemp("pack"), files, ORIGIN, len(ENTRIES), span)
    assert verify(folder, TERMS).verdict is Verdict.VERIFIED
    return folder


def files_of(folder: Path) -> list[Path]:
    """Return all files of a log or a pack."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def with_change(path: Path, data: bytes, folder: Path) -> Report:
    """Check with other bytes in one file, and put the right ones back."""
    before = path.read_bytes()
    path.write_bytes(data)
    try:
        return verify(folder, TERMS)
    finally:
        path.write_bytes(before)


def test_every_flipped_byte_of_checkpoint_and_tiles_is_noticed(log: Path) -> None:
    """Each byte in turn, by one bit."""
    for path in files_of(log):
        if "entries" in path.parts or path.name == "origin.json":
            continue
        before = path.read_bytes()
        for at in range(len(before)):
            data = bytearray(before)
            data[at] ^= 1 << at % 8
            assert with_change(path, bytes(data), log).verdict is not Verdict.VERIFIED, (path, at)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.data())
def test_no_flipped_bit_of_a_log_passes(log: Path, data: st.DataObject) -> None:
    """Any bit of any file."""
    path = data.draw(st.sampled_from(files_of(log)))
    before = bytearray(path.read_bytes())
    before[data.draw(st.integers(0, len(before) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert with_change(path, bytes(before), log).verdict >= Verdict.TAMPERED


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.data())
def test_no_flipped_bit_of_a_pack_passes(pack: Path, data: st.DataObject) -> None:
    """Any bit of any file, the manifest too."""
    path = data.draw(st.sampled_from(files_of(pack)))
    before = bytearray(path.read_bytes())
    before[data.draw(st.integers(0, len(before) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert with_change(path, bytes(before), pack).verdict >= Verdict.TAMPERED


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.data())
def test_no_file_cut_short_or_made_longer_passes(log: Path, pack: Path, data: st.DataObject) -> None:
    """Exact lengths: not a byte less, not a byte more."""
    folder = data.draw(st.sampled_from([log, pack]))
    path = data.draw(st.sampled_from(files_of(folder)))
    before = path.read_bytes()
    cut = data.draw(st.integers(0, len(before) - 1))
    more = data.draw(st.binary(min_size=1, max_size=40))
    assert with_change(path, before[:cut], folder).verdict >= Verdict.TAMPERED
    assert with_change(path, before + more, folder).verdict >= Verdict.TAMPERED


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.data())
def test_garbage_gets_a_verdict(log: Path, pack: Path, data: st.DataObject) -> None:
    """Whatever stands in a file, and wherever it is put, nothing is raised."""
    folder = data.draw(st.sampled_from([log, pack]))
    path = data.draw(st.sampled_from(files_of(folder)))
    garbage = data.draw(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
    if garbage != path.read_bytes():
        assert with_change(path, garbage, folder).verdict >= Verdict.TAMPERED


def test_a_mistake_of_the_verifier_itself_is_no_verdict_on_the_log(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should something unforeseen be raised, the check says that it could not be made: 40."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError(secrets.token_hex(4))

    monkeypatch.setattr("audit.verify.structure.split_bundle", fail)
    assert verify(log, TERMS).verdict is Verdict.CANNOT_CHECK
