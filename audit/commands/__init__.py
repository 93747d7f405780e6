"""`regent audit ...`: one file per command. Words and exit codes for people and scripts; no logic."""
