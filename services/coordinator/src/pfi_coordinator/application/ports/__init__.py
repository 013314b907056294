"""What use cases need from the outside world; one small protocol per file."""
