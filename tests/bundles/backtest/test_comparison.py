"""Two bundles and one question: what changes, as the gateway would obey it, and at which time."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundles import build as building
from bundles import bundle as bundle_files
from bundles.backtest.comparison import Comparison
from bundles.backtest.effect import Change, Effect, difference
from bundles.backtest.replay import Replay, without_content
from bundles.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bundles.backtest.conftest import House


def looser(data: dict[str, Any]) -> None:
    """Analysts may use everything."""
    data["roles"]["analyst"]["models"] = ["*"]


def stricter(data: dict[str, Any]) -> None:
    """Analysts may use nothing."""
    data["roles"]["analyst"]["models"] = []


def shorter(data: dict[str, Any]) -> None:
    """Analysts get shorter answers."""
    data["roles"]["analyst"]["max_tokens"] = 100


def elsewhere(data: dict[str, Any]) -> None:
    """What is marked hr goes to the cloud."""
    data["residency"]["hr"]["zones"] = ["cloud"]


@pytest.mark.parametrize(
    ("change", "question", "found", "rules"),
    [
        (stricter, {}, Change.DENIED, ("access.not_granted",)),
        (looser, {"model": "secret"}, Change.ALLOWED, ("access.not_granted",)),
        (shorter, {}, Change.TERMS, ("clamp",)),
        (shorter, {"max_tokens": 50}, None, ()),
        (shorter, {"role": "engineer"}, None, ()),
        (elsewhere, {"labels": ["hr"]}, Change.TERMS, ("route",)),
        (lambda data: data["retention"].update(days=1), {}, Change.TERMS, ("retain",)),
        (lambda data: data["teams"].pop("sales"), {}, Change.DENIED, ("residency.unknown_team",)),
        (lambda data: None, {}, None, ()),
    ],
)
def test_a_change_is_told_by_what_the_gateway_would_do(
    house: House, change: Any, question: dict[str, Any], found: Change | None, rules: tuple[str, ...]
) -> None:
    """Denials by their reasons, obligations by the kind that differs; what has no effect is no change."""
    comparison = Comparison(house.shipped(), house.edited(change), house.gateway)
    for _ in range(2):  # evaluated, then remembered
        compared = comparison.compare(house.asked(**question), house.REQUEST)
        difference = compared.difference

        assert (difference.change if difference else None, difference.rules if difference else ()) == (
            found,
            rules,
        )


def test_a_denial_at_admission_gives_way_to_an_open_question(house: House) -> None:
    """Nobody looked at the content then, so what the request decision would be isn't known."""
    comparison = Comparison(house.shipped(), house.edited(looser), house.gateway)
    question = dict(without_content(house.asked(model="secret")))
    found = comparison.compare(question, house.ADMISSION).difference

    assert found is not None
    assert (found.change, found.after.whole) == (Change.ADMITTED, False)


def test_a_model_that_nobody_serves_stays_unknown(house: House) -> None:
    """The gateway refuses it behind admission, whatever a policy says."""
    comparison = Comparison(house.shipped(), house.edited(looser), house.gateway)
    question = dict(without_content(house.asked(model="secret", zones=[])))
    compared = comparison.compare(question, house.ADMISSION)

    assert compared.difference is None


def test_the_catalogue_is_a_question_of_admission_alone(house: House) -> None:
    """What lists models is allowed or denied there, for good."""
    question = house.asked()
    question["action"] = {"name": "models.list", "properties": {}}
    question["resource"] = {"type": "catalogue", "id": "models", "properties": {}}
    replay = Replay(house.shipped(), house.gateway)

    assert replay.effect(without_content(question), house.ADMISSION) == Effect(allow=True)


def test_an_entrypoint_that_is_not_there_denies(house: House) -> None:
    """A bundle that errs on a question denies with the engine's code, as the gateway would."""
    assert Replay(house.shipped(), house.gateway).effect(house.asked(), "gateway/absent/decision") == Effect(
        allow=False, reasons=("engine.undefined",)
    )


