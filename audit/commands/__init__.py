"""`regent audit ...`: one file per command: what it does, as a function, and how it is called."""
