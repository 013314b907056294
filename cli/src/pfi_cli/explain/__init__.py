"""`pfi run explain`: what a specification comes to, before anything is submitted."""
