"""The sequencer: all writers' durable records as one tree, in C2SP tiles under a signed checkpoint."""
