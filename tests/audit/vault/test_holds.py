"""Pins the words that holds and erasures are recorded with: codes, nothing that could be a name or a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import VaultRefused
from audit.vault import codes


@pytest.mark.parametrize("text", ["gdpr.art17", "litigation.2026-17", "gdpr.art17.1.b", "ai_act.art19"])
def test_a_basis_is_a_dotted_code(text: str) -> None:
    """An article, a case number: two to four words."""
    assert codes.basis(text) == text


@pytest.mark.parametrize(
    "text", ["", "gdpr", "Alice asked for it", "gdpr.", ".art17", "gdpr.art17\n", "GDPR.17"]
)
def test_free_text_is_no_basis(text: str) -> None:
    """A reason in words would bring names into a log that can't lose them."""
    with pytest.raises(VaultRefused, match=r"vault\.word"):
        codes.basis(text)


@pytest.mark.parametrize("text", ["dpo", "ops@acme.example", "legal-team_2"])
def test_who_orders_it_is_a_short_name(text: str) -> None:
    """A role, or a name of the house as approvals have it."""
    assert codes.actor(text) == text


@given(st.text(min_size=1))
def test_nothing_that_is_accepted_needs_an_escape(text: str) -> None:
    """Whatever is accepted stands in a record as it is: no spaces, no quotes, no controls, not long."""
    for check in (codes.actor, codes.basis):
        try:
            found = check(text)
        except VaultRefused:
            continue
        assert found.isascii()
        assert found.isprintable()
        assert not set(found) & set(' "\\')
        assert len(found) <= 131
