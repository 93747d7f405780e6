"""Data labels that a client declares; knows two places to look and how a label is written.

A declared label can only tighten what policy allows, so one that can't be read is refused:
ignoring it would lift a restriction that the client meant to set.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.content.chat import invalid
from gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER = b"x-regent-labels"
FIELD = "labels"
MAX_LABELS = 32
# What begins so is meant for Regent; some proxies write `_` for `-`.
_OURS = (b"x-regent", b"x_regent")
_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def declared(headers: Mapping[bytes, tuple[bytes, ...]], body: Mapping[str, object]) -> tuple[str, ...]:
    """The labels of `x-regent-labels` and of `metadata.labels`, united, sorted, in lower case.

    Args:
        headers: every value of each header, by its lower-case name;
            each value of `x-regent-labels` may list several labels, separated by commas.
        body: the request's JSON; `metadata.labels` is a string in the same form
            (OpenAI's `metadata` takes strings only).

    Raises:
        Refused: `input.labels` if any of it isn't a list of labels, or stands where a slip of the pen
            would hide it; `input.invalid` if `metadata` is no object.
    """
    labels: set[str] = set()
    # One look at all names together is cheap, and most calls have no such header.
    if b"regent" in b" ".join(headers):
        for name in headers:
            if name.startswith(_OURS):
                labels |= _of_header(name, headers[name])
    metadata = body.get("metadata")
    if metadata is not None:
        labels |= _of_metadata(metadata)
    if len(labels) > MAX_LABELS:
        raise Refused("input.labels", f"There are more than {MAX_LABELS} data labels.")
    return tuple(sorted(labels))


def _of_header(name: bytes, values: tuple[bytes, ...]) -> set[str]:
    if name != HEADER:
        raise Refused(
            "input.labels",
            f"`{HEADER.decode()}` is the only header of this kind.",
            param=HEADER.decode(),
        )
    return set().union(*(_read(value.decode("latin-1"), HEADER.decode()) for value in values))


def _of_metadata(metadata: object) -> set[str]:
    if not isinstance(metadata, dict):
        raise invalid("metadata", "`metadata` must be an object.")
    if any(key != FIELD and key.strip().casefold() == FIELD for key in metadata):
        raise Refused("input.labels", f"Labels are declared as `{FIELD}`.", param=f"metadata.{FIELD}")
    return _read(metadata[FIELD], f"metadata.{FIELD}") if FIELD in metadata else set()


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
