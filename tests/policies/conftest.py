"""What policy tests share: the sources, questions to ask, and one real OPA serving the shipped bundle."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from bundles import default_path
from tests.servers.opa_server import OPAServer

ROOT = Path(__file__).parents[2]

DEPLOYMENTS = {
    "echo-cloud": {"provider": "echo", "model": "demo-small", "zone": "cloud", "region": "eu"},
    "echo-onprem": {"provider": "echo", "model": "demo-small", "zone": "onprem", "region": "fra1"},
}

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def policies() -> Path:
    """The folder of Rego sources."""
    return ROOT / "policies"


@pytest.fixture(scope="session")
def schemas(policies: Path) -> Mapping[str, dict[str, Any]]:
    """Every JSON Schema by name."""
    return {path.stem: json.loads(path.read_bytes()) for path in (policies / "schemas").glob("*.json")}


@pytest.fixture
def question() -> Callable[..., dict[str, Any]]:
    """Builds a question; keyword arguments say what is different about it."""

    def build(
        model: str = "demo-small",
        team: str | None = "eng",
        roles: tuple[str, ...] = ("analyst",),
        labels: tuple[str, ...] | None = (),
        deployments: tuple[str, ...] = ("echo-cloud", "echo-onprem"),
        **more: Any,
    ) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "issuer": "https://idp.acme.example",
            "roles": list(roles),
            "groups": [],
            "claims": {"department": "people", "on_call": False, "sites": ["fra"]},
            "authentication": {"method": "oidc", "age_s": 42},
        }
        if team is not None:
            properties["team"] = team
        context: dict[str, Any] = {
            "time": "2026-11-20T09:00:00Z",
            "request_id": "req-1",
            "network": {"client_ip": "10.0.0.7"},
        }
        if labels is not None:
            context["content"] = {"labels": list(labels), "tokens": {"prompt": 7}}
        candidates = [{"id": name, **copy.deepcopy(DEPLOYMENTS[name]), "labels": []} for name in deployments]
        return {
            "version": 1,
            "subject": {"type": "user", "id": "alice@acme", "properties": properties},
            "action": {
                "name": "chat.completions",
                "properties": {"stream": True, "tools": [], "modalities": ["text"]},
            },
            "resource": {"type": "model", "id": model, "properties": {"deployments": candidates}},
            "context": context,
            **more,
        }

    return build


@pytest.fixture
def listing(question: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Builds the question whether somebody may list models."""

    def build(**who: Any) -> dict[str, Any]:
        return question(
            **who,
            labels=None,
            action={"name": "models.list", "properties": {}},
            resource={"type": "catalogue", "id": "models", "properties": {}},
        )

    return build


@pytest.fixture
def administering(question: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Builds the question whether somebody may administer or audit the gateway."""

    def build(action: str, **who: Any) -> dict[str, Any]:
        return question(
            **who,
            labels=None,
            action={"name": action, "properties": {}},
            resource={"type": "admin", "id": "bundles", "properties": {}},
        )

    return build


@pytest.fixture
def replying(question: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Builds the question whether a reply may be released."""

    def build(deployment: str = "echo-onprem", finish: str | None = "stop", **who: Any) -> dict[str, Any]:
        asked = question(**who)
        asked["resource"]["properties"]["deployment"] = deployment
        asked["context"]["reply"] = {"finish": finish, "tokens": {"completion": 9}, "findings": []}
        return asked

    return build


@pytest.fixture(scope="session")
def server(opa_server: Callable[..., OPAServer]) -> Iterator[httpx.Client]:
    """A client of one OPA process that serves the shipped bundle."""
    with httpx.Client(base_url=opa_server(bundle=default_path()).url, trust_env=False) as client:
        yield client


@pytest.fixture
def ask(server: httpx.Client) -> Ask:
    """Puts a question to one entry point; the answer is OPA's whole document."""

    def put(phase: str, document: Any) -> dict[str, Any]:
        answer = server.post(
            f"/v1/data/gateway/{phase}/decision",
            params={"strict-builtin-errors": "true", "provenance": "true"},
            json={"input": document},
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    return put
