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
from gateway.settings.policy import LAST_GOOD, Policy, Trust
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
    document = _document(path)
    return _checked(path, {name: part for name, part in document.items() if only is None or name in only})


def _checked(path: Path, document: dict[str, Any]) -> Settings:
    try:
        return Settings(**document)
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
    return _plain().audit.folder if _file().is_file() else Audit().folder


def witnesses_policy() -> Path | None:
    """The policy that names the log's witnesses, whether or not any secret is at hand; None without one.

    Raises:
        SettingsError: as for `audit_folder`.
    """
    return _plain().audit.witnesses.policy if _file().is_file() else None


def trust() -> Trust:
    """Whose bundles are accepted, whether or not any secret is at hand; nobody in particular without a file.

    Raises:
        SettingsError: the file is there but can't be used: guessing could trust somebody else.
    """
    return _policy("trust").trust if _file().is_file() else Trust()


def store() -> Path | None:
    """Where policies are published to, whether or not any secret is at hand; None where no store is named.

    Raises:
        SettingsError: the file is there but can't be used: guessing could publish to another place.
    """
    return _policy("store").store if _file().is_file() else None


def audit() -> Audit:
    """Where the audit log is and what it is called, for whoever writes into it; the default without a file.

    Raises:
        SettingsError: as for `audit_folder`, or a secret of the log's database isn't at hand.
    """
    return load(only=_WITHOUT_SECRETS).audit if _file().is_file() else Audit()


def bundle() -> Path:
    """The bundle that decides where no store is named, whether or not any secret is at hand.

    Of a server's it is the last good one, which the gateway keeps.

    Raises:
        SettingsError: as for `trust`.
    """
    if not _file().is_file():
        return Policy().bundle
    said = _document(_file()).get("policy")
    if isinstance(said, dict) and said.get("source") is not None:
        return _plain().data_dir / LAST_GOOD
    return _policy("bundle").bundle


def upstreams() -> Settings:
    """Providers and deployments, whether or not the providers' keys are at hand: they aren't part of it.

    Raises:
        SettingsError: as for `load`.
    """
    path = _file()
    document = _open_parts(path)
    whole = _document(path)
    document["deployments"] = whole.get("deployments", ())
    if isinstance(providers := whole.get("providers"), dict):
        document["providers"] = {
            name: {field: part for field, part in said.items() if field != "api_key"}
            if isinstance(said, dict)
            else said
            for name, said in providers.items()
        }
    return _checked(path, document)


def opa_binary() -> Path | None:
    """The `opa` that `REGENT_OPA` names, for whoever writes policies; the gateway needs none."""
    named = os.environ.get("REGENT_OPA")  # noqa: TID251 - this is the room that may
    return Path(named) if named else None


def development() -> Settings:
    """What minting a development token needs; the providers' secrets aren't part of it.

    Raises:
        SettingsError: as for `load`.
    """
    return _plain()


def _plain() -> Settings:
    """Those sections that need no secret to be at hand; what the log's database is called is left out."""
    path = _file()
    return _checked(path, _open_parts(path))


def _open_parts(path: Path) -> dict[str, Any]:
    document = {name: part for name, part in _document(path).items() if name in _WITHOUT_SECRETS}
    if isinstance(log := document.get("audit"), dict):
        document["audit"] = {field: part for field, part in log.items() if field != "postgres"}
    return document


def _policy(name: str) -> Policy:
    """The section `policy` with one of its fields read and the others, some of them secrets, left alone."""
    path = _file()
    document = _open_parts(path)
    if isinstance(policy := _document(path).get("policy"), dict):
        document["policy"] = {field: part for field, part in policy.items() if field == name}
    return _checked(path, document).policy


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
