"""tiktoken's encodings, from files that are here already: nothing is ever fetched.

tiktoken itself would download a file that it doesn't find, so it isn't asked to look:
the file is read and checked here, and only the encoding is tiktoken's.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from gateway.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class Encoding(Protocol):
    """As far as counting goes."""

    def encode_ordinary(self, text: str) -> list[int]:
        """The tokens of `text`; no part of it is taken for a special token."""


class _Published(NamedTuple):
    """A file as OpenAI publishes it, and how its encoding splits text (`tiktoken_ext/openai_public.py`).

    Args:
        file: what tiktoken's cache calls it: the SHA-1 of its URL.
        digest: its SHA-256.
        pattern: the pieces that are encoded each for itself.
    """

    file: str
    digest: str
    pattern: str


_WORD_END: Final = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_LARGE: Final = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"
_SMALL: Final = r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
_PUBLISHED: Final = {
    "o200k_base": _Published(
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        rf"[^\r\n\p{{L}}\p{{N}}]?[{_LARGE}]*[{_SMALL}]+{_WORD_END}"
        rf"|[^\r\n\p{{L}}\p{{N}}]?[{_LARGE}]+[{_SMALL}]*{_WORD_END}"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    "cl100k_base": _Published(
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    ),
}


def load(folder: Path | None, names: Iterable[str]) -> Mapping[str, Encoding]:
    """Those of the encodings `names` whose files are in `folder`; none without `regent[tiktoken]`.

    Takes a third of a second and 60 MB for each: meant for the start.

    Args:
        folder: as tiktoken's own `TIKTOKEN_CACHE_DIR`; None if there is none.

    Raises:
        SettingsError: a file of that name isn't what OpenAI publishes under it.
    """
    if folder is None:
        return {}
    try:
        from tiktoken import Encoding as Tiktoken  # noqa: PLC0415 - an extra that few install
    except ImportError:
        return {}
    found: dict[str, Encoding] = {}
    for name in sorted(set(names)):
        path = folder / _PUBLISHED[name].file
        if path.is_file():
            found[name] = Tiktoken(
                name, pat_str=_PUBLISHED[name].pattern, mergeable_ranks=_ranks(path, name), special_tokens={}
            )
    return found


def _ranks(path: Path, name: str) -> dict[bytes, int]:
    data = path.read_bytes()
    if sha256(data).hexdigest() != _PUBLISHED[name].digest:
        raise SettingsError(f"{path} is not the file of the encoding {name}: remove or replace it")
    pairs = (line.split() for line in data.splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in pairs}
