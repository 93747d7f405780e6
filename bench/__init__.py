"""Measurements: each module prints one table; nothing here ships."""
