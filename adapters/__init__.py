"""Speaks to providers, one file per wire format; knows nothing of policy, identity or the gateway."""
