"""Runs the experiment and stores what came out."""

import shutil
import tempfile
import time
from pathlib import Path

from rich.console import Console

from experiments.clusters.config import Config
from experiments.clusters.federation import trial
from experiments.clusters.outcome import Repetition, repetition
from experiments.clusters.planting import plant
from experiments.stored import Document, about
from pfi_cli.demo.backbone import backbone_folder

TARGET = 0.9
TARGET_WORDS = "recovers them (adjusted Rand index at least 0.9 over 3 seeds)"


def measure(config: Config, console: Console) -> Document:
    """Trains both runs for every seed, on a federation of its own each."""
    started = time.monotonic()
    repetitions = [_repeat(config, seed, console) for seed in config.seeds]
    lowest = min(each.adjusted_rand_index for each in repetitions)
    return about("clusters", started, config) | {
        "target": {"words": TARGET_WORDS, "lowest": lowest, "met": lowest >= TARGET},
        "repetitions": [each.document() for each in repetitions],
    }


def _repeat(config: Config, seed: int, console: Console) -> Repetition:
    console.print(f"seed {seed}", style="bold")
    folder = Path(tempfile.mkdtemp(prefix="pfi-clusters-"))
    try:
        planted = plant(config, seed, folder / "data")
        with trial(folder / "state", planted.folder, config.clients, console) as running:
            plain, clustered = (
                running.run(config.spec(name, backbone_folder().resolve(), seed, clustered=use))
                for name, use in (("global", False), ("clustered", True))
            )
    finally:
        shutil.rmtree(folder)
    found = repetition(seed, planted.groups, plain, clustered)
    console.print(f"  adjusted Rand index {found.adjusted_rand_index:.3f}; {found.reason}")
    return found
