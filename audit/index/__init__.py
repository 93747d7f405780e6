"""The SQLite index over the merged log: made anew from it at will, never evidence, in no request's path."""
