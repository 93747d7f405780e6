"""The run, its report and the gate: exact counts, bounded names, and no pass where nothing can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bundles.backtest.comparison import Comparison
from bundles.backtest.effect import Change
from bundles.backtest.gate import Gate, Threshold, Verdict
from bundles.backtest.report import MAX_NAMES, OTHERS, Report
from bundles.backtest.run import run

if TYPE_CHECKING:
    from tests.bundles.backtest.conftest import Decision, House


def closed(data: dict[str, Any]) -> None:
    """Analysts lose gpt-4o, and everybody else gets shorter answers."""
    data["roles"]["analyst"]["models"] = ["demo-*"]
    data["roles"]["engineer"]["max_tokens"] = 100


def replayed(house: House, *found: Decision, **more: Any) -> Report:
    """The report of a run."""
    report = Report(examples=2)
    comparison = Comparison(house.shipped(), house.edited(closed), house.gateway)
    run(house.Decisions(list(found), **more), comparison, report)
    return report


def test_differences_are_counted_by_rule_team_and_model(house: House) -> None:
    """Each number is exact, and the examples are the first decisions of their kind."""
    lost = [house.decision(house.asked(model="gpt-4o"), model="gpt-4o", id=f"{n:032x}") for n in range(3)]
    same = [house.decision() for _ in range(4)]
    short = house.decision(house.asked(role="engineer", team="eng"), team="eng", id="e" * 32)
    report = replayed(house, *lost, *same, short)

    assert (report.read, report.replayed, report.missing) == (8, 8, {})
    assert report.changes == {Change.DENIED: 3, Change.TERMS: 1}
    assert {name: (row.changes, row.examples) for name, row in report.rules.items()} == {
        "access.not_granted": ({Change.DENIED: 3}, {Change.DENIED: [f"{0:032x}", f"{1:032x}"]}),
        "clamp": ({Change.TERMS: 1}, {Change.TERMS: ["e" * 32]}),
    }
    assert {name: (row.replayed, row.changes.total()) for name, row in report.teams.items()} == {
        "sales": (7, 3),
        "eng": (1, 1),
    }
    assert {name: row.replayed for name, row in report.models.items()} == {"gpt-4o": 3, "demo-small": 5}


def test_what_has_no_question_is_counted_and_not_guessed(house: House) -> None:
    """Erased, lost, never asked, altered: each by its name."""
    gone = [house.Decision(missing=reason) for reason in ("erased", "absent", "unasked", "altered", "erased")]
    odd = house.Decision(question=b"[]")
    report = replayed(house, *gone, odd, house.decision())

    assert (report.read, report.replayed) == (7, 1)
    assert report.missing == {"erased": 2, "absent": 1, "unasked": 1, "altered": 2}
    assert report.doubtful


def test_what_the_same_revision_decides_otherwise_is_told(house: House) -> None:
    """An allow that the bundle doesn't repeat; a denial only where it was the policy's."""
    revision = house.shipped().revision
    denied = house.asked(model="secret")
    report = replayed(
        house,
        house.decision(denied, revision=revision),
        house.decision(revision=revision, action="deny", reason_code="access.not_granted"),
        house.decision(revision=revision, action="deny", reason_code="client.gone"),
        house.decision(denied, revision="r-other"),
        house.decision(revision=revision),
    )

    assert report.diverged == 2


def test_names_that_callers_choose_do_not_fill_the_memory(house: House) -> None:
    """A thousand models are counted one by one, the others together."""
    report = replayed(house, *(house.decision(model=f"m{n}") for n in range(MAX_NAMES + 50)))

    assert len(report.models) == MAX_NAMES + 1
    assert report.models[OTHERS].replayed == 50


def test_progress_is_told_now_and_then_and_at_the_end(house: House) -> None:
    """In bytes of what there is to read."""
    told: list[int] = []
    comparison = Comparison(house.shipped(), house.shipped(), house.gateway)
    run(house.Decisions([house.decision()] * 4500), comparison, Report(), on_progress=told.append)

    assert len(told) == 3
    assert told[-1] == 100


@pytest.mark.parametrize(
    ("text", "count", "replayed", "holds"),
    [
        ("0", 0, 10, True),
        ("0", 1, 10, False),
        ("12", 12, 10, True),
        ("0.5%", 5, 1000, True),
        ("0.5%", 6, 1000, False),
        ("0.1 %", 1, 1000, True),
        ("33.3%", 333, 1000, True),
        ("0%", 0, 0, True),
    ],
)
def test_a_threshold_is_a_number_or_a_share(text: str, count: int, replayed: int, *, holds: bool) -> None:
    """Exactly as much is still allowed; fractions are exact."""
    assert Threshold.parse(text).holds(count, replayed) is holds


@pytest.mark.parametrize("text", ["", "-1", "1e3", "50%%", "half", "1,5%", "0x1", "٣"])
def test_what_is_no_threshold_is_refused(text: str) -> None:
    """A gate that means something else than was meant is worse than none."""
    with pytest.raises(ValueError, match="neither"):
        Threshold.parse(text)


def test_the_gate_closes_by_number_by_doubt_and_by_silence(house: House) -> None:
    """A threshold exceeded outranks doubt; a doubtful log never passes; nothing replayed proves nothing."""
    gate = Gate(new_denials=Threshold.parse("0"), new_allows=Threshold.parse("0"))
    lost = house.decision(house.asked(model="gpt-4o"))
    altered = house.Decision(missing="altered")

    assert gate.judge(replayed(house, house.decision()))[0] is Verdict.OK
    assert gate.judge(replayed(house, lost, altered))[0] is Verdict.EXCEEDED
    assert Gate().judge(replayed(house, lost))[0] is Verdict.OK
    assert Gate().judge(replayed(house, lost, altered))[0] is Verdict.CANNOT_TELL
    assert Gate().judge(replayed(house, lost, damaged=["w0/0"]))[0] is Verdict.CANNOT_TELL
    assert Gate().judge(replayed(house, lost, torn=["w0/0"]))[0] is Verdict.OK
    assert gate.judge(replayed(house))[0] is Verdict.CANNOT_TELL
    assert Gate().judge(replayed(house))[0] is Verdict.OK


def test_past_admission_counts_as_a_new_allow(house: House) -> None:
    """Nobody knows that it would be denied further on."""
    report = replayed(house, house.decision())
    report.changes[Change.ADMITTED] = 1

    assert Gate(new_allows=Threshold.parse("0")).judge(report) == (
        Verdict.EXCEEDED,
        ["1 new allows of 1 decisions exceed 0"],
    )
