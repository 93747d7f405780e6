"""All passes together: without any one of them a policy answers as it does with it, only slower.

What a pass may do is keep an error from happening, as OPA's rule index and its early ends do:
that no more of them are hidden than OPA hides is for the comparison with OPA (`test_differential`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rego import EvaluationError, Policy
from rego.flow import reads, walk, writes
from rego.optimize import prepare
from tests.rego.documents import INPUTS, WORLDS
from tests.rego.generated import generated

if TYPE_CHECKING:
    from collections.abc import Callable

    from rego import plan as p


def _same(found: Any, *_: Any) -> Any:
    return found


def _all_shared(blocks: tuple[p.Block, ...], params: Any, result: p.Local | None) -> Any:
    """Leave locals as they are; each may then be anybody's."""
    statements = walk(blocks)
    mentioned = {local for s in statements for local in (*reads(s), *writes(s))}
    return blocks, mentioned | {*params, *(() if result is None else (result,))}


#: What stands in for each pass when it is switched off.
PASSES: Final[dict[str, Callable[..., Any]]] = {
    "simplified": _same,
    "separated": _all_shared,
    "with_constants": lambda blocks, _: (blocks, {}),
    "with_direct_result": _same,
    "with_lookups": _same,
    "with_conditions_first": _same,
    "without_flags": _same,
}


def _load(plan: bytes, *switched_off: str, strict: bool = True) -> Policy:
    with pytest.MonkeyPatch.context() as patch:
        for name in switched_off:
            patch.setattr(prepare, name, PASSES[name])
        return Policy.load(
            plan,
            builtins={"rand.intn": lambda _, __: 5},
            strict_builtin_errors=strict,
            specialise=False,
        ).prepare()


def _answer(policy: Policy, entrypoint: str, document: Any) -> tuple[str, str]:
    try:
        result = policy.evaluate(entrypoint, document, now_ns=0)
    except EvaluationError as error:
        return "error", error.code
    return (
        ("value", json.dumps(result.value, default=str, sort_keys=True))
        if result.defined
        else ("undefined", "")
    )


@pytest.mark.slow
def test_every_pass_keeps_the_meaning(language_plan: bytes) -> None:
    """Each pass on its own, and all at once: where nothing fails without it, nothing is different with it."""
    whole = _load(language_plan)
    lesser = {name: _load(language_plan, name) for name in PASSES} | {"all": _load(language_plan, *PASSES)}
    sources = {generated(policy) for policy in lesser.values()}
    assert len({generated(whole), *sources}) == len(PASSES) + 2, "a pass does nothing"
    compared = 0

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    @given(WORLDS, INPUTS, st.sampled_from(["all", *PASSES]))
    def ask(world: Any, document: Any, name: str) -> None:
        nonlocal compared
        data = {"world": world}
        one, other = whole.with_data(data), lesser[name].with_data(data)
        for entrypoint in whole.entrypoints:
            found, plain = _answer(one, entrypoint, document), _answer(other, entrypoint, document)
            assert found == plain or plain[0] == "error", (name, entrypoint, document, data)
            compared += 1

    ask()
    assert compared