def test_too_much_work_is_a_denial(house: House) -> None:
    """With the gateway's bound, and its code."""
    effect = Replay(house.shipped(), house.gateway, max_steps=3).effect(house.asked(), house.REQUEST)

    assert effect == Effect(allow=False, reasons=("engine.budget_exceeded",))


def test_a_plan_that_cannot_be_evaluated_is_refused(house: House) -> None:
    """Before anything is replayed."""
    shipped = house.shipped()
    broken = replace(shipped, plan=b'{"plans": {"plans": 7}}')
    with pytest.raises(BundleError) as caught:
        Replay(broken, house.gateway)
    assert caught.value.code == "bundle.malformed"


def test_two_denials_are_no_difference() -> None:
    """For the caller nothing changes."""
    before, after = Effect(allow=False, reasons=("a",)), Effect(allow=False, reasons=("b",))

    assert difference(before, after) is None


CLOCK = """
package gateway.{0}

# METADATA
# entrypoint: true
decision := {{
    "allow": hour < 10,
    "reasons": [{{"id": "hours.closed", "user": "No."}} | hour >= 10],
    "obligations": [route | "{0}" == "request"],
}}

route := {{"kind": "route", "deployments": ["cloud-1"], "strategy": "ordered"}}

hour := time.clock(time.now_ns())[0]
"""


@pytest.fixture
def clockwork(tmp_path: Path, opa: Path) -> bundle_files.Bundle:
    """A policy that looks at the clock."""
    everything = subprocess.run([opa, "capabilities", "--current"], capture_output=True, check=True)
    (tmp_path / "capabilities.json").write_bytes(everything.stdout)
    (tmp_path / ".manifest").write_text('{"roots": ["gateway"], "rego_version": 1}')
    for name in ("admission", "request"):
        folder = tmp_path / "gateway" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.rego").write_text(CLOCK.format(name))
    return bundle_files.from_files(building.build(tmp_path, opa))


def test_a_policy_sees_the_time_of_the_question(house: House, clockwork: bundle_files.Bundle) -> None:
    """A replay at night of what was asked in the morning is a morning's."""
    replay = Replay(clockwork, house.gateway)
    comparison = Comparison(house.shipped(), clockwork, house.gateway)
    morning, noon = (house.asked(time=f"2026-11-20T{hour}:00:00Z") for hour in ("09", "12"))

    assert replay.reads is None
    assert replay.effect(morning, house.REQUEST).allow
    assert replay.effect(noon, house.REQUEST).reasons == ("hours.closed",)
    assert comparison.compare(noon, house.REQUEST).difference is not None
    assert comparison.compare(house.asked(time="x"), house.REQUEST) is not None


ROLES = st.sampled_from(["analyst", "developer", "nobody"])


@settings(max_examples=6, deadline=None)  # other work on the machine has no part in it
@given(
    questions=st.lists(
        st.fixed_dictionaries(
            {
                "user": st.sampled_from(["a", "b"]),
                "role": ROLES,
                "team": st.sampled_from(["sales", "hr", "none"]),
                "model": st.sampled_from(["demo-small", "gpt-4o", "x"]),
                "labels": st.sampled_from([[], ["hr"], ["odd"]]),
                "max_tokens": st.sampled_from([None, 50, 8000]),
                "zones": st.sampled_from([["cloud"], ["onprem", "cloud"], ["cloud", "onprem"]]),
            }
        ),
        max_size=12,
    )
)
def test_remembering_changes_nothing(house: House, questions: list[dict[str, Any]]) -> None:
    """What is remembered from other questions is what a fresh pair of bundles finds."""
    active, candidate = house.shipped(), house.edited(shorter)
    together = Comparison(active, candidate, house.gateway)
    for values in questions:
        question = house.asked(**values)
        alone = Comparison.__new__(Comparison)
        alone.active, alone.candidate, alone._keys = together.active, together.candidate, None
        for replay in (alone.active, alone.candidate):
            replay._effects._kept.clear()
            for _, memory in replay._known.values():
                memory._kept.clear()

        assert together.compare(question, house.REQUEST) == alone.compare(question, house.REQUEST)
