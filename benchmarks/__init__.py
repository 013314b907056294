"""The platform's own figures: `make bench NAME=<name>` writes results/<name>.json."""
