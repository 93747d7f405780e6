"""`regent audit ...`: one file per command, each with a `register(app)`; words and exit codes, no logic."""
