"""The prices of all deployments: what calls may cost before they are made, and what they did cost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from gateway.errors import SettingsError
from gateway.pricing import hosts
from gateway.pricing.listed import PriceList
from gateway.pricing.own import Own
from gateway.pricing.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from adapters.contract import Usage
    from gateway.pricing.rates import Price
    from gateway.settings import DeploymentSettings, Provider
    from gateway.types import Deployment

NO_LIST = "none"
"""Says of a provider that the price list isn't to be asked, whatever its host."""


class Source(Protocol):
    """Where a deployment's price comes from.

    Args:
        origin: `settings`, or the list's name, version, provider and model; for people.
        recorded: the same in one word, without provider and model, which a record says elsewhere.
    """

    origin: str
    recorded: str

    def at(self, terms: Terms) -> Price:
        """What calls under these terms cost."""


class Book:
    """The prices of all deployments.

    Args:
        sources: by deployment, in the order of the settings; None where there is none.
        now_us: the wall clock, for those who ask without terms.
    """

    def __init__(self, sources: Mapping[str, Source | None], now_us: Callable[[], int]) -> None:
        self._sources = dict(sources)
        self._now_us = now_us

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The deployments without a price: a budget can't be held there."""
        return tuple(name for name, source in self._sources.items() if source is None)

    def source(self, deployment: str) -> Source | None:
        """Where the price of a deployment comes from; None for one that is unpriced or unknown."""
        return self._sources.get(deployment)

    def origin(self, deployment: str) -> str | None:
        """By which prices it is charged, as a record names them: `settings`, or the list with its version."""
        source = self._sources.get(deployment)
        return source.recorded if source is not None else None

    def priced(self, deployment: Deployment) -> bool:
        """Whether the deployment has a price; one of nothing is a price."""
        return self._sources.get(deployment.id) is not None

    def estimate(
        self,
        deployments: Iterable[Deployment],
        prompt_tokens: int,
        completion_tokens: int,
        terms: Terms | None = None,
    ) -> int | None:
        """The most that a call can cost, in micro-USD, whichever of `deployments` serves it.

        Args:
            prompt_tokens: of its prompt, at most.
            completion_tokens: of all its answers together, at most.
            terms: what its price depends on besides; plain text, now, if left out.

        Returns:
            None if one of them has no price, or none is given: then nobody knows.
        """
        terms = terms or Terms(self._now_us())
        most: int | None = None
        for deployment in deployments:
            source = self._sources.get(deployment.id)
            if source is None:
                return None
            found = source.at(terms).most(prompt_tokens, completion_tokens)
            most = found if most is None else max(most, found)
        return most

    def charge(
        self, deployment: Deployment, usage: Usage, upstream_us: int, terms: Terms | None = None
    ) -> int | None:
        """What a call did cost, in micro-USD; 0 is free, None is unknown.

        Args:
            deployment: which one served it.
            usage: its tokens, all choices together.
            upstream_us: from its request to the end of its answer, microseconds.
            terms: as it was estimated, so that a price that has changed meanwhile changes nothing.
        """
        source = self._sources.get(deployment.id)
        if source is None:
            return None
        return source.at(terms or Terms(self._now_us())).cost(usage, upstream_us)


def build(
    deployments: Iterable[DeploymentSettings],
    providers: Mapping[str, Provider],
    now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
) -> Book:
    """The prices that the settings say, and where they say none those of the price list.

    Raises:
        SettingsError: the settings name a provider of the list, or a model, that the list doesn't have.
    """
    shelf = _Shelf()
    sources = {each.id: _source(each, providers[each.provider], shelf) for each in deployments}
    return Book(sources, now_us)


class _Shelf:
    """The price list, taken from the shelf when it is first needed."""

    def __init__(self) -> None:
        self._list: PriceList | None = None

    def list(self) -> PriceList:
        self._list = self._list or PriceList()
        return self._list


def _source(deployment: DeploymentSettings, provider: Provider, shelf: _Shelf) -> Source | None:
    said = deployment.price
    if said is not None and said.is_own:
        return Own(said)
    listed = provider.price_list or hosts.price_list(provider.base_url)
    named = said.model if said is not None else None
    if listed is None or listed == NO_LIST:
        if named is not None:
            raise SettingsError(f"deployments: {deployment.id}: {deployment.provider} has no `price_list`")
        return None
    found = shelf.list().find(listed, named or deployment.model or deployment.serves)
    if found is None and named is not None:
        raise SettingsError(f"deployments: {deployment.id}: the price list has no {listed}/{named}")
    return found
