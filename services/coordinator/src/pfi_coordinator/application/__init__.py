"""What the coordinator does: one use case per file, and the ports that they need."""
