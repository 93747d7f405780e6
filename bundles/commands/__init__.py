"""The commands of `regent bundle`, one module each, mounted by `bundles/cli.py`."""
