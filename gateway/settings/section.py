"""What every part of the settings shares: frozen sections without unknown fields, names, and secrets."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


def _resolved(secret: SecretStr | None) -> SecretStr | None:
    """Follow `env:NAME` and `file:PATH`; anything else is the secret itself.

    A secret file that others can read is refused: it has leaked already.
    """
    if secret is None:
        return None
    value = secret.get_secret_value()
    if value.startswith("env:"):
        found = os.environ.get(value[4:])  # noqa: TID251 - this is the room that may
        if not found:
            raise ValueError(f"the environment variable {value[4:]} is not set")
        return SecretStr(found)
    if value.startswith("file:"):
        path = Path(value[5:])
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError(f"{path} can be read by others; chmod 600 it")
        return SecretStr(path.read_text(encoding="utf-8").strip())
    return secret


Secret = Annotated[SecretStr | None, AfterValidator(_resolved)]


class Section(BaseModel):
    """A part of the settings: frozen, and strict about unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)
