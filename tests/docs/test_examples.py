"""The examples of the docs run: the README's tour against a fresh gateway, and every settings fragment."""

from __future__ import annotations

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


def in_a_checkout(gateway: GatewayServer, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the README in a shell of its own, as in a checkout whose `make run` is `gateway`."""
    command = gateway.folder / ".venv" / "bin" / "regent"
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gateway "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8080", gateway.url)],
        cwd=gateway.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_tours_commands_work_as_printed(demo_gateway: GatewayServer) -> None:
    """All blocks run in one shell, as a newcomer pastes them, and show what the page promises."""
    script = "\n".join(f"echo '--- {n}'\n{block}" for n, block in enumerate(blocks(TOUR, "bash")))
    done = in_a_checkout(demo_gateway, script)
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
    """The SDK example runs behind the line that stands before it, and prints what was said."""
    (block,) = blocks(TOUR, "python")
    script = f"{blocks(TOUR, 'bash')[-1]}\n'{sys.executable}' - <<'END'\n{block}\nEND"
    done = in_a_checkout(demo_gateway, script)

    assert done.stdout == "echo: Hello Regent\necho: Hello Regent['demo-cloud-only', 'demo-small']\n", (
        done.stderr
    )


def test_the_real_provider_is_the_starter_with_its_lines_uncommented(tmp_path: Path) -> None:
    """Who uncomments the provider's lines in `regent init`'s file gets what the page shows."""
    (shown,) = blocks(TOUR, "yaml")
    starter = (ROOT / "gateway" / "starter.yaml").read_text(encoding="utf-8")
    mended = re.sub(
        r"^  # (ollama:|  adapter: openai\n  #   base_url: http://127\.0\.0\.1:11434|- \{id: cellar-llama)",
        lambda match: "  " + match[1].replace("\n  # ", "\n  "),
        starter,
        flags=re.MULTILINE,
    )
    file = tmp_path / "regent.yaml"
    file.write_text(mended, encoding="utf-8")
    wanted = settings.Settings(**{**BESIDE, **yaml.safe_load(shown)})
    found = settings.load(file)

    assert (wanted.providers, wanted.deployments) == (found.providers, found.deployments)


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
