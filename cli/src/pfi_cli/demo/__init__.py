"""Demo material: synthetic facts, documentation text, client data and the demo backbone."""
