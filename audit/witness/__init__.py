"""Witnesses of the log (C2SP tlog-witness): asking others for their word, and giving it. Knows no records."""
