"""One writer's log: from what callers bring to frames that are durable on the disk."""
