"""The log of many replicas, in PostgreSQL: insert-only tables, a writer's log per process, one merged tree.

Needs the extra `regent[postgres]`; nothing else of the log does. Knows no settings and no HTTP.
"""
