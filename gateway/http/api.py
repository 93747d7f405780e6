"""The framework's part: what isn't hot, the OpenAPI page, and errors in OpenAI's shape for unknown URLs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from gateway import __version__, answers, distribution, readiness
from gateway.errors import Refused
from gateway.http import audit_api, budget_api, openapi, usage_api
from gateway.http.delegated import Delegated

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from gateway.http.asgi import ASGIApp
    from gateway.ports import Ports
    from gateway.types import Answer

    Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_BY_STATUS = {404: "route.unknown", 405: "route.method"}


@dataclass(frozen=True, slots=True)
class Surfaces:
    """The endpoints that the framework shows and doesn't serve.

    Args:
        chat: of `/v1/chat/completions`.
        models: of `/v1/models` and `/v1/models/{model}`.
        bundle: of the active policy bundle.
        audit: of the audit log.
        usage: of what was used.
        budgets: of budgets.
    """

    chat: ASGIApp
    models: ASGIApp
    bundle: ASGIApp
    audit: audit_api.AuditSurfaces
    usage: usage_api.UsageSurfaces
    budgets: budget_api.BudgetSurfaces


def build(house: Callable[[], Ports], surfaces: Surfaces, lifespan: Lifespan) -> FastAPI:
    """The application behind the front.

    Args:
        house: the ports, once the server has started.
        surfaces: what is served elsewhere.
        lifespan: opens and closes the house.
    """
    app = FastAPI(title="Regent", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    # A redirect would take its host from the client.
    app.router.redirect_slashes = False
    _add_openai(app, surfaces.chat, surfaces.models)
    _add_policy(app, surfaces.bundle)
    audit_api.add(app, surfaces.audit)
    usage_api.add(app, surfaces.usage)
    budget_api.add(app, surfaces.budgets)
    _add_health(app, house)
    _add_errors(app)
    return app


def _add_openai(app: FastAPI, chat: ASGIApp, models: ASGIApp) -> None:
    @app.post("/v1/chat/completions", tags=["openai"], **openapi.CHAT)
    async def chat_completions() -> Response:
        """Create a chat completion, whole or streamed, if policy allows."""
        return Delegated(chat)

    @app.get("/v1/models", tags=["openai"], **openapi.MODELS)
    async def list_models() -> Response:
        """List the models that the caller may use."""
        return Delegated(models)

    @app.get("/v1/models/{model:path}", tags=["openai"], **openapi.MODEL)
    async def show_model(model: str) -> Response:  # noqa: ARG001 - the surface reads it from the scope
        """Show one model, if the caller may use it."""
        return Delegated(models)


def _add_policy(app: FastAPI, bundle: ASGIApp) -> None:
    @app.head(distribution.PATH, include_in_schema=False)
    @app.get(distribution.PATH, tags=["policy"], **openapi.BUNDLE)
    async def read_bundle() -> Response:
        """The active policy bundle, in OPA's bundle protocol, for who may have it."""
        return Delegated(bundle)


def _add_health(app: FastAPI, house: Callable[[], Ports]) -> None:
    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", tags=["health"])
    async def live() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "alive"}

    @app.head("/readyz", include_in_schema=False)
    @app.get("/readyz", tags=["health"])
    async def ready(response: Response) -> dict[str, str]:
        """Whether calls can be decided and recorded."""
        trouble = await readiness.trouble(house())
        response.status_code = 503 if trouble else 200
        return {"status": trouble or "ready"}

    @app.get("/docs", include_in_schema=False)
    async def page() -> HTMLResponse:
        """The API on one page, without a script or a font from anywhere."""
        return HTMLResponse(openapi.page(app.openapi()))


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    async def unknown(_: Request, error: HTTPException) -> Response:
        refusal = Refused(_BY_STATUS.get(error.status_code, "gateway.error"), status=error.status_code)
        return _response(refusal, error.headers)

    @app.exception_handler(Exception)
    async def broken(_: Request, __: Exception) -> Response:
        return _response(Refused("gateway.error"))


def _response(refusal: Refused, headers: Any = None) -> Response:
    answer: Answer = answers.unrecorded(refusal)
    assert isinstance(answer.body, bytes)  # noqa: S101 - a refusal is never streamed; tells the type checker
    shown = {key.decode(): value.decode() for key, value in answer.headers}
    return Response(answer.body, answer.status, headers={**(headers or {}), **shown})
