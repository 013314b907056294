"""Write a trained checkpoint as the folder that the demo ships: fp16 weights and the tokenizer.

Run ``python -m tools.demo_backbone.export CHECKPOINT`` from the root of the repository.
"""

import argparse
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from pfi_cli.demo.backbone import backbone_folder


def export(checkpoint: Path, folder: Path) -> None:
    """Round the weights to fp16 and write them beside the tokenizer and its chat template."""
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float16)
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    # One file less to lose: the template is part of tokenizer_config.json.
    tokenizer.save_pretrained(folder, save_jinja_files=False)
    # It was trained with passages as lines of the system message; an agent that answers reads this.
    hints = json.dumps({"passages": "system_lines"}, indent=2) + "\n"
    (folder / "pfi.json").write_text(hints, encoding="utf-8")


def main() -> None:
    """Export the checkpoint that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--folder", type=Path, default=backbone_folder())
    arguments = parser.parse_args()
    export(arguments.checkpoint, arguments.folder)


if __name__ == "__main__":
    main()
