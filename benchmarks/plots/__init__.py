"""One picture for each benchmark that has one, drawn from its stored result.

A module here that is named as the benchmark's own has `ALT`, the picture in words, and
`picture(document)`, which draws a stored result; `bars` has what several of them need.
"""

import hashlib
import importlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.machine import REPOSITORY
from benchmarks.names import module_name
from pfi_cli.report.plots.canvas import Picture

FOLDER = REPOSITORY / "docs" / "images" / "benchmarks"
SOURCE_KEY = "Source"
"""Key of the picture file's text that says what it was drawn from."""

Document = dict[str, Any]


def plot_module(name: str) -> ModuleType | None:
    """The module that draws a benchmark; None when it has no picture."""
    path = f"{__name__}.{module_name(name)}"
    return importlib.import_module(path) if importlib.util.find_spec(path) else None


def source_digest(document: Document) -> str:
    """SHA-256 of the figures that a picture is drawn from."""
    figures = {key: document[key] for key in ("rows", "targets", "measured")}
    return hashlib.sha256(json.dumps(figures, sort_keys=True).encode()).hexdigest()


def picture_file(name: str) -> Path:
    """Where the picture of a benchmark is kept."""
    return FOLDER / f"{name}.png"


def draw(document: Document, file: Path) -> bool:
    """Draws the picture of a stored result.

    Returns:
        False when this benchmark has none.
    """
    module = plot_module(document["name"])
    if module is None:
        return False
    picture: Picture = module.picture(document)
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file, {SOURCE_KEY: source_digest(document), "Software": None})
    return True
