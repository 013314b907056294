"""The embedding model, installed once as the documentation says, and kept between sessions."""

import fcntl
from pathlib import Path

from pfi_rag.adapters.embeddings import ModelLibrary

FOLDER = Path.home() / ".cache" / "pfi-tests" / "rag-models"


def installed_models() -> Path:
    """Gives a folder with the model; the first call downloads it with pip."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER.parent / "rag-models.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ModelLibrary(FOLDER).install(None, lambda text: None)
    return FOLDER
