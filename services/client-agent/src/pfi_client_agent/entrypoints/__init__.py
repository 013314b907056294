"""The `pfi-agent` command."""
