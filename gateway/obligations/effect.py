"""What decisions come to once they are obeyed, for whoever compares two policies; nothing is done.

The pipeline's steps `insist` and `enforce` without a call: from the question that was asked, which names
the candidates and the client's own limit.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import orjson

from audit.canonical import decimal_strings
from bundles.backtest.effect import Effect
from bundles.backtest.replay import CALLS
from bundles.repetition.ports import Said
from gateway import obligations
from gateway.engine.answer import decision
from gateway.engine.embedded import MAX_STEPS
from gateway.engine.unusable import Unusable
from gateway.errors import Refused
from gateway.obligations.terms import Terms
from gateway.question import ADMISSION
from gateway.reasons import REASONS
from gateway.types import Allow, Deny, Deployment, Origin, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bundles.backtest.effect import Answer
    from gateway.types import Decision

_DEPLOYMENTS = ("resource", "properties", "deployments")
_MAX_TOKENS = ("action", "properties", "max_tokens")
_KINDS = {"permitted": "route", "max_tokens": "clamp", "allowances": "limits"}
ALLOWED = "allowed"
"""The reason code of records that allow."""

_GIVEN = frozenset({"candidates", "body"})


class Obedience:
    """The gateway, as `bundles.backtest` asks for it."""

    max_steps = MAX_STEPS
    reads = (("resource", "type"), _DEPLOYMENTS, _MAX_TOKENS)

    def effect(self, question: Mapping[str, object], answers: Sequence[Answer]) -> Effect:
        """What raw answers come to; one that isn't a decision is a denial with the gateway's code."""
        found: list[Decision] = []
        for answer in answers:
            if answer.code:
                return Effect(allow=False, reasons=(answer.code,))
            try:
                found.append(decision(answer.value, Origin("", "", "", answer.entrypoint)))
            except Unusable as error:
                return Effect(allow=False, reasons=(error.code,))
            if isinstance(found[-1], Deny):  # nobody is asked after a denial
                break
        return effect(question, found)

    def said(self, question: Mapping[str, object], answers: Sequence[Answer]) -> Said:
        """What would stand in the record of a request (`gateway/steps/record.py`) that nothing else stops."""
        found: list[Decision] = []
        for answer in answers:
            found.append(_decided(answer))
            if isinstance(found[-1], Deny):  # nobody is asked after a denial
                break
        last = found[-1]
        reasons = [{"id": reason.id, "controls": list(reason.controls)} for reason in last.reasons]
        if isinstance(last, Deny):
            return Said("deny", last.reasons[0].id, reasons, [])
        asked_for = decimal_strings([each.document() for each in last.obligations])
        if last.origin.path not in CALLS:  # whoever isn't served a model can't be obliged to anything
            code = "obligation.unknown" if last.obligations else ""
        else:
            code = "".join(effect(question, found).reasons[:1])
        return Said("deny" if code else "allow", code or ALLOWED, reasons, asked_for)


def _decided(answer: Answer) -> Decision:
    """The decision that an answer is; one that is none denies with the gateway's own code."""
    origin = Origin("", "", "", answer.entrypoint)
    if not answer.code:
        try:
            return decision(answer.value, origin)
        except Unusable as error:
            return _refused(error.code, origin)
    return _refused(answer.code, origin)


def _refused(code: str, origin: Origin) -> Deny:
    return Deny((Reason(code, REASONS[code].message),), origin)


def effect(question: Mapping[str, object], decisions: Sequence[Decision]) -> Effect:
    """What decisions come to.

    Args:
        question: what the last of them answers.
        decisions: in the order in which they were made.
    """
    for each in decisions:
        if isinstance(each, Deny):
            return Effect(allow=False, reasons=tuple(reason.id for reason in each.reasons))
    allows = [each for each in decisions if isinstance(each, Allow)]
    if allows[-1].origin.path == ADMISSION:
        return _admitted(question)
    terms = Terms(candidates=_candidates(question), body={}, max_tokens=_at(question, _MAX_TOKENS))
    try:
        obligations.enforce(terms, [obligation for each in allows for obligation in each.obligations])
    except Refused as error:
        return Effect(allow=False, reasons=(error.code,))
    if not terms.permitted:
        return Effect(allow=False, reasons=("obligation.no_route",))
    return Effect(allow=True, terms=_canonical(terms))


def _admitted(question: Mapping[str, object]) -> Effect:
    """Admission alone: for the catalogue the last word, for a call the first of two."""
    if _at(question, ("resource", "type")) != "model":
        return Effect(allow=True)
    if not _candidates(question):
        return Effect(allow=False, reasons=("model.unknown",))
    return Effect(allow=True, whole=False)


def _canonical(terms: Terms) -> tuple[tuple[str, str], ...]:
    """What holds, by kind; a new field of the terms takes part by itself."""
    return tuple(
        (
            _KINDS.get(each.name, each.name),
            orjson.dumps(_plain(getattr(terms, each.name)), option=orjson.OPT_SORT_KEYS).decode(),
        )
        for each in fields(terms)
        if each.name not in _GIVEN
    )


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.id if isinstance(value, Deployment) else value


def _candidates(question: Mapping[str, object]) -> tuple[Deployment, ...]:
    documents = _at(question, _DEPLOYMENTS)
    if not isinstance(documents, list):
        return ()
    return tuple(
        Deployment(
            id=str(_at(each, ("id",))), provider="", serves="", model="", zone="", region=""
        )  # a route goes by id alone
        for each in documents
    )


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document
