"""What is wrong with a GraphQL document."""

from __future__ import annotations

from rego.errors import BuiltinError


class GraphQLError(BuiltinError):
    """A text that is no GraphQL, or a document or schema that is invalid; the message has OPA's words."""
