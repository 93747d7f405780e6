"""How much a GraphQL document may cost; gqlparser has no limits as OPA calls it.

What exceeds a limit ends the evaluation: neither "valid" nor "invalid" would be true.
"""

from __future__ import annotations

from typing import Final

from rego.errors import EvaluationError

#: Selections, values and types may nest this deep; people's queries stay under 30.
MAX_DEPTH: Final = 100
#: Tokens of a query, which strangers write: about half a second to parse.
MAX_QUERY_TOKENS: Final = 100_000
#: Tokens of a schema; large public ones have about 200,000.
MAX_SCHEMA_TOKENS: Final = 500_000
#: Visits of nodes and comparisons of fields in one validation. Fragments make both grow faster than the query
#: (exponentially, where they nest), which is a known attack on GraphQL servers.
MAX_WORK: Final = 300_000


class Work:
    """What one validation may still do."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_WORK

    def spend(self, amount: int = 1) -> None:
        """Account for visits or comparisons that are about to be made.

        Raises:
            EvaluationError: `eval_budget_exceeded`.
        """
        self._left -= amount
        if self._left < 0:
            raise EvaluationError("eval_budget_exceeded", "a GraphQL document takes too long to validate")


def too_many_tokens() -> EvaluationError:
    """Return the error for a text that is too long."""
    return EvaluationError("eval_budget_exceeded", "a GraphQL text has too many tokens")


def too_deep() -> EvaluationError:
    """Return the error for a document that nests too deep."""
    return EvaluationError("eval_depth_exceeded", "a GraphQL document is nested too deep")
