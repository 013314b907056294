#!/usr/bin/env bash
# create_environment.sh PYTHON FOLDER: makes a virtual environment with pip unless the folder holds one that works.
set -eu
python=$1
folder=$2

if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] not in {(3, 11), (3, 12)})' 2>/dev/null; then
    echo "PFI needs Python 3.11 or 3.12; '$python' is not one. Name another: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi
if "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi
rm -rf "$folder"
# Debian's Python comes without ensurepip; its pip can fill an environment made without one.
if ! "$python" -m venv "$folder" >/dev/null 2>&1; then
    rm -rf "$folder"
    "$python" -m venv --without-pip "$folder"
    "$python" -m pip --python "$folder/bin/python" install --quiet pip || {
        rm -rf "$folder"
        echo "Neither ensurepip nor pip is there: install the package python3-venv or python3-pip." >&2
        exit 1
    }
fi
