"""Finds the folder of a backbone: the owner's choice, a path, or the Hugging Face hub."""

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from pfi_client_agent.adapters.weight_files import INDEX_FILE
from pfi_common.errors import BackboneUnreadableError

# Weights as safetensors, and what tokenizers and configurations consist of; never code.
_PATTERNS = (
    "model.safetensors",
    "model-*.safetensors",
    INDEX_FILE,
    "*.json",
    "*.txt",
    "*.model",
    "*.jinja",
)


def find_backbone(model: str, revision: str, chosen: Path | None) -> Path:
    """Give the folder of a backbone; what lies there is checked by its digest.

    Args:
        model: Hub id or path, as the run names it.
        revision: Commit of a hub model; empty for none.
        chosen: Folder that the device's owner uses instead.

    Raises:
        BackboneUnreadableError: There is none.
    """
    if chosen is not None:
        return _require_folder(chosen)
    if Path(model).is_dir():
        return Path(model)
    if Path(model).is_absolute() or model.startswith("."):
        return _require_folder(Path(model))
    return _download(model, revision)


def _require_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise BackboneUnreadableError(f"There is no folder {folder}.")
    return folder


def _download(model: str, revision: str) -> Path:
    try:
        return Path(
            snapshot_download(model, revision=revision or None, allow_patterns=list(_PATTERNS))
        )
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        raise BackboneUnreadableError(
            f"{model} is no folder here and cannot be fetched from the hub "
            f"({type(error).__name__})."
        ) from error
