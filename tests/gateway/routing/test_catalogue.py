"""The catalogue says which deployments serve a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.errors import SettingsError
from gateway.routing.catalogue import NO_CANDIDATES, Catalogue, from_settings
from gateway.settings import DeploymentSettings

if TYPE_CHECKING:
    from tests.gateway.conftest import Builders


def test_candidates_keep_the_order_of_the_settings(build: Builders) -> None:
    """The first deployment in the file is the first candidate, and policy sees the same list."""
    first, second = build.deployment("b"), build.deployment("a", zone="onprem")
    found = Catalogue([first, second, build.deployment("c", serves="other")]).serving("demo-small")

    assert (first, second) == found.deployments
    assert [(document["id"], document["zone"]) for document in found.documents] == [
        ("b", "cloud"),
        ("a", "onprem"),
    ]


def test_an_unknown_model_has_no_candidates(build: Builders) -> None:
    """Nothing is guessed from a similar name."""
    catalogue = Catalogue([build.deployment()])

    assert catalogue.serving("demo-small ") == NO_CANDIDATES
    assert catalogue.models == ("demo-small",)


def test_more_candidates_than_a_question_may_hold_refuse_to_start(build: Builders) -> None:
    """The schema bounds the array, so the settings must not exceed it."""
    with pytest.raises(SettingsError):
        Catalogue([build.deployment(f"d{n}") for n in range(33)])


def test_the_upstream_name_defaults_to_the_served_one() -> None:
    """`model` may be left out where both names are the same."""
    settings = DeploymentSettings(id="d", provider="p", serves="llama3.2", zone="onprem", region="r")

    assert from_settings([settings]).serving("llama3.2").deployments[0].model == "llama3.2"
