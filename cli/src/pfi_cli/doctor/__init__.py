"""`pfi doctor`: looks at a machine, one file a check."""
