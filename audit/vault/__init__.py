"""What must be able to go: names, nonces, questions and payloads, apart from their records."""
