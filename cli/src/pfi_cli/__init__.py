"""The `pfi` command: demo, local federation, runs, clients, tokens, adapters, reports."""
