"""`regent policy explain`: asks a bundle one question and says which rules answered, and why.

Needs no `opa`: a bundle carries its compiled plan, and its manifest what the authors wrote about their rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bundles.errors import BundleError
from rego import Annotation, Annotations, Policy, RegoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bundles.bundle import Bundle
    from rego import Fired

_OUTCOMES: Final = {
    "allow": "grants",
    "deny": "objects",
    "permitted": "permits",
    "obligation": "demands",
}
"""What it means that a rule of such a name came to a value."""


@dataclass(frozen=True, slots=True)
class Line:
    """One rule that came to a value.

    Args:
        file: where its head stands, below the sources.
        row: the line.
        path: the rule, as `rules.request.denies.known_content.deny`.
        id: the id of the rule's package; empty for what is not an author's rule.
        title: the nearest title.
        source: the line as it is written.
    """

    file: str
    row: int
    path: str
    id: str
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One author's rule of the phase that was asked.

    Args:
        id: its id.
        title: its title.
        package: its package.
        severity: how grave a breach is.
        enforcement: `enforce`, `warn`, `shadow` or `off`, as the data has it now.
        controls: what it serves.
        rows: the lines that said so; none where the rule had nothing to say.
        file: its file.
        does: `grants`, `objects`, `permits`, `demands`, several joined by a comma; empty where nothing.
    """

    id: str
    title: str
    package: str
    severity: str
    enforcement: str
    controls: tuple[str, ...]
    file: str
    rows: tuple[int, ...]
    does: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision and how it came about.

    Args:
        revision: the bundle that was asked.
        entrypoint: what it was asked.
        decision: the answer, whole; None where it is undefined, which denies.
        rules: the rules of the phase, those that spoke first.
        trace: every rule that came to a value, in the plan's order.
        steps: how much work it was.
    """

    revision: str
    entrypoint: str
    decision: dict[str, Any] | None
    rules: tuple[Asked, ...]
    trace: tuple[Line, ...]
    steps: int

    @property
    def allowed(self) -> bool:
        """Whether the answer permits; an undefined one doesn't."""
        return self.decision is not None and self.decision.get("allow") is True


def explain(bundle: Bundle, phase: str, question: Mapping[str, Any]) -> Explanation:
    """Ask a bundle.

    Args:
        bundle: a bundle that was read and checked.
        phase: `admission`, `request`, or another of its entry points.
        question: what the policy sees as `input`.

    Raises:
        BundleError: `bundle.malformed`: the plan can't be used, has no such entry point, or the evaluation
            ended in an error, which denies.
    """
    entrypoint = f"gateway/{phase}/decision"
    try:
        policy = Policy.load(bundle.plan, dict(bundle.data))
        if entrypoint not in policy.entrypoints:
            known = ", ".join(name.split("/")[1] for name in policy.entrypoints)
            raise BundleError("bundle.malformed", f"the bundle has no phase {phase!r} (it has: {known})")
        result = policy.evaluate(entrypoint, dict(question))
    except RegoError as error:
        raise BundleError("bundle.malformed", f"the evaluation ended, which denies: {error}") from None
    fired = policy.explain(result.fired, _annotations(bundle))
    decision = result.value if result.defined and isinstance(result.value, dict) else None
    trace = tuple(_line(each, bundle.files) for each in fired)
    return Explanation(
        bundle.revision, entrypoint, decision, _asked(bundle, phase, trace), trace, result.statements
    )


def phase_of(question: Mapping[str, Any]) -> str:
    """The phase that a question is most likely for: with facts about its content it is a request."""
    context = question.get("context")
    return "request" if isinstance(context, dict) and "content" in context else "admission"


def _annotations(bundle: Bundle) -> Annotations:
    """What the manifest says of each rule package."""
    return Annotations(
        Annotation(
            scope="package",
            path=tuple(rule["package"].split(".")),
            id=rule.get("id") or "",
            title=rule.get("title") or "",
            controls=tuple(rule.get("controls") or ()),
        )
        for rule in _described(bundle)
    )


def _described(bundle: Bundle) -> Iterable[dict[str, Any]]:
    rules: list[dict[str, Any]] = bundle.manifest["metadata"].get("rules", [])
    return rules


def _line(fired: Fired, files: Mapping[str, bytes]) -> Line:
    file, row = fired.location.file.lstrip("/"), fired.location.row
    lines = files.get(file, b"").decode().splitlines()
    source = lines[row - 1].strip() if 0 < row <= len(lines) else ""
    return Line(file, row, fired.rule.removeprefix("data."), fired.id, fired.title, source)


def _asked(bundle: Bundle, phase: str, trace: tuple[Line, ...]) -> tuple[Asked, ...]:
    switches = bundle.data.get("regent", {}).get("enforcement", {})
    found = [
        _spoken(rule, switches, [line for line in trace if line.path.startswith(f"{rule['package']}.")])
        for rule in _described(bundle)
        if rule["package"].split(".")[1:2] == [phase]
    ]
    return tuple(sorted(found, key=lambda rule: (not rule.does, rule.package)))


def _spoken(rule: Mapping[str, Any], switches: Mapping[str, Any], lines: list[Line]) -> Asked:
    name = str(rule.get("id") or "")
    # A grant that defaults to false came to a value, too, and says nothing.
    telling = {
        line.row: _OUTCOMES[line.path.rsplit(".", 1)[-1]]
        for line in lines
        if line.path.rsplit(".", 1)[-1] in _OUTCOMES and not line.source.startswith("default ")
    }
    package = str(rule["package"])
    return Asked(
        id=name,
        title=str(rule.get("title") or ""),
        package=package,
        severity=str(rule.get("severity") or ""),
        enforcement=str(switches.get(name) or rule.get("enforcement") or "enforce"),
        controls=tuple(rule.get("controls") or ()),
        file=str(rule.get("file") or f"{package.replace('.', '/')}/{package.rsplit('.', 1)[-1]}.rego"),
        rows=tuple(sorted(telling)),
        does=", ".join(dict.fromkeys(telling.values())),
    )
