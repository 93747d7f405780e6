"""Reading the settings: one YAML file, then the environment, which outranks it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError
from typing_extensions import override

from gateway.errors import SettingsError
from gateway.settings.server import Audit
from gateway.settings.whole import Settings

if TYPE_CHECKING:
    from collections.abc import Hashable

DEFAULT_FILE = Path("regent.yaml")


class _StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key given twice: the second would silently win over the first."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise SettingsError(f"{node.start_mark}: {key!r} is given twice")
        return super().construct_mapping(node, deep)


def load(path: Path | None = None, **server: str | int | None) -> Settings:
    """Read the settings from `path`, `REGENT_CONFIG` or `regent.yaml`, and the environment.

    Args:
        path: the file.
        server: values of the section `server` that outrank file and environment; None leaves one alone.
            They are remembered for worker processes.

    Raises:
        SettingsError: the file is missing, malformed or doubtful; the message names the field.
    """
    for name, value in server.items():
        if value is not None:
            os.environ[f"REGENT_SERVER__{name.upper()}"] = str(value)  # noqa: TID251 - this is the room that may
    path = path or _file()
    try:
        return Settings(**_document(path))
    except ValidationError as error:
        # Values are left out: one of them may be a secret.
        lines = [
            f"{'.'.join(map(str, each['loc'])) or 'settings'}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError(f"{path} is not usable:\n  " + "\n  ".join(lines)) from None


def remember(path: Path) -> None:
    """Make `path` the settings file of this process and of those that it starts.

    Raises:
        SettingsError: there is no such file.
    """
    if not path.is_file():
        raise SettingsError(f"{path} does not exist")
    os.environ["REGENT_CONFIG"] = str(path.resolve())  # noqa: TID251 - this is the room that may


def audit_folder() -> Path:
    """Where the audit log is, for commands that read it even while the rest of the settings is unusable."""
    try:
        return load().audit.folder
    except SettingsError:
        return Audit().folder


def _file() -> Path:
    return Path(os.environ.get("REGENT_CONFIG", DEFAULT_FILE))  # noqa: TID251 - this is the room that may


def _document(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_bytes(), _StrictLoader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; `regent init` writes one to start from") from None
    except (yaml.YAMLError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from error
    if not isinstance(document, dict):
        raise SettingsError(f"{path} must hold a mapping")
    return document
