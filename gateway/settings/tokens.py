"""How tokens are counted where no provider has counted them."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field

from gateway.settings.section import Section


class Tokens(Section):
    """How tokens are counted before a provider does."""

    bpe_folder: Path | None = Field(
        default=None, description="files of tiktoken's encodings; TIKTOKEN_CACHE_DIR if left out"
    )

    @property
    def folder(self) -> Path | None:
        """Where they are: here, or where tiktoken itself would look for them."""
        named = os.environ.get("TIKTOKEN_CACHE_DIR")  # noqa: TID251 - this is the room that may
        return self.bpe_folder or (Path(named) if named else None)
