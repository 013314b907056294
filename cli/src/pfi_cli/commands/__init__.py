"""The subcommands of `pfi`: options, calls and output; the work is done elsewhere."""
