"""Use cases of retrieval, and the ports that they need."""
