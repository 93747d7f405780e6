"""The examples of the docs run: the README's tour against a fresh gateway, and every settings fragment."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from gateway import settings

if TYPE_CHECKING:
    from tests.servers.gateway_server import GatewayServer

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOUR = README[README.index("## A tour") : README.index("## Who needs")]
# A fragment stands alone or beside these.
BESIDE = {"identity": {"development": {"enabled": True}}}


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_tours_commands_work_as_printed(demo_gateway: GatewayServer) -> None:
    """All blocks run in one shell, as a newcomer pastes them, and show what the page promises."""
    folder = demo_gateway.folder
    (folder / ".venv" / "bin").mkdir(parents=True)
    command = folder / ".venv" / "bin" / "regent"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gateway "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    script = "\n".join(f"echo '--- {n}'\n{block}" for n, block in enumerate(blocks(TOUR, "bash")))
    script = script.replace("http://127.0.0.1:8080", demo_gateway.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    shown = re.split(r"--- \d+\n", done.stdout)[1:]

    assert done.returncode == 0, done.stderr
    allowed, refused = (json.loads(block) for block in blocks(TOUR, "json"))
    assert contains(json.loads(shown[0]), allowed)
    assert shown[1].endswith("data: [DONE]\n\n")
    assert contains(json.loads(shown[2]), refused)
    assert "residency.hr_onprem" in shown[3]
    assert "WHOLE" in shown[3]


def contains(found: Any, promised: Any) -> bool:
    """Whether everything that the page promises is in what was found."""
    if isinstance(promised, dict):
        return isinstance(found, dict) and all(
            contains(found.get(key), value) for key, value in promised.items()
        )
    if isinstance(promised, list):
        return isinstance(found, list) and all(map(contains, found, promised))
    return bool(found == promised)


def test_the_tours_python_works_as_printed(demo_gateway: GatewayServer) -> None:
    """The SDK example runs with a token in place, and prints what was said."""
    (block,) = blocks(TOUR, "python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(  # noqa: S102 - the README's own example
            block.replace("http://127.0.0.1:8080", demo_gateway.url), {"token": demo_gateway.token()}
        )

    assert printed.getvalue() == "echo: Hello Regent\necho: Hello Regent['demo-cloud-only', 'demo-small']\n"


@pytest.mark.parametrize(
    ("page", "fragment"),
    [
        pytest.param(path.name, fragment, id=f"{path.name}-{number}")
        for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
        for number, fragment in enumerate(blocks(path.read_text(encoding="utf-8"), "yaml"))
        if re.match(r"(server|identity|policy|providers|deployments|audit|limits|log):", fragment)
    ],
)
def test_every_settings_fragment_is_accepted(
    page: str, fragment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page tells to write into `regent.yaml` is accepted."""
    for name in re.findall(r"env:(\w+)", fragment):
        monkeypatch.setenv(name, "secret")
    fragment = re.sub(r"file:\S+", "secret", fragment)
    document = {**BESIDE, **yaml.safe_load(fragment)}
    for deployment in document.get("deployments", []):
        document.setdefault("providers", {}).setdefault(deployment["provider"], {"adapter": "echo"})

    assert settings.Settings(**document).model_fields_set >= set(document)
