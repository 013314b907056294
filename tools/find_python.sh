#!/usr/bin/env bash
# Prints a Python 3.11 or 3.12 of the PATH; says what to do when there is none.
set -u

for name in python3 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(sys.version_info[:2] not in {(3, 11), (3, 12)})' 2>/dev/null; then
        echo "$name"
        exit 0
    fi
done
echo "PFI needs Python 3.11 or 3.12, and none is on the PATH. Name one: make PYTHON=/path/to/python3.12 demo" >&2
echo no-python-3.11-or-3.12
