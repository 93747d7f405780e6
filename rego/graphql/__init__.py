"""GraphQL as OPA understands it: documents, schemas and their validation; knows nothing of plans or builtins.

OPA uses gqlparser (github.com/vektah/gqlparser v2.5.37), whose answers this package gives.
It is a port, and not the well-kept library graphql-core with a conversion behind it, because what OPA's
answers consist of is what that library doesn't have:

- Comments are part of gqlparser's tree, and which node gets them follows its parser's look-ahead.
- It lexes otherwise: the first line of a block string counts for its indentation, more quotes may end it,
  each half of an escaped surrogate pair is a character of its own, `1a` is two tokens,
  the string in `... "on" T {}` is a keyword.
- It validates otherwise: extensions of types that don't exist make them, fields conflict by the raw text of
  their arguments only, whole numbers may have 64 bits, and a limit on introspection is among the rules.
- Trees come as values, too, and are read as Go's `encoding/json` reads them.

So every part of graphql-core would have been worked around, its validation replaced,
and two views of what is a valid query are what an attacker needs.

Where gqlparser would die of a null pointer, the document is invalid here.
Work is bounded: see `rego.graphql.limits`.
"""
