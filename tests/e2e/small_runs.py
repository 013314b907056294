"""Small data and specifications, so that a whole run takes seconds."""

import json
from pathlib import Path
from typing import Any


def write_rows(path: Path, animal: str, *, rows: int = 40, bad: tuple[str, ...] = ()) -> Path:
    """Rows of the three kinds that an agent reads, then bad lines."""
    kinds: list[dict[str, Any]] = []
    for day in range(rows):
        said = f"on day {day} we saw the {animal} by the river"
        kinds += [
            {"text": said},
            {"prompt": f"what did we see on day {day}?", "completion": f" the {animal}"},
            {"messages": [
                {"role": "user", "content": f"day {day}?"}, {"role": "assistant", "content": said},
            ]},
        ]  # fmt: skip
    lines = [json.dumps(kind) for kind in kinds[:rows]]
    path.write_text("\n".join([*lines, *bad]) + "\n", encoding="utf-8")
    return path


def tiny_spec(name: str, backbone: Path, **changes: Any) -> dict[str, Any]:
    """Two rounds of a few steps that end within seconds."""
    return {
        "name": name,
        "backbone": {"model": str(backbone)},
        "adapter": {"rank": 4, "alpha": 8, "target_modules": ["q_proj", "v_proj"]},
        "local": {"steps": 4, "batch_size": 4, "learning_rate": 1e-2, "maximum_tokens": 64},
        "personalize": {"method": "dual_adapter", "rank": 2, "alpha": 4, "steps": 4,
                        "learning_rate": 1e-2},
        "cohort": {"size": 2},
        "evaluate": {"holdout": 0.2},
        "stop": {"rounds": 2},
        "seed": 3,
    } | changes  # fmt: skip
