"""Reading the log back for people and for replays; never evidence, which is `audit.verify`'s matter."""
