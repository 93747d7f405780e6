"""The audit log over HTTP, for who may read it: each access decided by policy, and recorded."""
