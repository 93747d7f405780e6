"""X.509 certificates and requests (RFC 5280, RFC 2986), parsed, verified and printed as Go does it."""
