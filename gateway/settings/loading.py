"""Reading the settings: one YAML file, then the environment, which outranks it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError
from pydantic_settings import SettingsError as MalformedVariable
from typing_extensions import override

from gateway.errors import SettingsError
from gateway.settings.policy import Policy
from gateway.settings.server import Audit
from gateway.settings.whole import Settings

if TYPE_CHECKING:
    from collections.abc import Container, Hashable

DEFAULT_FILE = Path("regent.yaml")
_WITHOUT_SECRETS = frozenset({"data_dir", "server", "identity", "audit"})


class _StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key given twice: the second would silently win over the first."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise SettingsError(f"line {node.start_mark.line + 1}: a key is given twice in one mapping")
        return super().construct_mapping(node, deep)


def load(
    path: Path | None = None, *, only: Container[str] | None = None, **server: str | int | None
) -> Settings:
    """Read the settings from `path`, `REGENT_CONFIG` or `regent.yaml`, and the environment.

    Args:
        path: the file.
        only: the sections to read; all of them if None.
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
        document = _document(path)
        return Settings(**{name: part for name, part in document.items() if only is None or name in only})
    except MalformedVariable as error:
        raise SettingsError(f"a REGENT_ variable is malformed: {error}") from None
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
    """Where the audit log is, whether or not the providers' secrets are at hand; the default without a file.

    Raises:
        SettingsError: the file is there but can't be used: guessing could show another log.
    """
    return load(only=_WITHOUT_SECRETS).audit.folder if _file().is_file() else Audit().folder


def policy_bundle() -> Path:
    """Which bundle decides, also without the providers' secrets; the shipped one without a file.

    Raises:
        SettingsError: the file is there but can't be used.
    """
    chosen = load(only=_WITHOUT_SECRETS | {"policy"}).policy if _file().is_file() else Policy()
    return chosen.bundle


def opa_binary() -> Path | None:
    """The `opa` that `REGENT_OPA` names, for whoever writes policies; the gateway needs none."""
    named = os.environ.get("REGENT_OPA")  # noqa: TID251 - this is the room that may
    return Path(named) if named else None


def development() -> Settings:
    """What minting a development token needs; the providers' secrets aren't part of it.

    Raises:
        SettingsError: as for `load`.
    """
    return load(only=_WITHOUT_SECRETS)


def _file() -> Path:
    return Path(os.environ.get("REGENT_CONFIG", DEFAULT_FILE))  # noqa: TID251 - this is the room that may


def _document(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_bytes(), _StrictLoader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; `regent init` writes one to start from") from None
    except yaml.MarkedYAMLError as error:
        # Not its text: that quotes the line, which may hold a secret.
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise SettingsError(f"{path} is not YAML{where}") from None
    except (yaml.YAMLError, OSError, SettingsError) as error:
        raise SettingsError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise SettingsError(f"{path} must hold a mapping")
    return document
