"""The store of policy revisions, and their life from draft to retired; knows no gateway and no log."""
