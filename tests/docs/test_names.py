"""What the docs name exists: files, classes, functions, reason codes, dependencies, links."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gateway.reasons import REASONS

ROOT = Path(__file__).parents[2]
LIFE = (ROOT / "docs" / "life-of-a-request.md").read_text(encoding="utf-8")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("gateway", "rego", "adapters", "audit", "bundles")
    for path in (ROOT / folder).rglob("*.py")
)
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", LIFE)))


@pytest.mark.parametrize("name", [name for name in QUOTED if name.endswith((".py", "/"))])
def test_every_file_of_the_life_of_a_request_exists(name: str) -> None:
    """A moved file takes this page with it."""
    assert (ROOT / name).exists()


@pytest.mark.parametrize("name", [name for name in QUOTED if name.isidentifier()])
def test_every_name_of_the_life_of_a_request_is_defined(name: str) -> None:
    """A renamed class or function takes this page with it."""
    assert re.search(rf"^\s*(?:async def|def|class) {name}\b|^{name}\b.*=", SOURCES, re.MULTILINE)


def test_the_steps_stand_in_the_pipelines_order() -> None:
    """The table lists the steps as `gateway/pipeline.py` takes them."""
    pipeline = (ROOT / "gateway" / "pipeline.py").read_text(encoding="utf-8")
    body = pipeline[pipeline.index("async with Conclusion") :]
    calls = re.findall(
        r"\b(receive|authenticate|admit|inspect|decide|enforce|reserve|record\.opening|forward|release|settle"
        r"|record\.closing)\(",
        body,
    )
    steps = [call.split(".")[0] for call in calls]

    assert re.findall(r"^\| (\w+) \| `gateway/steps", LIFE, re.MULTILINE) == steps


def test_the_reason_codes_are_those_of_the_docs() -> None:
    """One file and one page list the gateway's codes, with the same statuses."""
    page = (ROOT / "docs" / "reason-codes.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| (\d{3}) \|", page, re.MULTILINE))

    assert {code: str(reason.status) for code, reason in REASONS.items()} == rows


def test_every_code_raised_is_listed() -> None:
    """No reason code is made up on the spot."""
    raised = set(re.findall(r"""\b(?:Refused|EngineError|_deny)\(\s*"([a-z_]+\.[a-z_]+)\"""", SOURCES))

    assert set() == raised - set(REASONS)


def test_every_dependency_has_its_reason() -> None:
    """`docs/dependencies.md` names each direct dependency: of the run time, its extras, development."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(each for extra in project["project"]["optional-dependencies"].values() for each in extra),
        *project["dependency-groups"]["dev"],
        *project["dependency-groups"]["go"],
    ]
    names = {re.split(r"[\[<>=]", entry)[0] for entry in wanted}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").split("## Not used")[0]

    assert names == set(re.findall(r"^\| `([a-zA-Z0-9-]+)` \|", page, re.MULTILINE))


@pytest.mark.parametrize(
    "page",
    sorted(
        path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    ),
)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    """A page that is linked exists."""
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", text)

    assert [target for target in targets if not ((ROOT / page).parent / target).exists()] == []
