"""The engines that a gateway may ask: a test of a gateway runs once with each, and its id says with which.

`@pytest.mark.engine("opa")` is for a test about one of them only.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

import bundles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.opa_server import OPAServer

    Deciding = Callable[..., dict[str, Any]]

ENGINES = {"embedded": (), "opa": (pytest.mark.server,)}
PATIENCE_MS = 5000  # the default of 250 ms is for machines that don't run tests beside


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "engine(name): is about one policy engine only, `embedded` or `opa`")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what has a gateway over both engines, and a module's tests of one engine together."""
    if "policy_engine" not in metafunc.fixturenames:
        return
    only = metafunc.definition.get_closest_marker("engine")
    names = only.args if only else tuple(ENGINES)
    params = [pytest.param(name, marks=ENGINES[name]) for name in names]
    metafunc.parametrize("policy_engine", params, indirect=True, scope="module")


@pytest.fixture(scope="module")
def policy_engine(request: pytest.FixtureRequest) -> str:
    """The name of the engine that the test's gateways ask."""
    return str(request.param)


@pytest.fixture(scope="session")
def opa_over(opa_server: Callable[..., OPAServer]) -> Callable[[Path], OPAServer]:
    """The session's one OPA over a bundle, on a unix socket; it starts when it is first asked for."""
    return cache(lambda bundle: opa_server(bundle=bundle, unix=True))


@pytest.fixture(scope="module")
def deciding(policy_engine: str, opa_over: Callable[[Path], OPAServer]) -> Deciding:
    """Write the settings' section `policy` for the engine over a bundle, the shipped one if none is named."""

    def section(bundle: Path | None = None, *, timeout_ms: int = PATIENCE_MS) -> dict[str, Any]:
        bundle = bundle or bundles.default_path()
        if policy_engine == "embedded":
            return {"engine": policy_engine, "bundle": str(bundle)}
        return {"engine": policy_engine, "opa": {"url": opa_over(bundle).url, "timeout_ms": timeout_ms}}

    return section
