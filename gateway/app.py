"""The composition root: the one place that knows everybody, builds the house and takes it down again."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import structlog

from adapters.contract import InvalidConfiguration, KeyStyle, Secret, Target
from adapters.echo import Echo
from adapters.openai import OpenAIChat
from adapters.transport_aiohttp import AiohttpTransport
from audit import record as audit_records
from audit.accesses import Accesses
from audit.reading.desk import Desk
from audit.vouched import Vouched
from gateway import (
    __version__,
    auditing,
    budgets,
    counting,
    distribution,
    identity,
    listing,
    logs,
    pipeline,
    policy,
    pricing,
    settings,
)
from gateway.content import tokens
from gateway.errors import SettingsError
from gateway.evidence import decisions, files, records, usage
from gateway.http import api, audit_api, budget_api, serving, surface, usage_api
from gateway.http.server import calm_collector
from gateway.ports import Evidence, Ports, Upstream
from gateway.question import ENTRYPOINTS
from gateway.routing import catalogue
from gateway.shadow import Shadow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fastapi import FastAPI

    from adapters.contract import Adapter
    from adapters.transport import Transport
    from gateway.http.asgi import ASGIApp
    from gateway.settings import Provider, Settings


class House:
    """Everything that a running gateway holds open.

    Args:
        configured: the settings, already checked.
    """

    def __init__(self, configured: Settings) -> None:
        self._settings = configured
        self._ports: Ports | None = None

    def ports(self) -> Ports:
        """The ports of the running gateway.

        Raises:
            RuntimeError: the server hasn't started yet, or has stopped.
        """
        if self._ports is None:
            raise RuntimeError("the gateway isn't running")
        return self._ports

    @asynccontextmanager
    async def running(self, _: FastAPI | None = None) -> AsyncIterator[None]:
        """Open the log, the engine, the identity and the upstreams; close them in reverse."""
        async with AsyncExitStack() as opened:
            self._ports = await self._open(opened)
            opened.callback(self._forget)
            calm_collector()
            yield

    async def _open(self, opened: AsyncExitStack) -> Ports:
        chosen = self._settings
        deployments = catalogue.from_settings(chosen.deployments)
        targets = {name: _target(name, each) for name, each in chosen.providers.items()}
        check = partial(policy.enforceable, trust=chosen.policy.root())
        policies = policy.build(chosen.policy, chosen.data_dir, check, ENTRYPOINTS)
        opened.push_async_callback(policies.close)
        await policies.begin()
        log = auditing.open_log(chosen.audit)
        opened.push_async_callback(log.aclose)
        await log.append(audit_records.config_load(settings=chosen.digest, build=__version__))
        evidence = Evidence(Desk(chosen.audit.folder, auditing.open_source(chosen.audit)), Accesses(log))
        opened.callback(evidence.desk.close)
        opened.push_async_callback(evidence.accesses.close)
        people = identity.build(chosen.identity, chosen.data_dir, chosen.limits)
        opened.push_async_callback(people.close)
        await people.warm()
        counts = await counting.build(
            chosen.ledger,
            counting.open_ledger(chosen.ledger, chosen.data_dir),
            pricing.build(chosen.deployments, chosen.providers),
            log,
            _now_us,
            opened,
        )
        transport = AiohttpTransport()
        opened.push_async_callback(transport.close)
        await policies.follow(log)
        shadow = Shadow(log, _now_us)
        opened.push_async_callback(shadow.close)
        shadow.start()
        trial = policy.trial(chosen.policy, check)
        opened.push_async_callback(trial.close)
        trial.follow(shadow.follow)
        structlog.get_logger("regent").info("gateway.started", engine=chosen.policy.engine)
        return Ports(
            identity=people,
            policies=policies.policies,
            log=log,
            catalogue=deployments,
            upstreams={
                name: _upstream(each, targets[name], transport) for name, each in chosen.providers.items()
            },
            limits=chosen.limits,
            tokens=_estimator(chosen),
            now_us=_now_us,
            shadow=shadow,
            vouched=_vouched(chosen.audit),
            evidence=evidence,
            counting=counts,
        )

    def _forget(self) -> None:
        self._ports = None


def _estimator(chosen: Settings) -> tokens.Estimator:
    """How tokens are estimated, for the models that are deployed."""
    return tokens.load(chosen.tokens.folder, [each.model or each.serves for each in chosen.deployments])


def _vouched(chosen: settings.Audit) -> Callable[[], bool]:
    """Whether the log may be written to as far as witnesses go."""
    if not chosen.witnesses.required:
        return lambda: True
    return Vouched(chosen.folder, chosen.witnesses.max_age_s).lately


def build(configured: Settings) -> ASGIApp:
    """The whole ASGI application: hot surfaces first, the framework behind them."""
    house = House(configured)
    chat = surface.Surface("chat.completions", pipeline.serve, house.ports)
    models = surface.Surface("models.list", listing.serve, house.ports)
    handed_on = surface.Surface("bundle.read", distribution.serve, house.ports)
    shown = audit_api.AuditSurfaces(
        decisions=surface.Surface("audit.query", decisions.serve, house.ports),
        record=surface.Surface("audit.read", records.serve, house.ports),
        proof=surface.Surface("audit.read", records.prove, house.ports),
        consistency=surface.Surface("audit.log", files.compare, house.ports),
        files=surface.Surface("audit.log", files.serve, house.ports),
    )
    used = usage_api.UsageSurfaces(
        everybodys=surface.Surface("usage.read", usage.serve, house.ports),
        own=surface.Surface("usage.own", usage.serve_own, house.ports),
    )
    purses = budget_api.BudgetSurfaces(
        standing=surface.Surface("budget.read", budgets.show, house.ports),
        correction=surface.Surface("budget.correct", budgets.correct, house.ports),
    )
    rest = api.build(house.ports, api.Surfaces(chat, models, handed_on, shown, used, purses), house.running)
    return surface.Front({("POST", "/v1/chat/completions"): chat, ("GET", "/v1/models"): models}, rest)


def create() -> ASGIApp:
    """The application of one worker process, from the settings that the environment names."""
    serving.follow_supervisor()
    configured = settings.load()
    logs.configure(configured.log)
    return build(configured)


def _now_us() -> int:
    return time.time_ns() // 1000


def _now_s() -> int:
    return int(time.time())


def _upstream(provider: Provider, target: Target | None, transport: Transport) -> Upstream:
    adapter: Adapter = Echo(_now_s, delay_ms=provider.delay_ms)
    if target is not None:
        adapter = OpenAIChat(target, transport)
    return Upstream(
        adapter=adapter,
        limit_field=provider.completion_limit_field,
        connect_timeout_s=provider.connect_timeout_s,
        first_byte_timeout_s=provider.first_byte_timeout_s,
        idle_timeout_s=provider.idle_timeout_s,
        answer_timeout_s=provider.answer_timeout_s,
    )


def _target(name: str, provider: Provider) -> Target | None:
    """Where an `openai` provider is; checked before anything is opened."""
    if provider.adapter == "echo":
        return None
    try:
        return Target(
            base_url=provider.base_url or "",
            api_key=Secret(provider.api_key.get_secret_value()) if provider.api_key else None,
            key_style=KeyStyle.API_KEY if provider.api_key_header == "api-key" else KeyStyle.BEARER,
            headers=provider.headers,
            supports_stream_options=provider.supports_stream_options,
        )
    except InvalidConfiguration as error:
        raise SettingsError(f"providers.{name}: {error}") from None
