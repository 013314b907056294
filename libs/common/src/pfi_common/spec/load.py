"""Reading a run specification from a file."""

from __future__ import annotations

from pathlib import Path

from pfi_common.spec.documents import read_document
from pfi_common.spec.parse import parse_run_spec
from pfi_common.spec.run_spec import RunSpec


def load_run_spec(path: Path) -> RunSpec:
    """Reads a run specification from a YAML or JSON file.

    Raises:
        SpecInvalidError: the file cannot be read, or fields break their rules.
        SpecUnsoundError: the values do not go together.
    """
    return parse_run_spec(read_document(path))
