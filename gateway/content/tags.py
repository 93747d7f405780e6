"""Tags that a client declares for its own reckoning: `metadata.tags`, words separated by commas.

No policy sees them and nothing is decided by them: reports of usage show them as declared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.labels import MOST_TAGS, WORD

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELD = "tags"


def declared(body: Mapping[str, object]) -> tuple[str, ...]:
    """The words among the tags, each once, the first `MOST_TAGS` of them.

    `metadata` is the client's: what stands there in another form is left alone, and out of the record, where
    it would stay for ever.
    """
    metadata = body.get("metadata")
    said = metadata.get(FIELD) if isinstance(metadata, dict) else None
    if not isinstance(said, str):
        return ()
    words = dict.fromkeys(
        part for part in map(str.strip, said.split(",", MOST_TAGS * 4)) if WORD.fullmatch(part)
    )
    return tuple(words)[:MOST_TAGS]
