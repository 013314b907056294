"""The run that the demo submits."""

from pathlib import Path
from typing import Any

import yaml

from pfi_cli.demo.backbone import backbone_folder
from pfi_cli.demo.driver.options import DemoOptions

RUN_NAME = "demo"


def demo_spec(options: DemoOptions) -> dict[str, Any]:
    """The specification, for as many clients and rounds as asked."""
    return {
        "name": RUN_NAME,
        "backbone": {"model": str(backbone_folder().resolve())},
        "adapter": {"rank": 8, "alpha": 16, "target_modules": ["q_proj", "v_proj"]},
        "local": {
            "steps": 20,
            "batch_size": 8,
            "learning_rate": 1.0e-2,
            "maximum_tokens": 128,
        },
        "personalize": {
            "method": "dual_adapter",
            "rank": 4,
            "alpha": 8,
            "steps": 20,
            "learning_rate": 1.0e-2,
        },
        "cohort": {"size": options.clients},
        "evaluate": {"holdout": 0.15},
        "stop": {"rounds": options.rounds},
        "seed": 7,
    }


def write_spec(options: DemoOptions, folder: Path) -> Path:
    """Writes the specification where the user finds it."""
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(demo_spec(options), sort_keys=False), encoding="utf-8")
    return path
