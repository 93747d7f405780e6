"""What was used and what it cost, summed up from the log: every end of a request counts once."""
