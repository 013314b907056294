"""Tools of the repository; run as `python -m tools.<name>`, most of them by a make target."""
