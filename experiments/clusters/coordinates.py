"""Which coordinates of an update tell clients apart: A factors, B factors, or both?

`python -m experiments.clusters.coordinates` prints the table of
docs/adr/0009-sketches-leave-out-the-a-factors.md: cosines of whole updates of clients in planted
groups, without a sketch, in the agent's own training loop.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from pfi_cli.demo.backbone import backbone_folder
from pfi_cli.demo.clients import client_rows
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.description import describe_backbone
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_client_agent.adapters.learning.workbench import TorchWorkbench
from pfi_client_agent.domain.row_parsing import parse_row
from pfi_client_agent.domain.rows import content_digest
from pfi_client_agent.domain.split import Split, split_rows
from pfi_client_agent.domain.training import BackboneReference, StepOptions
from pfi_common.spec import parse_run_spec
from pfi_common.tensors import Schema, initial_adapter

PROFILES = (0, 2, 4)
CLIENTS_PER_GROUP = 4
ROUNDS = 3
SETTINGS = ((1e-2, 20), (1e-2, 5), (2e-4, 20))
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Gap:
    """How far apart groups are.

    Attributes:
        within: Lowest cosine of two clients of a group.
        between: Highest cosine of two clients of different groups.
    """

    within: float
    between: float


def gap(updates: Vectors, groups: Sequence[int]) -> Gap:
    """Compares every pair of updates.

    Shapes: updates (clients, coordinates).
    """
    lengths = np.linalg.norm(updates, axis=1, keepdims=True)
    cosines = (updates / lengths) @ (updates / lengths).T
    same = np.equal.outer(groups, groups)
    pairs = ~np.eye(len(groups), dtype=bool)
    return Gap(float(cosines[same & pairs].min()), float(cosines[~same].max()))


def rows_of(profile: int, seed: int) -> Split:
    """The rows of one client."""
    rows = [parse_row(row) for row in client_rows(profile, seed=seed, rows=120)]
    return split_rows({content_digest(row): row for row in rows}, fraction=0.15, seed=7)


def rounds(
    bench: TorchWorkbench, base: Vectors, clients: Sequence[Split], setting: tuple[float, int]
) -> Iterator[Vectors]:
    """Yields the updates of one probe round after the other, all from the mean before it."""
    rate, steps = setting
    for _ in range(ROUNDS):
        deltas = [
            bench.train_shared(base, rows, _options(rate, steps, number), lambda _: None).delta
            for number, rows in enumerate(clients)
        ]
        updates = np.array(deltas)
        yield updates
        base = (base + updates.mean(axis=0)).astype(np.float32)


def _options(rate: float, steps: int, client: int) -> StepOptions:
    return StepOptions(
        steps=steps,
        batch_size=8,
        gradient_accumulation=1,
        learning_rate=rate,
        proximal_mu=0.0,
        maximum_tokens=128,
        seed=1000 + client,
    )


def main() -> None:
    """Trains and prints."""
    console = Console()
    table = Table(
        "learning rate", "steps", "probe round", "coordinates", "within", "between", "gap"
    )
    groups = [group for group in range(len(PROFILES)) for _ in range(CLIENTS_PER_GROUP)]
    clients = [
        rows_of(PROFILES[group], 100 * group + number % CLIENTS_PER_GROUP)
        for number, group in enumerate(groups)
    ]
    with tempfile.TemporaryDirectory() as folder, console.status("training"):
        bench, schema = _bench(Path(folder))
        for setting in SETTINGS:
            base = initial_adapter(schema, 7)
            for probe, updates in enumerate(rounds(bench, base, clients, setting), start=1):
                for name, chosen in _choices(schema).items():
                    found = gap(updates[:, chosen], groups)
                    numbers = (found.within, found.between, found.within - found.between)
                    shown = (f"{number:.3f}" for number in numbers)
                    table.add_row(*map(str, setting), str(probe), name, *shown)
    console.print(table)


def _bench(folder: Path) -> tuple[TorchWorkbench, Schema]:
    backbone, cache = backbone_folder(), DigestCache(folder / "digests.json")
    spec = parse_run_spec({"name": "coordinates", "backbone": {"model": str(backbone)}})
    described = describe_backbone(spec, backbone, cache)
    learner = TorchLearner(cache, backbone, threads=1, held_out_limit=64)
    reference = BackboneReference(str(backbone), "", described.backbone_digest)
    return learner.open(reference, described.adapter_schema), described.adapter_schema


def _choices(schema: Schema) -> dict[str, NDArray[np.bool_]]:
    is_a = [
        np.full(tensor.coordinate_count, tensor.name.endswith(".lora_A.weight"))
        for tensor in schema.tensors
    ]
    in_a = np.concatenate(is_a)
    return {"A": in_a, "both": np.ones_like(in_a), "B": ~in_a}


if __name__ == "__main__":
    main()
