"""The catalogue of deployments: which places serve a model; built once from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import SettingsError
from gateway.types import Candidates, Deployment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.settings import DeploymentSettings

# The bound of `policies/schemas/input.json`.
MAX_CANDIDATES = 32


NO_CANDIDATES = Candidates((), ())


class Catalogue:
    """All deployments, by the model name that clients use.

    Args:
        deployments: every configured deployment.

    Raises:
        SettingsError: one model has more deployments than a policy's question may hold.
    """

    def __init__(self, deployments: Iterable[Deployment]) -> None:
        by_model: dict[str, list[Deployment]] = {}
        for deployment in deployments:
            by_model.setdefault(deployment.serves, []).append(deployment)
        for model, serving in by_model.items():
            if len(serving) > MAX_CANDIDATES:
                raise SettingsError(f"the model {model} has more than {MAX_CANDIDATES} deployments")
        self._candidates = {
            model: Candidates(tuple(serving), tuple(_document(deployment) for deployment in serving))
            for model, serving in by_model.items()
        }

    @property
    def models(self) -> tuple[str, ...]:
        """Every model's name, sorted."""
        return tuple(sorted(self._candidates))

    def serving(self, model: str) -> Candidates:
        """The deployments that serve `model`; none for an unknown name."""
        return self._candidates.get(model, NO_CANDIDATES)


def from_settings(deployments: Iterable[DeploymentSettings]) -> Catalogue:
    """The catalogue that the settings describe."""
    return Catalogue(
        Deployment(
            id=each.id,
            provider=each.provider,
            serves=each.serves,
            model=each.model or each.serves,
            zone=each.zone,
            region=each.region,
            labels=each.labels,
        )
        for each in deployments
    )


def _document(deployment: Deployment) -> Mapping[str, object]:
    return {
        "id": deployment.id,
        "provider": deployment.provider,
        "model": deployment.model,
        "zone": deployment.zone,
        "region": deployment.region,
        "labels": list(deployment.labels),
    }
