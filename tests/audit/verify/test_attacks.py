"""Pins which of twelve attacks by the operator each element of a verifier detects, and which it can't."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from audit.record import Record
from audit.verify.check import verify
from audit.verify.terms import Entries, Terms
from audit.verify.trust import read_policy
from audit.verify.verdict import Report, Verdict
from tests.audit.verify.attacks import ATTACKS, View
from tests.audit.verify.builder import Sample, checkpoint, honest, policy, publish, witnessed
from tests.audit.verify.real import written

ACCEPTED = {Verdict.VERIFIED, Verdict.OPERATOR_ASSERTED}
DETECTED = [0, 0, 0, 5, 7, 8, 11, 12]
MAX_AGE_S = 600
Verifier = Callable[[Path, Sample, View], bool]


def chain(entries: Sequence[bytes]) -> list[bytes]:
    """Link records as products do that have a hash chain: each link covers the one before."""
    links = [b""]
    for entry in entries:
        links.append(sha256(links[-1] + entry).digest())
    return links[1:]


def by_chain(_: Path, sample: Sample, view: View) -> bool:
    """Accept a chain that agrees with itself; the operator wrote it anew."""
    shown = list(zip(view.entries, chain(view.entries), strict=True))
    return [link for _, link in shown] == chain([entry for entry, _ in shown])


def by_signed_chain(folder: Path, sample: Sample, view: View) -> bool:
    """Accept a chain whose links are signed; the operator holds the key."""
    links = chain(view.entries)
    signatures = [sample.log.key.sign(link) for link in links]
    public = sample.log.key.public_key()
    try:
        for link, signature in zip(links, signatures, strict=True):
            public.verify(signature, link)
    except InvalidSignature:
        return False
    return by_chain(folder, sample, view)


def check(folder: Path, sample: Sample, view: View, *, elements: int) -> Report:
    """Check the shown view with Regent's verifier; each further element is one more thing asked for."""
    cosigned = [(sample.witness, view.cosigned_s)] if view.cosigned_s is not None else []
    publish(folder, view.entries, checkpoint(view.entries, sample.log, cosigned), sample.origin_json)
    trust = witnessed(sample.log, sample.witness) if elements >= 3 else policy(log=sample.log)
    return verify(
        folder,
        Terms(
            policy=read_policy(trust),
            kept=(checkpoint(sample.entries[: sample.kept], sample.log),) if elements >= 2 else (),
            max_age_s=MAX_AGE_S if elements >= 4 else None,
            entries=Entries.REGENT if elements >= 5 else Entries.ANY,
            receipts=tuple(sample.receipts) if elements >= 6 else None,
            now_us=sample.now_s * 1_000_000,
        ),
    )


def by_regent(elements: int) -> Verifier:
    """Return Regent's verifier with the first so many elements."""
    return lambda folder, sample, view: check(folder, sample, view, elements=elements).verdict in ACCEPTED


VERIFIERS: list[Verifier] = [by_chain, by_signed_chain, *(by_regent(elements) for elements in range(1, 7))]


@pytest.fixture(params=["made by hand", "written by Regent"])
async def sample(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    make_decision: Callable[..., Record],
    make_outcome: Callable[..., Record],
) -> AsyncIterator[Sample]:
    """Give an honest log: as the format is described, and as Regent's own writers and sequencer write it."""
    with ExitStack() as opened:
        if request.param == "made by hand":
            yield honest()
        else:
            yield await written(tmp_path / "real", opened, make_decision, make_outcome)


def test_the_honest_log_is_accepted_by_every_verifier(sample: Sample, tmp_path: Path) -> None:
    """What detects everything by refusing everything would detect nothing."""
    view = View(sample.entries, sample.now_s)
    for number, accepts in enumerate(VERIFIERS):
        assert accepts(tmp_path / str(number), sample, view), number
    report = check(tmp_path / "last", sample, view, elements=6)
    assert (report.verdict, report.findings) == (Verdict.VERIFIED, [])


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_detected_from_its_element_on(name: str, sample: Sample, tmp_path: Path) -> None:
    """Each cell of the table: accepted up to the element that sees it, detected from there on."""
    attack, accepted = ATTACKS[name]
    view = attack(sample)
    cells = [accepts(tmp_path / str(number), sample, view) for number, accepts in enumerate(VERIFIERS)]
    assert cells == [number < accepted for number in range(len(VERIFIERS))]


def test_the_columns_add_up() -> None:
    """The table as a whole: 0, 0, 0, 5, 7, 8, 11, 12 of twelve."""
    counts = [sum(accepted <= number for _, accepted in ATTACKS.values()) for number in range(len(VERIFIERS))]
    assert counts == DETECTED


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("1 modify old record, re-sign", Verdict.FORKED),
        ("5 truncate tail past the kept checkpoint", Verdict.UNWITNESSED),
        ("6 show an old genuine view", Verdict.STALE),
        ("9 replay a record", Verdict.TAMPERED),
        ("10 clock rollback on new records", Verdict.INCOMPLETE),
        ("11 delete before any checkpoint, renumber", Verdict.RECEIPT_MISSING),
        ("12 same, not renumbered", Verdict.TAMPERED),
    ],
)
def test_the_exit_code_says_what_was_detected(
    name: str, verdict: Verdict, sample: Sample, tmp_path: Path
) -> None:
    """Asked for no more than the element that sees it, each attack gets that element's code."""
    attack, accepted = ATTACKS[name]
    report = check(tmp_path, sample, attack(sample), elements=accepted - 1)
    assert report.verdict is verdict
