"""The shipped demo backbone: a Hugging Face folder; its model card is ``README.md``."""

from pathlib import Path


def backbone_folder() -> Path:
    """Give the folder that ``AutoModelForCausalLM.from_pretrained`` loads."""
    return Path(__file__).parent
