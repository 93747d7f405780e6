"""The transparency log: what was decided, by which policy, for whom, with which result.

Knows nothing of HTTP, policy or providers: it takes records, makes them durable and hands out receipts.
Start with `audit.log.AuditLog` to write, `audit.record` for what to write, `audit.reading.query` to read and
`audit.verify` to check. The contract is stated in docs/audit.md.
"""
