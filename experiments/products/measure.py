"""Runs the experiment and stores what came out."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from experiments.clusters.federation import trial
from experiments.products.config import Config
from experiments.products.outcome import Outcome, outcome_of
from experiments.stored import Document, about
from pfi_cli.demo.backbone import backbone_folder
from pfi_cli.demo.clients import client_rows


def measure(config: Config, console: Console) -> Document:
    """Trains every product for every seed, on a federation of its own each seed."""
    started = time.monotonic()
    outcomes = [each for seed in config.seeds for each in _repeat(config, seed, console)]
    return about("products", started, config) | {
        "runs": [each.document() for each in outcomes],
    }


def _repeat(config: Config, seed: int, console: Console) -> Iterator[Outcome]:
    console.print(f"seed {seed}", style="bold")
    folder = Path(tempfile.mkdtemp(prefix="pfi-products-"))
    classes = ("--device-class", ",".join(config.classes))
    try:
        data = _write_rows(config, seed, folder / "data")
        with trial(folder / "state", data, config.clients, console, classes) as running:
            for spec in config.specs(backbone_folder().resolve(), seed):
                run = running.run(spec)
                found = outcome_of(seed, run, running.discarded_energy(run["name"]))
                mean = sum(found.losses) / len(found.losses)
                console.print(f"  {spec['name']}: loss {mean:.3f}")
                yield found
    finally:
        shutil.rmtree(folder)


def _write_rows(config: Config, seed: int, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for client in range(config.clients):
        rows = client_rows(client, seed=1000 * seed + client, rows=config.rows)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"client_{client}.jsonl").write_text(lines, encoding="utf-8")
    return folder
