"""Asks a policy engine, embedded or an OPA server, and believes only well-formed answers; knows no rule."""
