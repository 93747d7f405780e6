"""Data labels that a client declares; knows two places to look and how a label is written.

A declared label can only tighten what policy allows, so one that can't be read is refused:
ignoring it would lift a restriction that the client meant to set.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER = b"x-regent-labels"
FIELD = "labels"
MAX_LABELS = 32
_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def declared(headers: tuple[bytes, ...], body: Mapping[str, object]) -> tuple[str, ...]:
    """The labels of `x-regent-labels` and of `metadata.labels`, united, sorted, in lower case.

    Args:
        headers: every value of the header; each may list several labels, separated by commas.
        body: the request's JSON; `metadata.labels` is a string in the same form
            (OpenAI's `metadata` takes strings only).

    Raises:
        Refused: `input.labels` if any of it isn't a list of labels.
    """
    labels: set[str] = set()
    for value in headers:
        labels |= _read(value.decode("latin-1"), HEADER.decode())
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and FIELD in metadata:
        labels |= _read(metadata[FIELD], f"metadata.{FIELD}")
    if len(labels) > MAX_LABELS:
        raise Refused("input.labels", f"There are more than {MAX_LABELS} data labels.")
    return tuple(sorted(labels))


def _read(text: object, param: str) -> set[str]:
    parts = [part.strip().lower() for part in text.split(",")] if isinstance(text, str) else [""]
    if not all(_LABEL.fullmatch(part) for part in parts):
        raise Refused("input.labels", param=param)
    return set(parts)


def undeclared(body: Mapping[str, object]) -> Mapping[str, object]:
    """The body without Regent's own label field: it is not for the provider."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or FIELD not in metadata:
        return body
    rest = {key: value for key, value in metadata.items() if key != FIELD}
    trimmed = {key: value for key, value in body.items() if key != "metadata"}
    return {**trimmed, "metadata": rest} if rest else trimmed
