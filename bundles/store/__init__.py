"""The store of policy revisions and their life from draft to retired; knows blobs, and no gateway and no log."""
