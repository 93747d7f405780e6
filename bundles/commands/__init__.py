"""The commands of `regent bundle`, a file for each group; `bundles.cli` mounts them."""
