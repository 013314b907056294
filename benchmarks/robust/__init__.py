"""What the benchmark of robust rules is made of: a filled spool, and its two processes."""
